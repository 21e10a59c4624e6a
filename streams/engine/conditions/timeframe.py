"""The past events in a timeframe, and when they change by time alone (SEMANTICS 3.1).

in_last: 7d        (now - 7d, now]          an event leaves exactly 7d after it happened
during: [a, b]     days of the store, both included; past events never leave
on_day: -1         the customer's yesterday; changes at the customer's midnights
since: flow_start  after the trigger (1.9)
since: {last: M}   later than the customer's newest M; all events without any M
(none)             all events
"""

import bisect
import datetime
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

import msgspec

from streams.engine.conditions.comparison import OF_NUMBERS, Comparison, check_one
from streams.engine.conditions.truth import Condition, Evidence, Truth, history_since
from streams.engine.conditions.where import (
    Test,
    Where,
    check_past_events,
    compile_events,
    top_fields,
    unknown_metric,
)
from streams.engine.customer import Occurrence, Past, Situation, after_trigger
from streams.engine.language import Scope, fields_of
from streams.engine.values import (
    DAY,
    MONEY_TYPES,
    Date,
    Instant,
    Integer,
    MetricName,
    PositiveDuration,
    Problem,
    next_day,
    start_of_day,
    to_date,
    zone_of,
)

Measure = Callable[[Sequence[Occurrence]], Sequence[Any]]
"""For events in order of time: their count (or sum), then the one without the oldest, without the
two oldest, and so on. Events leave a window from the front."""

Passes = Callable[[Any, Situation], bool]
"""True if a measured number passes the comparison."""


LONGEST_AGO = 3_660
"""Limit of `on_day` in days back."""


class SinceLast(msgspec.Struct, frozen=True, kw_only=True):
    """Since the newest event of a metric.

    `last`: the metric
    """

    last: MetricName


class OverTime(Comparison, frozen=True, kw_only=True):
    """A comparison of a number computed from past events.

    `where`: only events that match
    `in_last`: only events less than this long ago
    `during`: only events on these dates of the store, both included
    `on_day`: only events on this day of the customer's own; 0 is today, -1 yesterday
    `since`: only events after the flow's trigger (`flow_start`), or after the newest of a metric
    """

    where: Where = msgspec.field(default_factory=dict)
    in_last: PositiveDuration | None = None
    during: tuple[Date, Date] | None = None
    on_day: Integer | None = None
    since: Literal["flow_start"] | SinceLast | None = None


_TIMEFRAMES = ("in_last", "during", "on_day", "since")


def is_all_time(definition: OverTime) -> bool:
    """True without a timeframe."""
    return all(getattr(definition, name) is None for name in _TIMEFRAMES)


def check_over_time(definition: OverTime, key: str, metric: str, scope: Scope) -> Iterator[Problem]:
    """The common checks of `count` and `sum`: metric, `where`, one timeframe, one comparison."""
    yield from check_past_events(metric, definition.where, scope, (key,))
    problem = check_one(definition, f"{key!r}", allowed=(*OF_NUMBERS, "in", "not_in"))
    if problem is not None:
        yield problem
    given = [name for name in _TIMEFRAMES if getattr(definition, name) is not None]
    if len(given) > 1:
        yield Problem(
            (given[1],), f"timeframes {given[0]!r} and {given[1]!r} exclude each other", at_key=True
        )
    during = definition.during
    if during is not None and during[0] > during[1]:
        yield Problem(("during",), f"{during[0]} is after {during[1]}")
    on_day = definition.on_day
    if on_day is not None and not -LONGEST_AGO <= on_day <= 0:
        yield Problem(("on_day",), f"expected 0 (today) or a day before such as -1, found {on_day}")
    if definition.since == "flow_start" and scope.flow is None:
        yield Problem(("since",), "'flow_start' needs a flow")
    if isinstance(definition.since, SinceLast) and definition.since.last not in scope.metrics:
        yield unknown_metric(("since", "last"), definition.since.last, scope)


Select = Callable[[Situation], Sequence[Occurrence]]
"""The past events in the timeframe at this moment."""


Start = Callable[[Situation], Instant]
"""The beginning of the timeframe, included."""


class Question(msgspec.Struct, frozen=True):
    """A measurement of past events."""

    metric: str
    select: Select
    start: Start
    test: Test | None
    measure: Measure
    reads_money: bool = False

    def matching(self, events: Sequence[Occurrence], situation: Situation) -> Sequence[Occurrence]:
        """The events whose data passes."""
        test = self.test
        if test is None:
            return events
        return [event for event in events if test(event.data or {}, situation)]

    def number(self, situation: Situation) -> Any:
        """The number to compare, at this moment."""
        return self.measure(self.matching(self.select(situation), situation))[0]

    def evidence(self, values: dict[str, Any], situation: Situation) -> Evidence:
        """The evidence of a comparison of the number, with what the number leaves out."""
        past = situation.state.recent.get(self.metric)
        since = None
        if past is not None and past.since:
            since = history_since(past, self.start(situation))
        return Evidence(values, since, self._without_rate(situation))

    def _without_rate(self, situation: Situation) -> frozenset[str]:
        """The currencies of events in the timeframe whose amounts couldn't be compared or added
        (FLOWS "Money")."""
        if not self.reads_money:
            return frozenset()
        currencies = (event.no_rate for event in self.select(situation))
        return frozenset(currency for currency in currencies if currency is not None)


def compile_question(
    definition: OverTime, metric: str, fields: set[str], measure: Measure, scope: Scope
) -> Question:
    """The measurement of a checked `count` or `sum`. `fields`: the fields that it reads beside its
    `where`. Adds the events that it needs to `scope.reads`."""
    test = compile_events(metric, definition.where, scope)
    fields = fields | top_fields(definition.where)
    scope.reads.remember(metric, _looks_back(definition), fields)
    known = fields_of(metric, scope)
    reads_money = any(known[name].type in MONEY_TYPES for name in fields)
    select = _select(definition, metric, scope)
    return Question(metric, select, _start(definition, scope), test, measure, reads_money)


def compile_over_time(
    definition: OverTime, question: Question, passes: Passes, scope: Scope
) -> Condition:
    """The condition that `question`'s number passes. Only `in_last` and `on_day` change by time
    alone: events stay after the flow's start, between two dates, and so on."""
    if definition.in_last is not None:
        return _in_last(question, passes, definition.in_last)
    if definition.on_day is not None:
        return _on_day(question, passes, definition.on_day, scope)
    return lambda situation: (passes(question.number(situation), situation), None)


def _looks_back(definition: OverTime) -> int | None:
    if definition.in_last is not None:
        return definition.in_last
    if definition.on_day is not None:
        return _looks_back_by_days(definition.on_day)
    return None


def _looks_back_by_days(day: int) -> int:
    return (2 - day) * DAY  # a day may last 25 h, and today has begun earlier


def _select(definition: OverTime, metric: str, scope: Scope) -> Select:
    if definition.in_last is not None:
        return _select_young(metric, definition.in_last)
    if definition.on_day is not None:
        return _select_day(metric, definition.on_day, scope)
    if definition.during is not None:
        first, last = definition.during
        start = start_of_day(first, scope.store_zone)
        end = start_of_day(next_day(last), scope.store_zone)
        return lambda situation: _between(_events(metric, situation), start, end)
    if definition.since == "flow_start":
        return _select_since_flow_start(metric)
    if isinstance(definition.since, SinceLast):
        scope.reads.remember(definition.since.last, 0)
        return _select_since_last(metric, definition.since.last)
    return lambda situation: cast(Sequence[Occurrence], _events(metric, situation))


def _start(definition: OverTime, scope: Scope) -> Start:
    """The earliest time of events that `_select` may return."""
    if definition.in_last is not None:
        window = definition.in_last
        return lambda situation: situation.now - window + 1
    if definition.on_day is not None:
        day = definition.on_day

        def start_of_that_day(situation: Situation) -> Instant:
            zone = _zone(situation, scope)
            return _day(next_day(to_date(situation.now, zone), day), zone)[0]

        return start_of_that_day
    if definition.during is not None:
        first = start_of_day(definition.during[0], scope.store_zone)
        return lambda situation: first
    if definition.since == "flow_start":
        return _start_of_journey
    if isinstance(definition.since, SinceLast):
        other = definition.since.last
        return lambda situation: _newest(other, situation)
    return lambda situation: BEGINNING


BEGINNING: Instant = -(1 << 62)
"""Before all events."""


def _start_of_journey(situation: Situation) -> Instant:
    return situation.now if situation.journey is None else situation.journey.started_at


def _newest(metric: str, situation: Situation) -> Instant:
    events = situation.state.recent.get(metric)
    return events.at(-1) if events else BEGINNING


def _events(metric: str, situation: Situation) -> Past:
    return situation.state.recent.get(metric, _NOTHING)


_NOTHING = Past()


def _between(events: Past, start: Instant, end: Instant) -> Sequence[Occurrence]:
    if not events or events.at(-1) < start:  # true of most customers
        return ()
    places = range(len(events))
    first = bisect.bisect_left(places, start, key=events.at)
    return events[first : bisect.bisect_left(places, end, key=events.at)]


def _after(events: Past, at: Instant, sequence: int) -> Sequence[Occurrence]:
    if not events or events.at(-1) < at:
        return ()
    first = bisect.bisect_right(events, (at, sequence), key=lambda e: (e.at, e.sequence))
    return events[first:]


def _select_young(metric: str, window: int) -> Select:
    def select(situation: Situation) -> Sequence[Occurrence]:
        events = situation.state.recent.get(metric)
        return () if events is None else events.after(situation.now - window)

    return select


def _select_day(metric: str, day: int, scope: Scope) -> Select:
    meant_day = _meant_day(day, scope)

    def select(situation: Situation) -> Sequence[Occurrence]:
        events = _events(metric, situation)
        if not events:
            return ()
        meant = meant_day(situation)
        return _between(events, meant.start, meant.end)

    return select


class _MeantDay(msgspec.Struct, frozen=True, gc=False):
    """The day of `on_day`, valid while today lasts."""

    today: datetime.date
    begins: Instant  # today
    ends: Instant
    start: Instant  # of that day
    end: Instant


def _meant_day(day: int, scope: Scope) -> Callable[[Situation], _MeantDay]:
    latest: dict[zoneinfo.ZoneInfo, _MeantDay] = {}  # the same for all customers of a schedule

    def find(situation: Situation) -> _MeantDay:
        zone = _zone(situation, scope)
        meant = latest.get(zone)
        if meant is None or not meant.begins <= situation.now < meant.ends:
            today = to_date(situation.now, zone)
            bounds = (*_day(today, zone), *_day(next_day(today, day), zone))
            meant = _MeantDay(today, *bounds)
            if meant.ends - meant.begins == DAY:  # no change of clocks within it
                latest[zone] = meant
        return meant

    return find


def _zone(situation: Situation, scope: Scope) -> zoneinfo.ZoneInfo:
    return zone_of(situation.state.profile.get("timezone"), scope.zone)


def _day(day: datetime.date, zone: zoneinfo.ZoneInfo) -> tuple[Instant, Instant]:
    """From (included), to (excluded)."""
    return start_of_day(day, zone), start_of_day(next_day(day), zone)


def _select_since_flow_start(metric: str) -> Select:
    def select(situation: Situation) -> Sequence[Occurrence]:
        journey = situation.journey
        if journey is None:
            return ()
        return after_trigger(_events(metric, situation), metric, journey)

    return select


def _select_since_last(metric: str, other: str) -> Select:
    def select(situation: Situation) -> Sequence[Occurrence]:
        events = _events(metric, situation)
        others = situation.state.recent.get(other)
        if not others:
            return cast(Sequence[Occurrence], events)
        return _after(events, others[-1].at, others[-1].sequence)

    return select


def _in_last(question: Question, passes: Passes, window: int) -> Condition:
    def judge(situation: Situation) -> Truth:
        inside = question.matching(question.select(situation), situation)
        measured = question.measure(inside)
        holds = passes(measured[0], situation)
        for place, event in enumerate(inside, start=1):
            leaves_alone = place == len(inside) or inside[place].at != event.at
            if leaves_alone and passes(measured[place], situation) != holds:
                return holds, event.at + window
        return holds, None

    return judge


def _on_day(question: Question, passes: Passes, day: int, scope: Scope) -> Condition:
    meant_day = _meant_day(day, scope)
    nothing = question.measure(())[0]
    metric, ago = question.metric, _looks_back_by_days(day)

    def judge(situation: Situation) -> Truth:
        events = _events(metric, situation)
        if not events or events.at(-1) < situation.now - ago:  # true of most, in any zone
            return passes(nothing, situation), None
        meant = meant_day(situation)
        if events.at(-1) < meant.start:
            return passes(nothing, situation), None  # every day to come is as empty
        inside = question.matching(_between(events, meant.start, meant.end), situation)
        holds = passes(question.measure(inside)[0], situation)
        zone, today = _zone(situation, scope), meant.today
        # After the last of these days, every day is as empty as tomorrow.
        for days in range(1, 2 - day):
            start, end = _day(next_day(today, day + days), zone)
            inside = question.matching(_between(events, start, end), situation)
            if passes(question.measure(inside)[0], situation) != holds:
                return holds, start_of_day(next_day(today, days), zone)
        return holds, None

    return judge
