import time

import pytest

from benchmarks import shop_topics, workload
from benchmarks.load import schedule, send
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess

AT = 1_772_445_600.0


def test_events_are_evenly_spaced_and_happen_when_they_are_sent() -> None:
    due = list(schedule(500, 2, AT, "run", seed=1))
    assert [one.at for one in due] == pytest.approx([AT + n / 500 for n in range(1_000)])
    happened = [decode_any(one.event.value)[1]["occurred_at"] for one in due]
    assert happened == [int(one.at * 1000) for one in due]


def test_orders_are_marked_by_their_ids() -> None:
    due = list(schedule(1_000, 1, AT, "run", seed=1))
    for one in due:
        metric, fields = decode_any(one.event.value)
        assert one.order == (fields["event_id"] if metric == "OrderPlaced" else None)
    share = sum(one.order is not None for one in due) / len(due)
    assert share == pytest.approx(workload.ORDERS, abs=0.05)


def test_no_two_runs_share_an_event_id() -> None:
    def ids(run: str) -> set[str]:
        return {
            decode_any(one.event.value)[1]["event_id"] for one in schedule(100, 1, AT, run, seed=1)
        }

    assert len(ids("a")) == 100
    assert ids("a") & ids("b") == set()


def test_every_order_has_the_time_of_its_append(broker: BrokerProcess) -> None:
    prefix = f"load-{time.time_ns()}-"
    shop_topics.create(broker.bootstrap, prefix)
    begin = time.time() + 0.2
    due = list(schedule(200, 1, begin, "run", seed=1))
    sent = send(broker.bootstrap, prefix, due)
    assert sent.events == len(due)
    assert sent.appended.keys() == {one.order for one in due if one.order}
    assert all(begin <= at / 1000 + 0.001 for at in sent.appended.values())


def test_what_is_due_early_is_sent_and_not_noted(broker: BrokerProcess) -> None:
    prefix = f"load-{time.time_ns()}-"
    shop_topics.create(broker.bootstrap, prefix)
    begin = time.time() + 0.2
    due = list(schedule(200, 1, begin, "run", seed=1))
    sent = send(broker.bootstrap, prefix, due, noted_from=begin + 0.5)
    later = [one for one in due if one.at >= begin + 0.5]
    assert sent.events == len(later)
    assert sent.appended.keys() == {one.order for one in later if one.order}
