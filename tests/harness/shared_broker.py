"""One Apache Kafka for all processes of a test run: to start it and to warm it up takes half a
minute of CPU, and names keep the tests on it apart."""

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from streams.embedded.broker_process import HOST, answers, free_port
from tests.harness.apache_kafka.broker import KafkaBroker
from tests.harness.eventually import eventually

_STARTS_WITHIN = 90.0
"""Seconds, beside processes that collect tests."""


class SharedBroker:
    """A plugin of the process that hands the tests out. The broker starts while the others
    collect, and ends with the run."""

    def __init__(self) -> None:
        """Raises Refused without Java or Maven."""
        self._folder = Path(tempfile.mkdtemp(prefix="sendflow-tests-"))
        self._broker = KafkaBroker(self._folder / "broker", free_port())
        self._start = threading.Thread(target=self._broker.start, name="broker", daemon=True)
        self._start.start()

    def pytest_configure_node(self, node: Any) -> None:
        """Tells a process of tests where it is."""
        node.workerinput["broker"] = (str(self._broker.data_dir), self._broker.port)

    def pytest_unconfigure(self) -> None:
        """Its data go with the folder: nothing to save."""
        self._start.join(_STARTS_WITHIN)
        self._broker.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def shared_broker(config: pytest.Config) -> KafkaBroker | None:
    """In a process of tests, the broker that is there for all of them, once it answers; None where
    each has one of its own."""
    told = getattr(config, "workerinput", {}).get("broker")
    if told is None:
        return None
    data_dir, port = told
    eventually(lambda: answers(HOST, port), _STARTS_WITHIN, message=f"see {data_dir}/broker.log")
    return KafkaBroker(Path(data_dir), port)
