"""Quiet hours (SEMANTICS 4.2): P is held until they end, and the other rules are evaluated then.
The range includes its start and excludes its end; equal ends mean no quiet hours."""

import datetime

from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict
from streams.engine.values import Clock, at_clock, next_day, to_wall

DEFAULT_QUIET_HOURS = {
    "sms": (Clock(21, 0), Clock(8, 0)),
    "push": (Clock(21, 0), Clock(8, 0)),
}
"""By channel; the store's settings override them."""


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Holds during the quiet hours of P's time zone."""
    hours = message.quiet_hours
    if hours is None or hours[0] == hours[1]:
        return None
    start, end = hours
    begins, ends = datetime.time(start.hour, start.minute), datetime.time(end.hour, end.minute)
    otherwise = message.flow.zone

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        zone = turn.zone(otherwise)
        wall = to_wall(turn.now, zone)
        clock, today = wall.time(), wall.date()
        if begins < ends:
            if not begins <= clock < ends:
                return None
            day = today
        elif clock >= begins:
            day = next_day(today)
        elif clock < ends:
            day = today
        else:
            return None
        until = at_clock(day, end, zone)
        if until <= turn.now:  # clocks were set back over the end, which is past already
            return None
        evidence = {
            "quiet_from": f"{start.hour:02}:{start.minute:02}",
            "quiet_to": f"{end.hour:02}:{end.minute:02}",
            "timezone": zone.key,
            "until": until,
        }
        return Verdict(Outcome.HELD, "quiet_hours", evidence, until)

    return judge
