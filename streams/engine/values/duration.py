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


_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "wk", "wks", "week", "weeks"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_DAYS_OF = {"month": 30, "months": 30, "year": 365, "years": 365}
_OTHER_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)[\s,]*(?:and\s+)?", re.ASCII)
_ISO = re.compile(r"p(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?|p(\d+)w", re.ASCII)


def meant_duration(text: str) -> str | None:
    """`1d` for `1 day`, `1h 30m` for `1.5 hours`, `4h` for `PT4H`; None if nothing is near. A month
    is taken for 30 days, a year for 365."""
    written = text.strip().lower()
    sign = "-" if written.startswith("-") else ""
    written = written.lstrip("+-").strip()
    total = 0.0
    iso = _ISO.fullmatch(written)
    if iso is not None:
        parts = [(number, unit) for number, unit in zip(iso.groups(), "dhmsw", strict=True)]
        total = sum(int(number) * _MILLISECONDS[unit] for number, unit in parts if number)
    else:
        if _OTHER_PART.sub("", written):
            return None
        for number, word in _OTHER_PART.findall(written):
            if word in _DAYS_OF:
                total += float(number) * _DAYS_OF[word] * DAY
            elif word in _UNIT_OF:
                total += float(number) * _MILLISECONDS[_UNIT_OF[word]]
            else:
                return None
    if not 0 < total <= LONGEST_DURATION or total % SECOND:
        return None
    return sign + duration_text(int(total))


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
