"""Followed segments on running workers: what is told, exactly once over kill -9, and what the
commands make of it."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.contracts.encode import SEGMENT_CHANGES
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from tests.harness.events import event, now
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

CUSTOMERS = 40
SEGMENTS = {
    "buyers": "follow: true\nif: {count: order.placed, at_least: 1}\n",
    "regulars": "follow: true\nif: {count: order.placed, at_least: 2}\n",
    "reachable": "if: {profile: email, exists: true}\n",
}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        (shop.flows / "segments").mkdir()
        for name, text in SEGMENTS.items():
            (shop.flows / "segments" / f"{name}.yaml").write_text(f"segment: {name}\n{text}")
        yield shop


@pytest.fixture
def command(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`sendflow segments` in this process, on the shop's topics."""
    monkeypatch.chdir(shop.folder)
    given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["segments", *arguments, *given])
        return (status, *capsys.readouterr())

    return call


def told(shop: Shop) -> Counter[tuple[str, str, str]]:
    """(customer, segment, change) of each record, counted."""
    fields = [
        decode_any(found.record.value or b"")[1]
        for found in records_of(shop.settings, SEGMENT_CHANGES)
    ]
    return Counter((one["customer_id"], one["segment"], one["change"]) for one in fields)


def test_each_change_is_told_once_over_kill_9(shop: Shop) -> None:
    shop.publish()
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS)
    eventually(lambda: bool(told(shop)), within=30, message=worker.log_tail)
    worker.kill()
    shop.order(CUSTOMERS)
    worker = shop.start("one")  # the store is behind the topics, or ahead of nothing
    expected = Counter(
        (f"c{number}", segment, "entered")
        for number in range(CUSTOMERS)
        for segment in ("buyers", "regulars")
    )
    eventually(lambda: told(shop) >= expected, within=60, every=0.3, message=worker.log_tail)
    assert worker.stop() == 0
    assert told(shop) == expected


def test_what_the_commands_make_of_it(shop: Shop, command: Command, tmp_path: Path) -> None:
    shop.publish()
    worker = shop.start("one")
    worker.wait_for(4)
    shop.register(3)
    shop.order(5)
    eventually(lambda: told(shop).total() == 5, within=30, message=worker.log_tail)
    between = now() + 1
    eventually(lambda: now() > between, within=5)
    with EventProducer(shop.settings) as producer:
        for customer in ("c0", "c7", "=cmd"):
            producer.produce(event("order.placed", customer, 100 + len(customer)))
    eventually(lambda: told(shop).total() == 8, within=30, message=worker.log_tail)

    found = json.loads(command("members", "buyers", "--json")[1])
    assert found["members"] == ["=cmd", "c0", "c1", "c2", "c3", "c4", "c7"]
    past = json.loads(command("members", "buyers", "--at", str(between), "--json")[1])
    assert past["members"] == ["c0", "c1", "c2", "c3", "c4"]
    assert command("members", "regulars", "--at", str(between))[:2] == (1, "")

    status, out, _ = command("members", "buyers", "--csv")
    assert status == 0
    assert "example.com" not in out  # personal data only where it is asked for
    assert list(csv.reader(io.StringIO(out)))[:3] == [["customer_id"], ["'=cmd"], ["c0"]]
    status, out, _ = command("members", "buyers", "--csv", "--addresses", "--limit", "2")
    assert list(csv.reader(io.StringIO(out))) == [
        ["customer_id", "email", "phone", "push_token"],
        ["'=cmd", "", "", ""],
        ["c0", "c0@example.com", "", ""],
    ]
    status, out, _ = command("members", "regulars", "--addresses")
    assert (status, out) == (0, "c0  c0@example.com  -  -\n")
    addressed = json.loads(command("members", "regulars", "--addresses", "--json")[1])
    assert addressed["members"][0]["email"] == "c0@example.com"
    assert command("members", "buyers", "--csv", "--json")[0] == 2

    overlap = json.loads(command("overlap", "buyers", "reachable", "--json")[1])
    del overlap["at"]
    assert overlap == {
        "sizes": {"buyers": 7, "reachable": 3},
        "both": 3,
        "only": {"buyers": 4, "reachable": 0},
        "jaccard": 0.4286,
    }
    status, out, _ = command("overlap", "buyers", "regulars")
    assert status == 0
    assert "only buyers          6  85.7%" in out
    assert "Jaccard index 0.1429" in out
    status, _, errors = command("overlap", "regulars", "reachabel")
    assert (status, "did you mean 'reachable'?" in errors) == (1, True)

    history = json.loads(command("history", "buyers", "--json")[1])
    assert (history["days"][-1]["members"], sum(day["entered"] for day in history["days"])) == (
        7,
        7,
    )
    picture = tmp_path / "buyers.svg"
    status, out, _ = command("history", "buyers", "--picture", str(picture))
    assert (status, "█" * 40 in out) == (0, True)
    assert "Segment buyers" in picture.read_text()
    status, _, errors = command("history", "reachable")
    assert (status, "set follow: true" in errors) == (1, True)
    status, _, errors = command("history", "buyers", "--picture", "buyers.pdf")
    assert (status, ".svg or .png" in errors) == (2, True)
    assert worker.stop() == 0
