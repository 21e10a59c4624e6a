"""The agenda of a task: what is next, of all that it could do (SEMANTICS 5.2 to 5.4, DESIGN 5).

    RejectRecord    the first record of an input has an impossible time: dead letter, in its place
    WaitFor         nothing may happen before more of an input is known
    DayEnd          the current day is over: its report comes before anything of the next day
    SkipSchedules   schedules are due and there are no customers yet (simulated time)
    FanOut          article news are due to further watching customers
    ScanChunk       scans are due for further customers
    FireTimer       a customer's timer is due
    TakeRecords     a record is next, with the records of its input that precede everything else

Of what is due at the same time, fan-outs come before scans, scans before timers; all of them come
after the records of that time.
"""

import msgspec

from streams.engine import Instant
from streams.ports import CONTROL, PRODUCTS
from streams.runtime.days import Days
from streams.runtime.in_force import InForce
from streams.runtime.merge import Input
from streams.runtime.order import START, TIMERS, OrderKey, order_key, time_of
from streams.runtime.products import Products
from streams.runtime.scans import Scans
from streams.runtime.time_policy import TimePolicy
from streams.runtime.timers import FAR_FUTURE, Timers

ONE_BY_ONE = frozenset({CONTROL, PRODUCTS})
"""After a record of these, a visit or news may come before the next."""


class TakeRecords(msgspec.Struct, gc=False):
    """The first record of `source`, at `at`, and up to `most` with those behind it that come before
    `limit` and before the next timer."""

    source: Input
    at: OrderKey
    limit: OrderKey
    most: int


class FireTimer(msgspec.Struct, gc=False):
    """The earliest timer."""

    due: Instant


class ScanChunk(msgspec.Struct, gc=False):
    """The customers whose turn comes at `due`."""

    due: Instant


class FanOut(msgspec.Struct, gc=False):
    """The next of those who wait for an article."""

    due: Instant


class DayEnd(msgspec.Struct, gc=False):
    """The day under way is over at `now`, and so are those that end up to there."""

    now: Instant


class SkipSchedules(msgspec.Struct, gc=False):
    """Schedules that are due before `until` go on to their first moments from there on."""

    until: Instant


class RejectRecord(msgspec.Struct, gc=False):
    """The first record of `source`, whose time can't be."""

    source: Input


class WaitFor(msgspec.Struct, gc=False):
    """More of `source` must be known; meanwhile the clock stands at `clock`."""

    source: Input
    clock: OrderKey


AgendaItem = (
    TakeRecords | FireTimer | ScanChunk | FanOut | DayEnd | SkipSchedules | RejectRecord | WaitFor
)


class Agenda:
    """Says what is next. It moves nothing, but for inputs that it gives up as unreadable."""

    def __init__(
        self,
        time: TimePolicy,
        days: Days,
        in_force: InForce,
        timers: Timers,
        scans: Scans,
        products: Products,
    ) -> None:
        self._time = time
        self._merge = time.merge
        self._days = days
        self._in_force = in_force
        self._timers = timers
        self._scans = scans
        self._products = products

    @property
    def next_due(self) -> Instant | None:
        """When the next timer, or the next chunk of a visit or of news, is due; None: none is."""
        due = min(self._timers.next_due, self._scans.next_due, self._products.next_due)
        return None if due == FAR_FUTURE else due

    def next(self, clock: OrderKey, wall: Instant, budget: int) -> AgendaItem:
        """What is next for a task that has come to `clock`, at the wall time `wall`. `budget`: how
        many records at most, more than 0."""
        time, days = self._time, self._days
        future = time.future_record(wall)
        if future is not None:
            return RejectRecord(future)
        while True:
            first, at, limit = self._merge.choose(clock)
            scan, news = self._scans.next_due, self._products.next_due
            scan_or_news = scan if scan < news else news
            due = min(self._timers.next_due, scan_or_news)
            next_due = order_key(due, TIMERS)
            awaited = time.awaited_at_midnight(days, self._in_force.fact_until)
            if awaited is not None:
                return WaitFor(awaited, order_key(days.began, START))
            if at >= days.end_key <= next_due:
                over = time.day_over(days, first, at, next_due)
                if over is not None:
                    return DayEnd(over)
            if next_due < at:
                until = time.first_midnight(days, at)
                if until is not None and self._scans.may_skip_schedules(until):
                    return SkipSchedules(until)
                if news == due:
                    return FanOut(due)
                return ScanChunk(due) if scan == due else FireTimer(due)
            if first.records:
                most = 1 if first.topic in ONE_BY_ONE else budget
                before_scans = order_key(scan_or_news, TIMERS)
                limit = min(limit, before_scans, days.end_key, time.end_of_slice(wall))
                return TakeRecords(first, at, limit, most)
            if not time.may_proceed_without(first, wall):
                return WaitFor(first, order_key(time_of(at), START))
