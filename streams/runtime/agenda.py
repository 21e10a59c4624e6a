"""The agenda of a task: the next thing to do, of all that it could do (SEMANTICS 5.2 to 5.4).

    SetAside      a record whose time can't be stands in front: a dead letter, where it stands
    WaitFor       nothing may happen before more of an input is known
    DayEnd        the day under way is over: it's told of before anything of the next one
    PassOver      schedules are due, and there isn't anybody yet: in simulated time they go on
    TellNews      news of an article are due to more of those who wait for them
    VisitChunk    visits are due to more customers
    FireTimer     a customer's timer is due
    TakeRecords   a record comes first, and with it those of its input that come before all else

Of what is due at the same time, news come before visits, visits before timers; all of them come
after the records of that time.
"""

import msgspec

from streams.engine import Instant
from streams.ports import CONTROL, PRODUCTS
from streams.runtime.audience import Audience
from streams.runtime.days import Days
from streams.runtime.in_force import InForce
from streams.runtime.merge import Input
from streams.runtime.order import START, TIMERS, Place, place, time_of
from streams.runtime.products import Products
from streams.runtime.time_policy import TimePolicy
from streams.runtime.timers import FAR_FUTURE, Timers

ONE_BY_ONE = frozenset({CONTROL, PRODUCTS})
"""After a record of these, a visit or news may come before the next."""


class TakeRecords(msgspec.Struct, gc=False):
    """The first record of `source`, at `at`, and up to `most` with those behind it that come before
    `limit` and before the next timer."""

    source: Input
    at: Place
    limit: Place
    most: int


class FireTimer(msgspec.Struct, gc=False):
    """The earliest timer."""

    due: Instant


class VisitChunk(msgspec.Struct, gc=False):
    """The customers whose turn comes at `due`."""

    due: Instant


class TellNews(msgspec.Struct, gc=False):
    """The next of those who wait for an article."""

    due: Instant


class DayEnd(msgspec.Struct, gc=False):
    """The day under way is over at `now`, and so are those that end up to there."""

    now: Instant


class PassOver(msgspec.Struct, gc=False):
    """Schedules that are due before `until` go on to their first moments from there on."""

    until: Instant


class SetAside(msgspec.Struct, gc=False):
    """The first record of `source`, whose time can't be."""

    source: Input


class WaitFor(msgspec.Struct, gc=False):
    """More of `source` must be known; meanwhile the clock stands at `clock`."""

    source: Input
    clock: Place


Item = TakeRecords | FireTimer | VisitChunk | TellNews | DayEnd | PassOver | SetAside | WaitFor


class Agenda:
    """Finds the next item. Changes nothing, but gives up inputs that can't be read for too long."""

    def __init__(
        self,
        time: TimePolicy,
        days: Days,
        in_force: InForce,
        timers: Timers,
        audience: Audience,
        products: Products,
    ) -> None:
        self._time = time
        self._merge = time.merge
        self._days = days
        self._in_force = in_force
        self._timers = timers
        self._audience = audience
        self._products = products

    @property
    def next_due(self) -> Instant | None:
        """When the next timer, or the next chunk of a visit or of news, is due; None: none is."""
        due = min(self._timers.next_due, self._audience.next_due, self._products.next_due)
        return None if due == FAR_FUTURE else due

    def next(self, clock: Place, wall: Instant, budget: int) -> Item:
        """The next item for a task that has come to `clock`, at the wall time `wall`. `budget`: the
        most records to take, more than 0."""
        time, days = self._time, self._days
        beyond = time.beyond(wall)
        if beyond is not None:
            return SetAside(beyond)
        while True:
            first, at, limit = self._merge.choose(clock)
            visit, news = self._audience.next_due, self._products.next_due
            visit_or_news = visit if visit < news else news
            due = min(self._timers.next_due, visit_or_news)
            next_due = place(due, TIMERS)
            held = time.held_at_midnight(days, self._in_force.fact_until)
            if held is not None:
                return WaitFor(held, place(days.began, START))
            if at >= days.end_place <= next_due:
                over = time.day_over(days, first, at, next_due)
                if over is not None:
                    return DayEnd(over)
            if next_due < at:
                until = time.first_midnight(days, at)
                if until is not None and self._audience.may_pass_over(until):
                    return PassOver(until)
                if news == due:
                    return TellNews(due)
                return VisitChunk(due) if visit == due else FireTimer(due)
            if first.records:
                most = 1 if first.topic in ONE_BY_ONE else budget
                before_visits = place(visit_or_news, TIMERS)
                limit = min(limit, before_visits, days.end_place, time.end_of_slice(wall))
                return TakeRecords(first, at, limit, most)
            if not time.may_go_on_without(first, wall):
                return WaitFor(first, place(time_of(at), START))
