"""What is published against what lies in the folder, with who waits; and who is in a segment: on
running workers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import run
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.operations.members import clock_now
from streams.operations.waiting_counts import waiting_customers
from streams.ports import CHANGELOG, OutputRecord
from streams.runtime.commit import POSITION_KEY, Position
from streams.runtime.order import TIMERS, order_key
from streams.settings import RecordTime
from tests.harness.eventually import eventually
from tests.harness.worker_shop import Shop

CUSTOMERS = 5
THANKS = """\
flow: thanks
trigger: {metric: order.placed}
steps:
  - {wait: 9d, id: pause}
  - {send: email, template: thanks}
"""
EDITED = THANKS.replace("9d", "5d").replace("template: thanks", "template: hello")
SHORTER = """\
flow: thanks
trigger: {metric: order.placed}
steps: [{send: email, template: thanks, status: draft}]
"""

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        (shop.flows / "thanks.yaml").write_text(THANKS)
        (shop.flows / "segments").mkdir()
        (shop.flows / "segments" / "buyers.yaml").write_text(
            "segment: buyers\nname: Have bought\nif: {count: order.placed, at_least: 1}\n"
        )
        yield shop


@pytest.fixture
def command(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(shop.folder)
    given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run([*arguments, *given])
        return (status, *capsys.readouterr())

    return call


def test_what_is_shown_is_what_is_published_and_what_it_does_to_who_waits(
    shop: Shop, command: Command
) -> None:
    file = shop.flows / "thanks.yaml"
    status, out, errors = command("flows", "diff")
    assert (status, "no definitions published yet" in errors) == (1, True)
    assert "+ flow thanks: live, 2 steps\n" in out
    shop.publish()
    assert command("flows", "diff")[:2] == (0, "no changes\n")

    shop.register(CUSTOMERS)
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS)

    def wait_there() -> bool:
        return waiting_customers(shop.settings).at_step.get(("thanks", "pause")) == CUSTOMERS

    eventually(wait_there, within=30, message=worker.log_tail)
    file.write_text(EDITED)
    edited = f"~ thanks · pause: wait 9d → wait 5d ({CUSTOMERS} waiting)\n"
    status, out, _ = command("flows", "diff")
    assert (status, out) == (
        1,
        f"{edited}+ thanks · hello: send email: hello\n"
        "- thanks · thanks: send email: thanks; waiting customers leave the flow\n",
    )
    found: dict[str, Any] = json.loads(command("flows", "diff", "--json")[1])
    assert [change["change"] for change in found["changes"]] == [
        "step_edited",
        "step_added",
        "step_removed",
    ]
    assert [change["waiting"] for change in found["changes"]] == [CUSTOMERS, None, 0]

    file.write_text(SHORTER)
    removed = "- thanks · pause: wait 9d; waiting customers continue at thanks"
    status, out, _ = command("flows", "publish", "--yes")
    assert status == 0
    assert f"{removed} ({CUSTOMERS} waiting)\n" in out
    assert out.endswith("published\n")

    def nobody_waits() -> bool:
        return not waiting_customers(shop.settings).in_flow

    eventually(nobody_waits, within=30, message=worker.log_tail)
    assert command("flows", "diff")[0] == 0

    file.write_text("flow: thanks\n")
    status, out, errors = command("flows", "publish", "--yes")
    assert (status, out) == (2, "")
    assert "missing key 'trigger'" in errors
    assert errors.endswith("nothing published\n")
    status, out, errors = command("flows", "diff")
    assert (status, out) == (2, "")
    assert "missing key 'trigger'" in errors
    assert "published" not in errors

    members = json.loads(command("segments", "members", "buyers", "--json")[1])
    assert (members["number"], members["members"]) == (5, ["c0", "c1", "c2", "c3", "c4"])
    status, out, errors = command("segments", "members", "buyers", "--limit", "2")
    assert (status, out) == (0, "c0\nc1\n")
    assert "5 members, 3 not shown" in errors
    status, out, _ = command("segments", "list")
    assert status == 0
    assert out.splitlines()[1].split("  ")[0] == "buyers"
    assert "Have bought  count order.placed at_least 1" in out
    status, _, errors = command("segments", "members", "buyer")
    assert (status, "did you mean 'buyers'?" in errors) == (1, True)
    assert worker.stop() == 0


@pytest.mark.smoke
def test_another_currency_is_shown_and_published_with_a_warning(
    shop: Shop, command: Command
) -> None:
    shop.publish()
    (shop.flows / "store.yaml").write_text("{currency: EUR}\n")
    warned = "warning: currency: GBP → EUR: stored amounts stay in GBP"
    status, out, errors = command("flows", "diff")
    assert status == 1
    assert "~ store: currency GBP → EUR\n" in out
    assert warned in errors
    (warning,) = json.loads(command("flows", "diff", "--json")[1])["warnings"]
    assert warning in errors
    status, _, errors = command("flows", "publish", "--yes")
    assert (status, warned in errors) == (0, True)
    status, _, errors = command("flows", "diff")
    assert (status, errors) == (0, "")


def test_in_simulated_time_it_is_as_late_as_the_tasks_have_come(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path, record_time=RecordTime.CREATE) as shop:
        shop.create_topics()
        assert clock_now(shop.settings, wall=5_000) == 0
        with EventProducer(shop.settings) as producer:
            for partition, time in ((0, 3_000), (1, 4_000), (0, 3_500)):
                position = msgspec.msgpack.encode(Position({}, order_key(time, TIMERS)))
                record = OutputRecord(CHANGELOG, POSITION_KEY, position, partition=partition)
                producer.produce(record)
        assert clock_now(shop.settings, wall=5_000) == 4_000
        live = msgspec.structs.replace(shop.settings, record_time=RecordTime.APPEND)
        assert clock_now(live, wall=5_000) == 5_000


def test_without_definitions_there_are_no_segments(command: Command) -> None:
    assert command("segments", "list")[0] == 1
    assert command("segments", "members", "buyers")[0] == 1
