"""Simulated time: which record times can be, and how a day ends and the next one begins."""

from collections import Counter

import pytest

from streams.engine import BETWEEN_TASKS, INPUTS
from streams.ports import CONTROL, Record, TaskSettings
from streams.runtime.commit import Position
from streams.runtime.days import Days
from streams.runtime.order import START, TIMERS, OrderKey, order_key
from streams.runtime.own_keys import OwnKeys
from streams.runtime.time_policy import SimulatedTime, open_time
from streams.settings import RecordTime
from streams.store.memory import MemoryStore

DAY = 86_400_000
MIDNIGHT = 20_000 * DAY
WALL = MIDNIGHT + DAY
NOON = MIDNIGHT - DAY // 2


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime(Position({"orders": 7, CONTROL: 3}, 0, skipped={CONTROL: [1]}))


def days_until(day_end: int) -> Days:
    return Days(day_end, OwnKeys(MemoryStore(), list, dict))


def feed(time: SimulatedTime, topic: str, at: int) -> None:
    one = time.merge.by_topic[topic]
    one.feed([Record(at, one.next_offset, b"ada", b"")], one.next_offset + 1, None)


def released(time: SimulatedTime, midnight: int, *topics: str) -> None:
    time.set_end_offsets(WALL, days_until(midnight + DAY), dict.fromkeys(topics, 0))


def test_it_is_the_policy_of_records_that_producers_date() -> None:
    settings = TaskSettings(record_time=RecordTime.CREATE)
    assert isinstance(open_time(0, settings, Position({}, 0), Counter()), SimulatedTime)


def test_inputs_go_on_where_the_task_stands(time: SimulatedTime) -> None:
    positions = dict.fromkeys((CONTROL, *INPUTS), 0)
    assert time.merge.positions() == {**positions, "orders": 7, CONTROL: 3}
    assert time.skipped() == {CONTROL: [1]}


# ── Record times ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "is_rejected"),
    [(-1, True), (0, False), (1, False), (WALL - 1, False), (WALL, False), (WALL + 1, True)],
)
def test_a_record_time_is_rejected_before_the_epoch_and_beyond_the_wall_time(
    time: SimulatedTime, at: int, is_rejected: bool
) -> None:
    rejection = time.rejection(at, WALL)
    assert (rejection is not None) is is_rejected
    assert rejection is None or f"record timestamp {at}, expected" in rejection.reason


@pytest.mark.parametrize(("at", "is_beyond"), [(WALL - 1, False), (WALL, False), (WALL + 1, True)])
@pytest.mark.parametrize("topic", ["orders", CONTROL])
def test_a_record_beyond_the_wall_time_stands_in_front_of_its_input(
    time: SimulatedTime, topic: str, at: int, is_beyond: bool
) -> None:
    feed(time, topic, at)
    found = time.future_record(WALL)
    assert found is (time.merge.by_topic[topic] if is_beyond else None)
    assert (order_key(at, START) < time.end_of_slice(WALL)) is not is_beyond


def test_what_tasks_write_for_each_other_may_lie_beyond_the_wall_time(time: SimulatedTime) -> None:
    interests = time.merge.by_topic["interests"]
    interests.feed([Record(WALL + 5, 0, b"sku", b"")], 1, None)
    time.set_end_offsets(WALL, days_until(WALL + 5 + DAY), {"interests": 1})
    assert interests.records
    assert time.future_record(WALL) is None


def test_an_input_is_never_skipped(time: SimulatedTime) -> None:
    orders = time.merge.by_topic["orders"]
    assert not time.may_proceed_without(orders, WALL)
    assert not time.may_proceed_without(orders, WALL + 100 * DAY)


# ── The end of a day ──────────────────────────────────────────────────────────────────────────────

AT_MIDNIGHT: OrderKey = order_key(MIDNIGHT, START)


@pytest.mark.parametrize(
    ("has_record", "due_before", "over"),
    [
        (True, False, MIDNIGHT),
        (False, True, MIDNIGHT),  # a timer is next
        (False, False, None),  # more may come of the day
        (True, True, MIDNIGHT),
    ],
)
def test_a_day_ends_by_itself_once_something_comes_after_it(
    time: SimulatedTime, has_record: bool, due_before: bool, over: int | None
) -> None:
    if has_record:
        feed(time, "orders", MIDNIGHT + 2 * DAY)
    first, at = time.merge.by_topic["orders"], order_key(MIDNIGHT + 2 * DAY, 5)
    next_due = order_key(MIDNIGHT + DAY if due_before else MIDNIGHT + 3 * DAY, TIMERS)
    assert time.day_over(days_until(MIDNIGHT), first, at, next_due) == over


@pytest.mark.parametrize(
    ("topic", "due", "over"),
    [
        ("orders", MIDNIGHT + DAY, MIDNIGHT),
        ("orders", MIDNIGHT, MIDNIGHT),
        ("orders", MIDNIGHT - 1, None),  # a schedule of an earlier day: it's passed over first
        (CONTROL, MIDNIGHT + DAY, None),  # definitions of 1970
    ],
)
def test_the_first_day_is_that_of_the_first_event(
    time: SimulatedTime, topic: str, due: int, over: int | None
) -> None:
    feed(time, topic, MIDNIGHT + DAY // 2)
    first, at = time.merge.by_topic[topic], order_key(MIDNIGHT + DAY // 2, 5)
    assert time.day_over(days_until(DAY), first, at, order_key(due, TIMERS)) == over


def test_an_input_without_a_record_begins_no_day(time: SimulatedTime) -> None:
    first, at = time.merge.by_topic["orders"], order_key(MIDNIGHT + DAY // 2, 5)
    assert time.day_over(days_until(DAY), first, at, order_key(MIDNIGHT + DAY, TIMERS)) is None


@pytest.mark.parametrize(
    ("at", "midnight"),
    [(MIDNIGHT - 1, MIDNIGHT - DAY), (MIDNIGHT, MIDNIGHT), (NOON, NOON // DAY * DAY)],
)
def test_before_the_first_day_schedules_may_go_on_to_its_midnight(
    time: SimulatedTime, at: int, midnight: int
) -> None:
    assert time.first_midnight(days_until(DAY), order_key(at, 5)) == midnight
    assert time.first_midnight(days_until(2 * DAY), order_key(at, 5)) is None


# ── Midnight ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fact_until", "holds"), [(MIDNIGHT - 1, True), (MIDNIGHT, False), (MIDNIGHT + 1, False)]
)
def test_control_holds_the_task_until_the_facts_of_the_day_are_here(
    time: SimulatedTime, fact_until: int, holds: bool
) -> None:
    days = days_until(MIDNIGHT + DAY)
    released(time, MIDNIGHT, *BETWEEN_TASKS)
    assert time.awaited_at_midnight(days, fact_until) is (
        time.merge.by_topic[CONTROL] if holds else None
    )
    assert time.unknown_ends(WALL, days, fact_until) == []


def test_then_records_between_tasks_are_released_topic_by_topic(
    time: SimulatedTime,
) -> None:
    days = days_until(MIDNIGHT + DAY)
    topics = ["coupon-moves", "interests", "product-news"]
    moves, _, news = (time.merge.by_topic[topic] for topic in topics)
    assert time.unknown_ends(WALL, days, MIDNIGHT - 1) == []  # other tasks may still be at it
    assert time.unknown_ends(WALL, days, MIDNIGHT) == topics
    assert time.awaited_at_midnight(days, MIDNIGHT) is moves
    time.set_end_offsets(WALL, days, {"coupon-moves": 0, "interests": 0, "product-news": 1})
    assert time.unknown_ends(WALL, days, MIDNIGHT) == []  # asked for, and not reached
    assert time.awaited_at_midnight(days, MIDNIGHT) is news
    news.feed([], 1, 1)
    assert time.awaited_at_midnight(days, MIDNIGHT) is None


def test_the_first_day_waits_for_nothing(time: SimulatedTime) -> None:
    assert time.awaited_at_midnight(days_until(DAY), fact_until=0) is None


def test_news_happen_at_midnight(time: SimulatedTime) -> None:
    assert time.dated_news({"sku": "1", "occurred_at": NOON}, MIDNIGHT) == {
        "sku": "1",
        "occurred_at": MIDNIGHT,
    }


# ── What the worker asks ──────────────────────────────────────────────────────────────────────────


def test_the_whole_next_day_waits_for_end_offsets(time: SimulatedTime) -> None:
    assert time.is_request_urgent(WALL, None)
    assert time.pause_after_request(0.0) == time.pause_after_request(10.0) > 0


def test_only_a_task_that_waits_for_the_facts_is_held_back(time: SimulatedTime) -> None:
    assert time.is_at_rest(1 << 50, "orders")
    assert time.is_at_rest(1 << 50, None)
    assert not time.is_at_rest(0, CONTROL)
