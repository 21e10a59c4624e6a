"""Rejected records, from the worker to the command line and back to their topic."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.contracts.dead_letters import retried_records
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.ports import OutputRecord
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

GIFT = """\
flow: gift
trigger: {metric: survey.answered}
transactional: true
steps: [{send: email, template: gift}]
"""
SURVEY = "metric: survey.answered\nfields: {survey: text}\n"


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        yield shop


def answered(customer: str, number: int) -> OutputRecord:
    """An event of a metric that the shop publishes later."""
    fields = {
        "event_id": f"survey-{number}",
        "customer_id": customer,
        "metric": "survey.answered",
        "occurred_at": 1_772_445_600_000,
        "survey": "spring",
    }
    return OutputRecord("events", customer.encode(), json.dumps(fields).encode())


@pytest.mark.smoke
def test_rejected_records_are_shown_mended_and_returned_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    monkeypatch.setenv("SENDFLOW_APPLICATION", shop.settings.application)
    given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)

    def letters(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["dead-letters", *arguments, *given])
        return (status, *capsys.readouterr())

    assert letters("list")[0] == 1
    shop.publish()
    shop.register(2)
    worker = shop.start("one")
    worker.wait_for(4)
    with EventProducer(shop.settings) as producer:
        producer.produce(answered("c0", 0))
        producer.produce(answered("c1", 1))
        producer.produce(OutputRecord("orders", b"c1", b"\x07nothing"))

    def is_rejected() -> bool:
        return len(json.loads(letters("list", "--json")[1])) == 3

    eventually(is_rejected, within=30, message=worker.log_tail)
    of_events = json.loads(letters("list", "--topic", "events", "--json")[1])
    assert {one["key"] for one in of_events} == {"c0", "c1"}
    shown = letters("show", of_events[0]["record"])[1]
    assert "survey-" in shown
    assert "survey.answered" in shown

    assert letters("retry")[0] == 2
    assert letters("retry", "orders[0]@999")[0] == 1
    order = json.loads(letters("list", "--topic", "orders", "--json")[1])[0]["record"]
    status, out, _ = letters("retry", order)
    assert status == 1
    assert "rejected: " in out, worker.log_tail()

    shop.flows.joinpath("metrics").mkdir()
    shop.flows.joinpath("metrics", "survey.answered.yaml").write_text(SURVEY)
    shop.flows.joinpath("gift.yaml").write_text(GIFT)
    shop.publish()
    status, out, errors = letters("retry", "--topic", "events", "--yes", "--json")
    assert status == 0, (out, errors)
    assert [one["outcome"] for one in json.loads(out)] == ["accepted", "accepted"]
    assert {one["returned"] for one in json.loads(letters("list", "--json")[1])} == {True, False}
    status, _, errors = letters("retry", "--topic", "events", "--yes")
    assert "2 records returned before" in errors
    assert len([one for one in records_of(shop.settings, "events") if one.record.value]) == 4
    receipts = [retried_records(one.record) for one in records_of(shop.settings, "dead-letters")]
    assert sum(map(len, receipts)) == 3

    file = shop.folder / "rejected.jsonl"
    assert letters("export", str(file), "--topic", "events")[0] == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["content"]["event_id"] for line in lines} == {"survey-0", "survey-1"}
    assert letters("export", str(file))[0] == 2  # a file that is there stays as it is
    assert run(["tail", "dead-letters", *given]) == 0
    assert "returned to its topic" in capsys.readouterr().out
