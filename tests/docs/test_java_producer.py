"""The producer in Java of docs/events-in.md, built by Maven and run as it stands there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from streams.contracts.decode import EventDecoder
from streams.engine import Event
from streams.kafka.partition import partition_of
from tests.docs.test_examples import PARTITIONS, ROOT, blocks, read, topics

__all__ = ["topics"]  # the fixture

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


def test_the_java_of_events_in_is_built_and_writes_where_it_must(
    topics: str, tmp_path: Path
) -> None:
    (pom,), (source,) = blocks("events-in.md", "xml"), blocks("events-in.md", "java")
    (tmp_path / "pom.xml").write_text(pom)
    folder = tmp_path / "src" / "main" / "java"
    folder.mkdir(parents=True)
    (folder / "Orders.java").write_text(source)
    (tmp_path / "schemas").mkdir()
    for schema in (ROOT / "schemas").glob("*.avsc"):
        shutil.copy(schema, tmp_path / "schemas")
    maven = shutil.which("mvn")
    assert maven is not None
    goals = ["package", "dependency:build-classpath", "-Dmdep.outputFile=classpath"]
    built = subprocess.run(
        [maven, "-q", "-B", *goals], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    path = f"{tmp_path / 'target' / 'classes'}:{(tmp_path / 'classpath').read_text()}"
    subprocess.run(
        ["java", "-cp", path, "Orders"],
        env=os.environ | {"BROKERS": topics},
        check=True,
        timeout=120,
    )
    ((partition, record),) = read(topics, "orders", 1)
    event = EventDecoder().decode("orders", record)
    assert isinstance(event, Event)
    assert (event.metric, event.customer_id, event.data["total"]) == ("order.placed", "ada", 2500)
    assert partition == partition_of(b"ada", PARTITIONS)
