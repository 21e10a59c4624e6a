"""Live time: what cuts prove, when an input is given up, when a day is over."""

from collections import Counter

import pytest

from streams.engine import BETWEEN_TASKS, INPUTS
from streams.ports import CONTROL, Record, TaskSettings
from streams.runtime.commit import Position
from streams.runtime.days import Days
from streams.runtime.order import LAST_ORDER_KEY, START, TIMERS, order_key
from streams.runtime.own_keys import OwnKeys
from streams.runtime.time_policy import LiveTime, open_time
from streams.runtime.time_policy.live import AT_THE_LIVE_EDGE, PAUSE_PER_COST, SHORTEST_PAUSE
from streams.settings import RecordTime
from streams.store.memory import MemoryStore

DAY = 86_400_000
MIDNIGHT = 20_000 * DAY
WALL = MIDNIGHT + 1_000
SKEW = 20
IDLE = 60_000


@pytest.fixture
def time() -> LiveTime:
    settings = TaskSettings(clock_skew=SKEW, max_idle=IDLE)
    return LiveTime(3, settings, Position({"orders": 7}, 0), Counter())


@pytest.fixture
def days() -> Days:
    return Days(MIDNIGHT, OwnKeys(MemoryStore(), list, dict))


def test_it_is_the_policy_of_records_that_the_broker_dates() -> None:
    settings = TaskSettings(record_time=RecordTime.APPEND)
    assert isinstance(open_time(0, settings, Position({}, 0), Counter()), LiveTime)


def test_inputs_go_on_where_the_task_stands(time: LiveTime) -> None:
    positions = time.merge.positions()
    assert positions == {**dict.fromkeys((CONTROL, *INPUTS), 0), "orders": 7}
    assert time.skipped() == {}


def test_no_record_is_rejected_for_its_time(time: LiveTime) -> None:
    time.merge.by_topic["orders"].feed([Record(1 << 50, 7, b"ada", b"")], 8, None)
    assert time.future_record(WALL) is None
    assert time.rejection(-1, WALL) is time.rejection(WALL + 1, WALL) is None
    assert time.end_of_slice(WALL) == LAST_ORDER_KEY


# ── Cuts ──────────────────────────────────────────────────────────────────────────────────────────


def test_end_offsets_are_requested_except_of_topics_between_tasks(
    time: LiveTime, days: Days
) -> None:
    assert {*time.unknown_ends(WALL, days, 0)} == {CONTROL, *INPUTS} - BETWEEN_TASKS


@pytest.mark.parametrize(
    ("tail", "is_asked"), [(WALL - SKEW - 1, True), (WALL - SKEW, False), (WALL - SKEW + 1, False)]
)
def test_the_end_of_an_input_that_is_complete_is_not_requested(
    time: LiveTime, days: Days, tail: int, is_asked: bool
) -> None:
    time.merge.by_topic["orders"].feed([Record(tail, 7, b"ada", b"")], 8, None)
    assert ("orders" in time.unknown_ends(WALL, days, 0)) is is_asked


def test_an_end_is_requested_once_and_proves_the_wall_time_less_the_skew(
    time: LiveTime, days: Days
) -> None:
    orders = time.merge.by_topic["orders"]
    time.set_end_offsets(WALL, days, {"orders": 8})
    assert "orders" not in time.unknown_ends(WALL, days, 0)
    assert orders.complete_before == 0
    orders.feed([], 8, 8)
    assert orders.complete_before == WALL - SKEW


@pytest.mark.parametrize(
    ("due", "is_urgent"), [(None, False), (WALL - 1, True), (WALL, True), (WALL + 1, False)]
)
def test_a_timer_makes_a_request_urgent_once_it_is_due(
    time: LiveTime, due: int | None, is_urgent: bool
) -> None:
    assert time.is_request_urgent(WALL, due) is is_urgent


@pytest.mark.parametrize(("topic", "is_urgent"), [("orders", True), (CONTROL, False)])
def test_a_buffered_event_makes_a_request_urgent(
    time: LiveTime, topic: str, is_urgent: bool
) -> None:
    time.merge.by_topic[topic].feed([Record(WALL, 7, b"ada", b"")], 8, None)
    assert time.is_request_urgent(WALL, None) is is_urgent


def test_requests_cost_their_share_of_a_cpu_and_no_more(time: LiveTime) -> None:
    edge = SHORTEST_PAUSE / PAUSE_PER_COST
    assert time.pause_after_request(edge / 2) == time.pause_after_request(edge) == SHORTEST_PAUSE
    assert time.pause_after_request(2 * edge) == 2 * SHORTEST_PAUSE


@pytest.mark.parametrize(
    ("behind", "is_at_rest"),
    [(0, True), (AT_THE_LIVE_EDGE, True), (AT_THE_LIVE_EDGE + 1, False)],
)
def test_a_task_rests_at_the_live_edge(time: LiveTime, behind: int, is_at_rest: bool) -> None:
    assert time.is_at_rest(behind, "orders") is is_at_rest


# ── Inputs that can't be read ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("waited", "goes_on"), [(IDLE - 1, False), (IDLE, True), (IDLE + 1, True)])
def test_an_input_is_skipped_after_max_idle(time: LiveTime, waited: int, goes_on: bool) -> None:
    orders = time.merge.by_topic["orders"]
    assert not time.may_proceed_without(orders, WALL)  # from here on it counts
    assert time.may_proceed_without(orders, WALL + waited) is goes_on
    assert orders.is_incomplete is goes_on
    assert orders.complete_before == (WALL + waited - SKEW if goes_on else 0)


def test_those_behind_it_have_waited_as_long(time: LiveTime) -> None:
    by_topic = time.merge.by_topic
    time.may_proceed_without(by_topic["orders"], WALL)
    assert time.may_proceed_without(by_topic["carts"], WALL + IDLE)


def test_control_is_never_skipped_before_its_processed_records_are_fed_again() -> None:
    time = LiveTime(0, TaskSettings(max_idle=IDLE), Position({CONTROL: 2}, 0), Counter())
    control = time.merge.by_topic[CONTROL]
    control.next_offset = 0  # as a task that opens sets it
    time.may_proceed_without(control, WALL)
    assert not time.may_proceed_without(control, WALL + 2 * IDLE)
    control.feed([], 2, None)
    assert time.may_proceed_without(control, WALL + 2 * IDLE)


# ── Days ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_is_over_by_what_comes_first(time: LiveTime, days: Days) -> None:
    first = time.merge.by_topic["orders"]
    later = order_key(MIDNIGHT + 5, TIMERS)
    assert time.day_over(days, first, order_key(MIDNIGHT, START), later) == MIDNIGHT
    assert time.day_over(days, first, order_key(MIDNIGHT + 9, START), later) == MIDNIGHT + 5


def test_nothing_is_held_at_midnight(time: LiveTime, days: Days) -> None:
    assert time.awaited_at_midnight(days, fact_until=0) is None
    assert time.first_midnight(days, order_key(MIDNIGHT, START)) is None
    assert time.dated_news({"occurred_at": 1}, MIDNIGHT) == {"occurred_at": 1}
