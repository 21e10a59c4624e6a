"""Quiet hours and quiet days (SEMANTICS 4.2, 4.11): P is held until they end, and the other rules
are evaluated then. Hours include their start and exclude their end; equal ends mean none. A quiet
day is P's own, from 00:00 to 24:00. What touches is one stretch:

Sat 21:00        Sun 00:00        Mon 00:00        Mon 08:00
   |-- quiet hours --|-- quiet day ---|-- quiet hours --|
      ^ due                                             sent
"""

import datetime
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict
from streams.engine.values import Clock, Instant, at_clock, next_day, start_of_day, to_wall

DEFAULT_QUIET_HOURS = {
    "sms": (Clock(21, 0), Clock(8, 0)),
    "push": (Clock(21, 0), Clock(8, 0)),
}
"""By channel; the store's settings override them."""

_Ends = Callable[[datetime.datetime, ZoneInfo], Instant | None]
"""The end of a quiet time that contains a wall-clock time; None if it isn't quiet."""


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Holds during the quiet hours and days of P's time zone."""
    hours, days, dates = message.quiet_hours, message.quiet_days, message.quiet_dates
    if hours is not None and hours[0] == hours[1]:
        hours = None
    if hours is None and not days and not dates:
        return None
    end_of_hours = _never_quiet if hours is None else _end_of_hours(*hours)
    otherwise = message.flow.zone

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        zone = turn.zone(otherwise)
        until = turn.now
        quiet_days: list[str] = []
        by_hours = False
        while True:
            wall = to_wall(until, zone)
            today = wall.date()
            if today.weekday() in days or today in dates:
                quiet_days.append(today.isoformat())
                until = start_of_day(next_day(today), zone)
                continue
            end = end_of_hours(wall, zone)
            if end is None or end <= until:  # the latter if clocks were set back over the end
                break
            until, by_hours = end, True
        if until == turn.now:
            return None
        evidence: dict[str, Any] = {"timezone": zone.key, "until": until}
        if by_hours and hours is not None:
            evidence |= {"quiet_from": _text(hours[0]), "quiet_to": _text(hours[1])}
        if quiet_days:
            evidence["quiet_days"] = quiet_days
        return Verdict(Outcome.HELD, "quiet_hours", evidence, until)

    return judge


def _never_quiet(wall: datetime.datetime, zone: ZoneInfo) -> Instant | None:
    return None


def _end_of_hours(start: Clock, end: Clock) -> _Ends:
    begins, ends = datetime.time(start.hour, start.minute), datetime.time(end.hour, end.minute)

    def end_after(wall: datetime.datetime, zone: ZoneInfo) -> Instant | None:
        clock, today = wall.time(), wall.date()
        if begins < ends:
            return at_clock(today, end, zone) if begins <= clock < ends else None
        if clock >= begins:
            return at_clock(next_day(today), end, zone)
        return at_clock(today, end, zone) if clock < ends else None

    return end_after


def _text(clock: Clock) -> str:
    return f"{clock.hour:02}:{clock.minute:02}"
