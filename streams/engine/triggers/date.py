"""`{date: profile.birthday, yearly: true, offset: -7d, at: "09:00"}`: a date of the customer starts
the flow, by the customer's own calendar (SEMANTICS 1.1, 1.14, 2.4)."""

import calendar as months
import datetime
from collections.abc import Callable, Iterator
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.customer import CustomerState
from streams.engine.language import Scope
from streams.engine.program import (
    OF_ORDERS,
    DateTrigger,
    followable_dates,
    followed_date,
    type_of_date,
)
from streams.engine.values import (
    Boolean,
    Clock,
    ClockTime,
    FieldType,
    Instant,
    Offset,
    Problem,
    Text,
    at_clock,
    next_day,
    parse_date,
    start_of_day,
    to_date,
    unknown_name,
    whole_days,
    yearly,
    zone_of,
)


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Starts the flow on a date of the customer.

    `date`: a field of the profile, as `profile.birthday`, or `order.first` or `order.last`: the day
      of the customer's first or last order
    `yearly`: true: every year on that day; 29 February in other years is 28 February
    `monthly`: true: every month on that day; the 31st of a short month is its last day
    `offset`: added to the date; earlier with a minus
    `at`: the clock time; without it, the start of the day
    `late`: for a date told after its moment: skip (the default), or enter at once, as long as the
      date itself lies ahead
    """

    date: Text
    yearly: Boolean = False
    monthly: Boolean = False
    offset: Offset = 0
    at: ClockTime | None = None
    late: Literal["skip", "enter"] = "skip"


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The date exists, and the options fit it."""
    dates = followable_dates(scope)
    if definition.date not in dates:
        yield unknown_name(("date",), "date of the customer", definition.date, dates)
        return
    if definition.yearly and definition.monthly:
        yield Problem(("monthly",), "'yearly' and 'monthly' exclude each other", at_key=True)
    if type_of_date(definition.date, scope) is FieldType.MOMENT and definition.at is not None:
        yield Problem(
            ("at",), f"{definition.date!r} has a clock time; 'at' is not allowed", at_key=True
        )
    if definition.at is not None and whole_days(definition.offset) is None:
        yield Problem(("offset",), "with 'at' the offset must be whole days, such as -7d")


def compile(definition: Definition, scope: Scope) -> DateTrigger:  # noqa: A001 - same name in each
    """The date, with closures that find its next moment and whether one has passed."""
    otherwise = scope.zone
    place = _placer(definition)
    followed = followed_date(definition.date, scope)

    def occurrences(state: CustomerState, since: Instant) -> Iterator[tuple[Instant, Instant]]:
        """Of each day on which the date recurs: its own beginning, and the moment to enter."""
        value = followed.value_of(state)
        zone = zone_of(state.profile.get("timezone"), otherwise)
        if isinstance(value, int):
            day, clock_ms = to_date(value, zone), value - start_of_day(to_date(value, zone), zone)
        else:
            day_or_none = parse_date(value) if isinstance(value, str) else None
            if day_or_none is None:
                return
            day, clock_ms = day_or_none, 0
        for one in _days(definition, day, to_date(since - definition.offset, zone)):
            yield start_of_day(one, zone) + clock_ms, place(one, zone) + clock_ms

    def next_moment(state: CustomerState, since: Instant) -> Instant | None:
        return next((moment for _, moment in occurrences(state, since) if moment >= since), None)

    def is_late(state: CustomerState, now: Instant) -> bool:
        ahead = (moment for begins, moment in occurrences(state, now) if begins > now)
        return next(ahead, now) < now

    return DateTrigger(followed, next_moment, is_late if definition.late == "enter" else None)


def _placer(definition: Definition) -> Callable[[datetime.date, ZoneInfo], Instant]:
    clock = definition.at or Clock(0, 0)
    days, offset = whole_days(definition.offset), definition.offset
    if days is None:
        return lambda day, zone: start_of_day(day, zone) + offset
    return lambda day, zone: at_clock(next_day(day, days), clock, zone)


def _days(
    definition: Definition, day: datetime.date, around: datetime.date
) -> Iterator[datetime.date]:
    """The days on which the date recurs, from shortly before `around`, never before the first. An
    order's own day is no anniversary of it."""
    if definition.yearly:
        first_year = day.year + (definition.date in OF_ORDERS)
        for year in range(max(first_year, around.year - 1), around.year + 3):
            yield yearly(day, year)
    elif definition.monthly:
        first_month = day.year * 12 + day.month - 1 + (definition.date in OF_ORDERS)
        first = max(first_month, around.year * 12 + around.month - 2)
        for number in range(first, around.year * 12 + around.month + 2):
            year, month = divmod(number, 12)
            last = months.monthrange(year, month + 1)[1]
            yield datetime.date(year, month + 1, min(day.day, last))
    else:
        yield day
