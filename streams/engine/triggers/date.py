"""`{date: profile.birthday, yearly: true, offset: -7d, at: "09:00"}`: a date of the profile starts
the flow, by the customer's own calendar (SEMANTICS 1.1, 2.4)."""

import calendar as months
import datetime
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.customer import CustomerState
from streams.engine.language import Scope, read_as
from streams.engine.program import NextMoment
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

_PREFIX = "profile."
_TYPES = (FieldType.DATE, FieldType.MOMENT)


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Starts the flow on a date of the customer's profile.

    `date`: the field, as `profile.birthday`
    `yearly`: true: every year on that day; 29 February in other years is 28 February
    `monthly`: true: every month on that day; the 31st of a short month is its last day
    `offset`: added to the date; earlier with a minus
    `at`: the clock time; without it, the start of the day
    """

    date: Text
    yearly: Boolean = False
    monthly: Boolean = False
    offset: Offset = 0
    at: ClockTime | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The field is a date of the profile, and the options fit it."""
    name = definition.date.removeprefix(_PREFIX)
    dates = [f"{_PREFIX}{name}" for name, field in scope.profile.items() if field.type in _TYPES]
    if definition.date not in dates:
        yield unknown_name(("date",), "date of the profile", definition.date, dates)
        return
    if definition.yearly and definition.monthly:
        yield Problem(("monthly",), "'yearly' and 'monthly' exclude each other", at_key=True)
    if scope.profile[name].type is FieldType.MOMENT and definition.at is not None:
        yield Problem(
            ("at",), f"{definition.date!r} has a clock time; 'at' is not allowed", at_key=True
        )
    if definition.at is not None and whole_days(definition.offset) is None:
        yield Problem(("offset",), "with 'at' the offset must be whole days, such as -7d")


def compile(definition: Definition, scope: Scope) -> NextMoment:  # noqa: A001 - same name in each
    """A closure that finds the next due date, not before a moment given."""
    field = definition.date.removeprefix(_PREFIX)
    otherwise = scope.zone
    as_type = read_as(scope.profile[field].type, scope)
    place = _placer(definition)

    def next_moment(state: CustomerState, since: Instant) -> Instant | None:
        value = as_type(state.profile.get(field))
        zone = zone_of(state.profile.get("timezone"), otherwise)
        if isinstance(value, int):
            day, clock_ms = to_date(value, zone), value - start_of_day(to_date(value, zone), zone)
        else:
            day_or_none = parse_date(value) if isinstance(value, str) else None
            if day_or_none is None:
                return None
            day, clock_ms = day_or_none, 0
        for one in _days(definition, day, to_date(since - definition.offset, zone)):
            moment = place(one, zone) + clock_ms
            if moment >= since:
                return moment
        return None

    return next_moment


def _placer(definition: Definition) -> Callable[[datetime.date, ZoneInfo], Instant]:
    clock = definition.at or Clock(0, 0)
    days, offset = whole_days(definition.offset), definition.offset
    if days is None:
        return lambda day, zone: start_of_day(day, zone) + offset
    return lambda day, zone: at_clock(next_day(day, days), clock, zone)


def _days(
    definition: Definition, day: datetime.date, around: datetime.date
) -> Iterator[datetime.date]:
    """The days on which the date recurs, from shortly before `around`, never before the first."""
    if definition.yearly:
        for year in range(max(day.year, around.year - 1), around.year + 3):
            yield yearly(day, year)
    elif definition.monthly:
        first = max(day.year * 12 + day.month - 1, around.year * 12 + around.month - 2)
        for number in range(first, around.year * 12 + around.month + 2):
            year, month = divmod(number, 12)
            last = months.monthrange(year, month + 1)[1]
            yield datetime.date(year, month + 1, min(day.day, last))
    else:
        yield day
