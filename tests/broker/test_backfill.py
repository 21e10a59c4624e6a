"""Past customers into a flow: what the dry run shows is what the workers do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run
from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.encode import encode_event
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.ports import OutputRecord
from tests.harness.events import now
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

HOUR = 3_600_000
LATE = """\
flow: late
trigger: {metric: order.placed, where: {total: {gt: 10}}}
key: order_id
max_event_age: 1s
exit_on: [{metric: order.cancelled, where: {order_id: $trigger.order_id}}]
steps:
  - {wait: 20h, id: first}
  - {send: email, template: one, items: trigger}
  - {wait: 20h, id: second}
  - {send: email, template: two}
"""
ORDERED_HOURS_AGO = {"c0": 10, "c1": 30, "c2": 50, "c3": 10, "c4": 10, "c5": 5, "c6": 35}
CANCELLED, CHEAP = "c3", "c4"


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        (shop.flows / "thanks.yaml").unlink()
        (shop.flows / "late.yaml").write_text(LATE)
        yield shop


def past_order(customer: str, hours: int) -> Iterator[OutputRecord]:
    """An order that comes long after it was placed."""
    at = now() - hours * HOUR
    total = 500 if customer == CHEAP else 5_000
    common = {"customer_id": customer, "order_id": f"o-{customer}"}
    order = {
        **common,
        "event_id": f"placed-{customer}",
        "occurred_at": at,
        "total": total,
        "currency": "GBP",
        "items": [{"sku": "A", "quantity": 1, "unit_price": total}],
    }
    yield OutputRecord("orders", customer.encode(), encode_event("order.placed", order))
    if customer == CANCELLED:
        gone = {**common, "event_id": f"cancelled-{customer}", "occurred_at": at + HOUR}
        yield OutputRecord("orders", customer.encode(), encode_event("order.cancelled", gone))


def decisions(shop: Shop) -> list[dict[str, Any]]:
    values = [found.record.value or b"" for found in records_of(shop.settings, DECISIONS)]
    return [one for value in values for one in read_decisions(value)]


def test_the_dry_run_equals_what_the_workers_do(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    given = ("--brokers", shop.broker.bootstrap, "--prefix", shop.settings.prefix)

    def backfill(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["flows", "backfill", *arguments, *given])
        return (status, *capsys.readouterr())

    def outcomes(name: str) -> list[dict[str, Any]]:
        return [one for one in decisions(shop) if one["outcome"] == name]

    assert backfill("late", "--dry-run")[0] == 2  # no definitions yet
    shop.publish()
    shop.register(len(ORDERED_HOURS_AGO))
    worker = shop.start("one")
    worker.wait_for(4)
    with EventProducer(shop.settings) as producer:
        for customer, hours in ORDERED_HOURS_AGO.items():
            for record in past_order(customer, hours):
                producer.produce(record)
    too_old = len(ORDERED_HOURS_AGO) - 1  # the trigger's filter comes first
    eventually(lambda: len(outcomes("not_entered")) == too_old, within=60, message=worker.log_tail)
    assert outcomes("entered") == []

    assert "did you mean late?" in backfill("lat", "--dry-run")[2]
    status, shown, _ = backfill("late", "--dry-run", "--json")
    assert status == 0
    plan = json.loads(shown)
    where = {one["customer_id"]: (one["step"], one["due"]) for one in plan["placed"]}
    assert {customer: step for customer, (step, _) in where.items()} == {
        "c0": "first",
        "c1": "second",
        "c5": "first",
        "c6": "second",
    }
    assert plan["steps"] == {"first": 2, "second": 2}
    # c2 ordered longer ago than the flow is long: it isn't looked at, only counted
    assert plan["customers_past_its_end"] == 1
    assert {one["customer_id"]: one["reason"] for one in plan["not_added"]} == {
        "c3": "exit_on",
        "c4": "trigger_filter",
    }
    table = backfill("late", "--dry-run")[1]
    assert "first" in table
    assert "ended by exit_on" in table
    assert "skipped: 1 customer whose newest such event is older than the flow's length" in table
    assert outcomes("entered") == []  # a dry run asks for nothing

    status, said, _ = backfill("late", "--yes", "--by", "eve")
    assert status == 0
    assert "requested 4 journeys" in said
    eventually(lambda: len(outcomes("entered")) == 4, within=60, message=worker.log_tail)
    assert {
        one["customer_id"]: (one["evidence"]["step"], one["evidence"]["due"])
        for one in outcomes("entered")
    } == where

    status, shown, _ = backfill("late", "--dry-run", "--json")
    assert status == 1  # the same command again places nobody
    again = json.loads(shown)
    assert again["placed"] == []
    reasons = {one["customer_id"]: one["reason"] for one in again["not_added"]}
    assert {reasons[customer] for customer in where} == {"already_in_flow"}

    capsys.readouterr()
    assert run(["explain", "c1", "--flow", "late", *given]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "entered by backfill (eve): order.placed at" in text
    assert "waiting at second until" in text
    assert "backfill into late by eve, event of orders" in text
    assert worker.stop() == 0
