"""Moments of events: milliseconds since the epoch, and what else they look like (SEMANTICS 8.3)."""

from datetime import UTC, datetime
from typing import Any

from streams.engine.values import DAY, Instant

EARLIEST: Instant = 631_152_000_000  # 1990: earlier values are seconds, or were never set
LATEST: Instant = 7_258_118_400_000  # 2200: later values are microseconds, or a written date
MOST_AHEAD = DAY
"""How far a business time may lie after the record time: it is clamped and counted (DESIGN 5.1)."""

_AS_WRITTEN = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
"""Digits of a date written as a number, and its form."""


def moment_problem(moment: Instant, name: str = "occurred_at") -> str | None:
    """Returns the problem of a moment, if any, with the unit that it looks like."""
    if EARLIEST <= moment < LATEST:
        return None
    meant = _meant(moment)
    expected = "milliseconds since the epoch" + (f" ({meant[0]})" if meant else "")
    looks = f"; looks like {meant[1]}" if meant else ""
    return f"field {name!r} is {moment}, expected {expected}{looks}"


def ahead_problem(occurred_at: Instant, record_time: Instant) -> str | None:
    """Returns the problem of an event that is dated more than a day after its record, if it is."""
    if occurred_at <= record_time + MOST_AHEAD:
        return None
    return (
        f"field 'occurred_at' is {occurred_at} ({_text(occurred_at)}), expected at most a day "
        f"after the record's time {record_time} ({_text(record_time)})"
    )


def moment_in(text: str) -> Instant | None:
    """The moment that a text of ISO 8601 with an offset names; None for any other text."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return None if moment.tzinfo is None else _milliseconds(moment)
    except (ValueError, OverflowError):
        return None


def example_moment(value: Any) -> str:
    """Milliseconds for a text that is a date or a time (UTC unless it says otherwise); else an
    example of both."""
    try:
        moment = datetime.fromisoformat(value)
        return str(_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
    except (TypeError, ValueError, OverflowError):
        return "1772445600000 is 2026-03-02T10:00:00Z"


def _meant(moment: Instant) -> tuple[Instant, str] | None:
    """The moment in milliseconds, and the unit that it was given in."""
    for thousandths, unit in ((moment * 1000, "seconds"), (moment // 1000, "microseconds"),
                              (moment // 1_000_000, "nanoseconds")):  # fmt: skip
        if EARLIEST <= thousandths < LATEST:
            return thousandths, unit
    text = str(moment)
    form = _AS_WRITTEN.get(len(text))
    if form is None:
        return None
    try:
        written = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return _milliseconds(written), "a written date"


def _milliseconds(moment: datetime) -> Instant:
    return round(moment.timestamp() * 1000)


def _text(moment: Instant) -> str:
    try:
        return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "no date"
