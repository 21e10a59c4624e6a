"""The agenda of a task: the next thing to do (SEMANTICS 5.2 to 5.4, DESIGN 5).

    RejectRecord    the first record of an input has an impossible time: dead letter, in its place
    WaitFor         nothing may happen before more of an input is known
    DayEnd          the current day is over: its customers are valued as of its end
    ValueCustomers  the valuation of a day must end before anything else
    SkipSchedules   schedules are due and there are no customers yet (simulated time)
    ReportArticles  changes of articles are due for all tasks
    ReportCoupons   changes of coupon pools are due for the agent that adds up the facts
    FanOut          article news are due to further watching customers
    ScanChunk       scans are due for further customers
    FireTimer       a customer's timer is due
    TakeRecords     a record is next, with the records of its input that precede everything else

At equal due times, reports precede fan-outs, fan-outs precede scans, and scans precede timers; all
of them follow the records of that time.
"""

import msgspec

from streams.engine import Instant
from streams.ports import CONTROL, PRODUCTS
from streams.runtime.article_reports import ArticleReports
from streams.runtime.coupon_book import CouponBook
from streams.runtime.days import Days
from streams.runtime.in_force import InForce
from streams.runtime.merge import Input
from streams.runtime.order import START, TIMERS, OrderKey, order_key, time_of
from streams.runtime.products import Products
from streams.runtime.scans import Scans
from streams.runtime.time_policy import TimePolicy
from streams.runtime.timers import FAR_FUTURE, Timers
from streams.runtime.valuation import Valuation

ONE_BY_ONE = frozenset({CONTROL, PRODUCTS})
"""Topics of which each record may cause a scan or a fan-out that precedes the next record."""


class TakeRecords(msgspec.Struct, gc=False):
    """The first record of `source`, at `at`, and its successors that precede `limit` and the next
    timer: up to `most` in all."""

    source: Input
    at: OrderKey
    limit: OrderKey
    most: int


class FireTimer(msgspec.Struct, gc=False):
    """The earliest timer is due."""

    due: Instant


class ScanChunk(msgspec.Struct, gc=False):
    """Chunks of scans are due at `due`."""

    due: Instant


class FanOut(msgspec.Struct, gc=False):
    """The next chunk of a fan-out is due at `due`."""

    due: Instant


class ReportArticles(msgspec.Struct, gc=False):
    """Reports of changed articles are due at `due`."""

    due: Instant


class ReportCoupons(msgspec.Struct, gc=False):
    """Reports of changed coupon pools are due at `due`."""

    due: Instant


class DayEnd(msgspec.Struct, gc=False):
    """The current day, and every day that ends up to `now`, is over."""

    now: Instant


class ValueCustomers(msgspec.Struct, gc=False):
    """Customers are to be valued: the clock stands meanwhile, or another day is over."""


class SkipSchedules(msgspec.Struct, gc=False):
    """Schedules due before `until` move to their first moments from there on."""

    until: Instant


class RejectRecord(msgspec.Struct, gc=False):
    """The first record of `source` has an impossible time."""

    source: Input


class WaitFor(msgspec.Struct, gc=False):
    """More of `source` must be known; the clock advances to `clock` at most."""

    source: Input
    clock: OrderKey


AgendaItem = (
    TakeRecords
    | FireTimer
    | ScanChunk
    | FanOut
    | ReportArticles
    | ReportCoupons
    | DayEnd
    | ValueCustomers
    | SkipSchedules
    | RejectRecord
    | WaitFor
)


class Agenda:
    """Chooses the next item. Its only change: it stops waiting for unreadable inputs."""

    def __init__(
        self,
        time: TimePolicy,
        days: Days,
        valuation: Valuation,
        in_force: InForce,
        timers: Timers,
        scans: Scans,
        products: Products,
        reports: ArticleReports,
        coupons: CouponBook,
    ) -> None:
        self._time = time
        self._merge = time.merge
        self._days = days
        self._valuation = valuation
        self._in_force = in_force
        self._timers = timers
        self._scans = scans
        self._products = products
        self._reports = reports
        self._coupons = coupons

    @property
    def next_due(self) -> Instant | None:
        """Due time of the next timer, scan chunk, fan-out chunk or report; None if there is
        none."""
        due = min(
            self._timers.next_due,
            self._scans.next_due,
            self._products.next_due,
            self._reports.next_due,
            self._coupons.next_report,
        )
        return None if due == FAR_FUTURE else due

    def next(self, clock: OrderKey, wall: Instant, budget: int) -> AgendaItem:
        """The next item for a task whose clock is `clock`, at the wall time `wall`. `budget`:
        maximum number of records, above 0."""
        time, days = self._time, self._days
        future = time.future_record(wall)
        if future is not None:
            return RejectRecord(future)
        is_valuing = self._valuation.is_in_progress
        if is_valuing and time.waits_for_valuation:
            return ValueCustomers()
        while True:
            first, at, limit = self._merge.choose(clock)
            scan, news, report, coupons = (
                self._scans.next_due,
                self._products.next_due,
                self._reports.next_due,
                self._coupons.next_report,
            )
            before_timers = min(scan, news, report, coupons)
            due = min(self._timers.next_due, before_timers)
            next_due = order_key(due, TIMERS)
            awaited = time.awaited_at_midnight(days, self._in_force.fact_until)
            if awaited is not None:
                return WaitFor(awaited, order_key(days.began, START))
            if at >= days.end_key <= next_due:
                over = time.day_over(days, first, at, next_due)
                if over is not None:
                    return ValueCustomers() if is_valuing else DayEnd(over)
            if next_due < at:
                until = time.first_midnight(days, at)
                if until is not None and self._scans.may_skip_schedules(until):
                    return SkipSchedules(until)
                if report == due:
                    return ReportArticles(due)
                if coupons == due:
                    return ReportCoupons(due)
                if news == due:
                    return FanOut(due)
                return ScanChunk(due) if scan == due else FireTimer(due)
            if first.records:
                most = 1 if first.topic in ONE_BY_ONE else budget
                due_key = order_key(before_timers, TIMERS)
                limit = min(limit, due_key, days.end_key, time.end_of_slice(wall))
                return TakeRecords(first, at, limit, most)
            if not time.may_proceed_without(first, wall):
                return WaitFor(first, order_key(time_of(at), START))
