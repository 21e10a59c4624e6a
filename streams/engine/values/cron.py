"""A cron line: minute, hour, day of the month, month, day of the week (`0 9 * * 1-5`).

Each field is `*`, a number, a range `a-b`, a list `a,b` or a step `*/n`, `a-b/n`; months and
weekdays have names too (`jan`, `mon`), and Sunday is 0 and 7. Where both days are given, either
will do. Times are wall-clock times of a zone: one that is skipped is the first instant after the
gap, one that comes twice is the first (SEMANTICS 2.4, W42).
"""

import bisect
import datetime
import zoneinfo
from typing import Annotated

import msgspec

from streams.engine.values.calendar import at_clock, next_day, to_wall
from streams.engine.values.event import Instant
from streams.engine.values.scalars import WEEKDAYS, Clock, Scalar

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = {name: number for number, name in enumerate(_MONTHS, start=1)}
_WEEKDAY_NAMES = {name: number % 7 for number, name in enumerate(WEEKDAYS, start=1)}
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_DAYS = 366 * 41
"""29 February on a given weekday comes after 40 years at the latest."""


class Cron(msgspec.Struct, frozen=True):
    """A parsed cron line. `days` and `weekdays` are None for `*`; Sunday is 0."""

    times: tuple[Clock, ...]  # of a day, in order
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    def next_after(self, at: Instant, zone: zoneinfo.ZoneInfo) -> Instant:
        """The first instant after `at` that matches in `zone`."""
        wall = to_wall(at, zone)
        day = wall.date()
        first = bisect.bisect_left(self.times, Clock(wall.hour, wall.minute))
        for _ in range(_MOST_DAYS):
            if self._matches(day):
                for clock in self.times[first:]:
                    moment = at_clock(day, clock, zone)
                    if moment > at:
                        return moment
            day = next_day(day)
            first = 0
        raise AssertionError("parse_cron accepted a line that never matches")

    def _matches(self, day: datetime.date) -> bool:
        if day.month not in self.months:
            return False
        is_day = self.days is None or day.day in self.days
        is_weekday = self.weekdays is None or day.isoweekday() % 7 in self.weekdays
        if self.days is not None and self.weekdays is not None:
            return is_day or is_weekday
        return is_day and is_weekday


def parse_cron(text: str) -> Cron | None:
    """The cron line `text`; None if it is invalid or never matches (30 February)."""
    fields = text.lower().split()
    if len(fields) != 5:
        return None
    minutes, hours, days, months, weekdays = (
        _parse_field(field, low, high, names)
        for field, (_, low, high, names) in zip(fields, _FIELDS, strict=True)
    )
    if minutes is None or hours is None or days is None or months is None or weekdays is None:
        return None
    any_day, any_weekday = fields[2] == "*", fields[4] == "*"
    if any_weekday and not any(
        day <= _LONGEST_MONTH[month - 1] for day in days for month in months
    ):
        return None
    return Cron(
        tuple(Clock(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        None if any_day else days,
        months,
        None if any_weekday else frozenset(day % 7 for day in weekdays),
    )


_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTH_NAMES),
    ("day of the week", 0, 7, _WEEKDAY_NAMES),
)


def wrong_field(text: str) -> str | None:
    """The part of an invalid cron line that is wrong, in words; None if the line is valid."""
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        names = ", ".join(name for name, *_ in _FIELDS)
        return f"it has {len(fields)} fields, expected {len(_FIELDS)}: {names}"
    for field, (name, low, high, names_of) in zip(fields, _FIELDS, strict=True):
        if _parse_field(field, low, high, names_of) is None:
            known = list(names_of)
            words = f", {known[0]} to {known[-1]}" if known else ""
            return f"its {name} is {field!r}, allowed are {low} to {high}{words}, * and */n"
    return None if parse_cron(text) is not None else "no month of it has that day"


def _parse_field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int] | None:
    numbers: set[int] = set()
    for part in text.split(","):
        found = _parse_part(part, low, high, names)
        if found is None:
            return None
        numbers.update(found)
    return frozenset(numbers)


def _parse_part(text: str, low: int, high: int, names: dict[str, int]) -> range | None:
    span, slash, step_text = text.partition("/")
    step = _number(step_text, {}) if slash else 1
    if not step:
        return None
    if span == "*":
        return range(low, high + 1, step)
    first_text, dash, last_text = span.partition("-")
    first = _number(first_text, names)
    last = _number(last_text, names) if dash else (high if slash else first)
    if first is None or last is None:
        return None
    if dash and last == 0 and "sun" in names:
        last = 7  # fri-sun
    if not low <= first <= last <= high:
        return None
    return range(first, last + 1, step)


def _number(text: str, names: dict[str, int]) -> int | None:
    if text in names:
        return names[text]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None


CronLine = Annotated[
    Cron,
    Scalar('a cron line such as "0 9 * * 1-5"', parse_cron, {"type": "string"}, why=wrong_field),
]
