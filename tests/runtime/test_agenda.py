"""What is next: each item of the agenda, before, on and after its edges."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from streams.engine import BETWEEN_TASKS, INPUTS
from streams.ports import CONTROL, Record, TaskSettings
from streams.runtime.agenda import (
    Agenda,
    AgendaItem,
    DayEnd,
    FanOut,
    FireTimer,
    RejectRecord,
    ReportArticles,
    ScanChunk,
    SkipSchedules,
    TakeRecords,
    ValueCustomers,
    WaitFor,
)
from streams.runtime.commit import Position
from streams.runtime.days import Days
from streams.runtime.order import LATE, START, TIMERS, order_key
from streams.runtime.own_keys import OwnKeys
from streams.runtime.time_policy import open_time
from streams.runtime.timers import FAR_FUTURE
from streams.settings import RecordTime
from streams.store.memory import MemoryStore

DAY = 86_400_000
MIDNIGHT = 20_000 * DAY
NOON = MIDNIGHT - DAY // 2
WALL = MIDNIGHT + DAY
KNOWN = MIDNIGHT + 10 * DAY
BUDGET = 500


class DueAt(msgspec.Struct):
    """Timers, scans or news, as the agenda sees them."""

    next_due: int = FAR_FUTURE
    skips: bool = False
    requested_until: int | None = None

    def may_skip_schedules(self, until: int) -> bool:
        self.requested_until = until
        return self.skips


class Coupons(msgspec.Struct):
    next_report: int = FAR_FUTURE


class FactsUntil(msgspec.Struct):
    fact_until: int


class Valuing(msgspec.Struct):
    is_in_progress: bool = False


class Desk:
    """An agenda whose inputs are all known up to KNOWN and hold nothing, and what is on it."""

    def __init__(
        self, record_time: RecordTime = RecordTime.APPEND, day_end: int = MIDNIGHT
    ) -> None:
        settings = TaskSettings(clock_skew=0, max_idle=1_000, record_time=record_time)
        self.time = open_time(0, settings, Position({}, 0), Counter())
        self.days = Days(day_end, OwnKeys(MemoryStore(), list, dict))
        self.timers, self.scans, self.news, self.reports = DueAt(), DueAt(), DueAt(), DueAt()
        self.coupons = Coupons()
        self.facts = FactsUntil(0)
        self.valuation = Valuing()
        self.clock = 0
        for topic in (CONTROL, *INPUTS):
            self.known(topic, KNOWN)
        parts: Any = (
            self.valuation,
            self.facts,
            self.timers,
            self.scans,
            self.news,
            self.reports,
            self.coupons,
        )
        self.agenda = Agenda(self.time, self.days, *parts)

    def known(self, topic: str, until: int) -> None:
        one = self.time.merge.by_topic[topic]
        if topic not in BETWEEN_TASKS:
            one.complete_before = until
            one.refresh()

    def record(self, topic: str, at: int) -> None:
        one = self.time.merge.by_topic[topic]
        one.feed([Record(at, one.next_offset, b"ada", b"")], one.next_offset + 1, None)

    def next(self, wall: int = WALL) -> AgendaItem:
        return self.agenda.next(self.clock, wall, BUDGET)

    def takes(self) -> TakeRecords:
        item = self.next()
        assert isinstance(item, TakeRecords)
        return item


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ── Records, and what is due ──────────────────────────────────────────────────────────────────────


def test_the_first_record_is_taken_with_those_behind_it(desk: Desk) -> None:
    desk.record("carts", NOON)
    desk.record("orders", NOON + 5)
    taking = desk.takes()
    carts, orders = desk.time.merge.by_topic["carts"], desk.time.merge.by_topic["orders"]
    assert taking == TakeRecords(carts, carts.order_key, orders.order_key, BUDGET)


@pytest.mark.parametrize(("due", "fires"), [(NOON - 1, True), (NOON, False), (NOON + 1, False)])
def test_a_timer_fires_before_records_of_a_later_time(desk: Desk, due: int, fires: bool) -> None:
    desk.record("orders", NOON)
    desk.timers.next_due = due
    if fires:
        assert desk.next() == FireTimer(due)
    else:
        assert desk.takes().at == desk.time.merge.by_topic["orders"].order_key


@pytest.mark.parametrize(("known", "fires"), [(NOON, False), (NOON + 1, True), (NOON + 2, True)])
def test_a_timer_fires_once_no_record_of_its_time_can_come(
    desk: Desk, known: int, fires: bool
) -> None:
    desk.known("carts", known)
    desk.timers.next_due = NOON
    carts = desk.time.merge.by_topic["carts"]
    assert desk.next() == (FireTimer(NOON) if fires else WaitFor(carts, order_key(known, START)))


@pytest.mark.parametrize(
    ("timer", "scan", "news", "expected"),
    [
        (5, 5, 5, FanOut(5)),
        (5, 5, 6, ScanChunk(5)),
        (5, 6, 6, FireTimer(5)),
        (6, 5, 5, FanOut(5)),
        (6, 5, 6, ScanChunk(5)),
        (6, 6, 5, FanOut(5)),
        (5, 6, 5, FanOut(5)),
        (FAR_FUTURE, FAR_FUTURE, 5, FanOut(5)),
        (FAR_FUTURE, 5, FAR_FUTURE, ScanChunk(5)),
        (5, FAR_FUTURE, FAR_FUTURE, FireTimer(5)),
    ],
)
def test_fan_outs_precede_scans_and_scans_precede_timers(
    desk: Desk, timer: int, scan: int, news: int, expected: AgendaItem
) -> None:
    desk.timers.next_due, desk.scans.next_due, desk.news.next_due = timer, scan, news
    assert desk.next() == expected


@pytest.mark.parametrize(("others", "is_first"), [(4, False), (5, True), (6, True)])
def test_reports_of_articles_precede_what_is_due_at_their_moment(
    desk: Desk, others: int, is_first: bool
) -> None:
    desk.reports.next_due = 5
    desk.timers.next_due = desk.scans.next_due = desk.news.next_due = others
    assert (desk.next() == ReportArticles(5)) == is_first


def test_what_is_due_next_is_known_outside(desk: Desk) -> None:
    assert desk.agenda.next_due is None
    desk.timers.next_due, desk.scans.next_due, desk.news.next_due = 7, 6, 8
    assert desk.agenda.next_due == 6


def test_reports_of_articles_are_due_too(desk: Desk) -> None:
    desk.timers.next_due, desk.reports.next_due = 6, 5
    assert desk.agenda.next_due == 5


@pytest.mark.parametrize("what", ["scans", "news", "reports"])
@pytest.mark.parametrize(("due", "limit"), [(NOON, NOON), (NOON + 4, NOON + 4)])
def test_records_are_taken_up_to_the_next_scan_or_fan_out(
    desk: Desk, what: str, due: int, limit: int
) -> None:
    desk.record("orders", NOON)
    desk.record("carts", NOON + 5)
    getattr(desk, what).next_due = due
    assert desk.takes().limit == order_key(limit, TIMERS)


def test_records_are_taken_up_to_the_end_of_the_day(desk: Desk) -> None:
    desk.record("orders", NOON)
    assert desk.takes().limit == order_key(MIDNIGHT, START)


@pytest.mark.parametrize(
    ("topic", "most"), [("orders", BUDGET), ("products", 1), (CONTROL, 1), ("interests", BUDGET)]
)
def test_definitions_and_articles_are_taken_one_by_one(desk: Desk, topic: str, most: int) -> None:
    desk.record(topic, NOON)
    assert desk.takes().most == most


@pytest.mark.parametrize(
    ("clock", "at"),
    [
        (order_key(NOON, START), None),
        (order_key(NOON, TIMERS), order_key(NOON + 1, LATE)),
        (order_key(NOON + 9, START), order_key(NOON + 9, LATE)),
    ],
)
def test_a_record_that_the_clock_has_passed_comes_at_once(
    desk: Desk, clock: int, at: int | None
) -> None:
    desk.record("orders", NOON)
    desk.clock = clock
    assert desk.takes().at == (at or desk.time.merge.by_topic["orders"].order_key)


# ── What can't be known yet ───────────────────────────────────────────────────────────────────────


def test_a_task_waits_for_the_input_of_which_least_is_known(desk: Desk) -> None:
    desk.known("carts", NOON + 3)
    desk.record("orders", NOON + 4)
    assert desk.next() == WaitFor(desk.time.merge.by_topic["carts"], order_key(NOON + 3, START))


@pytest.mark.parametrize(("waited", "goes_on"), [(999, False), (1_000, True), (1_001, True)])
def test_it_goes_on_without_an_input_that_has_held_it_for_too_long(
    desk: Desk, waited: int, goes_on: bool
) -> None:
    desk.known("carts", NOON - 1)
    desk.record("orders", NOON)
    assert isinstance(desk.next(wall=NOON), WaitFor)
    assert isinstance(desk.next(wall=NOON + waited), TakeRecords) is goes_on


# ── Days ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "ends"), [(MIDNIGHT - 1, False), (MIDNIGHT, True), (MIDNIGHT + 1, True)]
)
def test_a_day_ends_before_anything_of_midnight(desk: Desk, at: int, ends: bool) -> None:
    desk.record("orders", at)
    item = desk.next()
    assert isinstance(item, DayEnd if ends else TakeRecords)
    if isinstance(item, DayEnd):
        assert item.now == at


@pytest.mark.parametrize(
    ("due", "ends"), [(MIDNIGHT - 1, False), (MIDNIGHT, True), (MIDNIGHT + 1, True)]
)
def test_a_timer_ends_a_day_as_well(desk: Desk, due: int, ends: bool) -> None:
    desk.timers.next_due = due
    assert desk.next() == (DayEnd(due) if ends else FireTimer(due))


# ── Simulated time ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def dated() -> Desk:
    """A desk in simulated time, on the day that ends at MIDNIGHT; the day before has been told of,
    its facts are here, and so is what tasks wrote for each other."""
    desk = Desk(RecordTime.CREATE)
    desk.facts.fact_until = desk.days.began
    desk.time.set_end_offsets(WALL, desk.days, dict.fromkeys(BETWEEN_TASKS, 0))
    return desk


@pytest.mark.parametrize(
    ("at", "is_set_aside"), [(WALL - 1, False), (WALL, False), (WALL + 1, True)]
)
def test_a_record_after_the_wall_time_is_rejected_in_its_place(
    dated: Desk, at: int, is_set_aside: bool
) -> None:
    dated.record("orders", at)
    dated.timers.next_due = NOON  # which comes first otherwise
    orders = dated.time.merge.by_topic["orders"]
    assert dated.next() == (RejectRecord(orders) if is_set_aside else FireTimer(NOON))


def test_records_are_taken_up_to_the_wall_time(dated: Desk) -> None:
    dated.record("orders", NOON)
    item = dated.next(wall=NOON + 3)
    assert isinstance(item, TakeRecords)
    assert item.limit == order_key(NOON + 4, START)


@pytest.mark.parametrize(
    ("fact_until", "waits"),
    [
        (MIDNIGHT - DAY - 1, True),
        (MIDNIGHT - DAY, False),
        (MIDNIGHT - DAY + 1, False),
    ],
)
def test_nothing_happens_on_a_day_before_the_facts_of_the_day_before_are_here(
    dated: Desk, fact_until: int, waits: bool
) -> None:
    dated.record("orders", NOON)
    dated.facts.fact_until = fact_until
    if waits:
        control = dated.time.merge.by_topic[CONTROL]
        assert dated.next() == WaitFor(control, order_key(MIDNIGHT - DAY, START))
    else:
        assert dated.takes().source.topic == "orders"


def test_nor_before_it_is_known_what_tasks_wrote_for_each_other(dated: Desk) -> None:
    dated.days.close(MIDNIGHT)
    dated.facts.fact_until = MIDNIGHT
    dated.timers.next_due = MIDNIGHT
    moves = dated.time.merge.by_topic["coupon-moves"]
    assert dated.next() == WaitFor(moves, order_key(MIDNIGHT, START))
    dated.time.set_end_offsets(WALL, dated.days, dict.fromkeys(BETWEEN_TASKS, 0))
    assert dated.next() == FireTimer(MIDNIGHT)


def test_each_day_ends_by_itself(dated: Desk) -> None:
    dated.record("orders", MIDNIGHT + DAY - 1)
    assert dated.next() == DayEnd(MIDNIGHT)
    dated.days.close(MIDNIGHT)
    dated.facts.fact_until = MIDNIGHT
    dated.time.set_end_offsets(WALL, dated.days, dict.fromkeys(BETWEEN_TASKS, 0))
    assert dated.takes().source.topic == "orders"


def test_in_simulated_time_all_customers_are_valued_before_anything_else(dated: Desk) -> None:
    dated.days.close(MIDNIGHT)
    dated.record("orders", MIDNIGHT)
    dated.valuation.is_in_progress = True
    assert dated.next() == ValueCustomers()


@pytest.mark.parametrize("skips", [False, True])
def test_before_the_first_day_schedules_are_skipped_while_there_are_no_customers(
    skips: bool,
) -> None:
    desk = Desk(RecordTime.CREATE, day_end=DAY)
    desk.record("orders", NOON)
    desk.scans.next_due, desk.scans.skips = 9, skips
    assert desk.next() == (SkipSchedules(MIDNIGHT - DAY) if skips else ScanChunk(9))
    assert desk.scans.requested_until == MIDNIGHT - DAY


def test_then_the_first_day_begins(dated: Desk) -> None:
    desk = Desk(RecordTime.CREATE, day_end=DAY)
    desk.record("orders", NOON)
    desk.scans.next_due, desk.scans.skips = MIDNIGHT - DAY, True
    assert desk.next() == DayEnd(MIDNIGHT - DAY)
    assert desk.scans.requested_until is None


def test_in_live_time_no_schedule_is_passed_over(desk: Desk) -> None:
    desk.record("orders", NOON)
    desk.scans.next_due, desk.scans.skips = 9, True
    assert desk.next() == ScanChunk(9)
    assert desk.scans.requested_until is None
