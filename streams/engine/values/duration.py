"""The one grammar of durations: `90s`, `30m`, `4h`, `1d 2h 30m`, `2w` (FLOWS "Steps")."""

import re

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

LONGEST_DURATION = 3_660 * DAY
"""Ten years: a longer duration is a typing error, and dates are bounded."""

PATTERN = r"(\d+w)?( ?\d+d)?( ?\d+h)?( ?\d+m)?( ?\d+s)?"
_PARTS = re.compile(r"(\d+)([wdhms])")
_WHOLE = re.compile(PATTERN, re.ASCII)
_MILLISECONDS = {"w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}


def next_midnight(at: int) -> int:
    """The first midnight, UTC, after `at`."""
    return (at // DAY + 1) * DAY


def parse_duration(text: str) -> int | None:
    """Milliseconds; None if `text` isn't a duration. Units come in falling order, each once; a
    number needs a unit."""
    if not text or text[0] == " " or not _WHOLE.fullmatch(text):
        return None
    total = sum(int(number) * _MILLISECONDS[unit] for number, unit in _PARTS.findall(text))
    return total if total <= LONGEST_DURATION else None


def parse_offset(text: str) -> int | None:
    """Milliseconds of a duration that may be negative (`-3d`); None if `text` isn't one."""
    if text.startswith("-"):
        length = parse_duration(text[1:])
        return None if length is None else -length
    return parse_duration(text.removeprefix("+"))


def whole_days(length: int) -> int | None:
    """The number of days in `length` milliseconds, None unless whole (SEMANTICS 2.1)."""
    days, rest = divmod(length, DAY)
    return None if rest else days


def duration_text(length: int) -> str:
    """`1d 2h 30m` for 95,400,000, as `parse_duration` reads it (below a second: `250ms`)."""
    if length == 0:
        return "0s"
    sign, rest = ("-", -length) if length < 0 else ("", length)
    parts = []
    for unit in ("d", "h", "m", "s"):
        number, rest = divmod(rest, _MILLISECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    if rest:
        parts.append(f"{rest}ms")
    return sign + " ".join(parts)
