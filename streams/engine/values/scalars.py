"""Types of single values in definitions. Every scalar arrives as text and is typed by its place,
not by its form (FLOWS "The folder"): a marker in the annotation parses it."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec

from streams.engine.values.codes import is_code
from streams.engine.values.currencies import CURRENCIES
from streams.engine.values.duration import PATTERN as DURATION_PATTERN
from streams.engine.values.duration import meant_duration, parse_duration, parse_offset
from streams.engine.values.phone import phone_country


class Scalar(msgspec.Struct, frozen=True, eq=False):
    """Parses one kind of text. `parse` returns None for a text that doesn't fit; `expects`
    describes texts that fit; `schema` is the JSON Schema for editors. Of a text that doesn't fit,
    `meant` returns the text to write instead, and `why` the part that is wrong."""

    expects: str
    parse: Callable[[str], Any]
    schema: dict[str, Any]
    words: tuple[str, ...] = ()  # of a closed list: all values
    may_be_blank: bool = False  # the key may stand without a value
    meant: Callable[[str], str | None] = lambda text: None
    why: Callable[[str], str | None] = lambda text: None


class RawMapping(msgspec.Struct, frozen=True, eq=False):
    """A mapping whose keys depend on its context (the fields of a metric); it is read unchanged and
    validated in `check`, where the context is known."""

    expects: str
    schema: dict[str, Any]


class RawList(msgspec.Struct, frozen=True, eq=False):
    """A list (or one reference to a list) of operands, validated in `check`."""

    expects: str
    schema: dict[str, Any]


ANY_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_NUMBER_OR_TEXT: dict[str, Any] = {"type": ["string", "number"]}
_TEXT: dict[str, Any] = {"type": "string"}


class LocalMoment(msgspec.Struct, frozen=True):
    """A moment as written: wall-clock time without a zone or with an offset from UTC."""

    wall: datetime.datetime  # naive
    offset: int | None = None  # ms east of UTC, if written


class Clock(msgspec.Struct, frozen=True, order=True):
    """A time of day."""

    hour: int
    minute: int


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANNELS = ("email", "sms", "push", "web")
ALL_CHANNELS = "all"
"""Stands for every channel where somebody unsubscribes."""

BOUNCE_KINDS = {
    "hard": "hard",
    "permanent": "hard",
    "soft": "soft",
    "transient": "soft",
    "temporary": "soft",
    "deferred": "soft",
}
"""The kind of a bounce as providers write it, and the one that it is (SEMANTICS 8.1)."""

_IDENTIFIER = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MESSAGE_NAME = re.compile(
    rf"({_IDENTIFIER.pattern}/)?{_IDENTIFIER.pattern}", re.ASCII | re.IGNORECASE
)
_KEY_FIELD = re.compile(r"(\$item\.)?[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_METRIC = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_OTHER_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d\d))?h? ?([ap]\.?m\.?)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?"
    r" ?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def parse_clock(text: str) -> Clock | None:
    """`9:30`, `09:30` or `23:59`."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    return Clock(hour, minute) if hour < 24 and minute < 60 else None


def meant_clock(text: str) -> str | None:
    """`15:00` for `3pm`, `3:00 pm`, `15.00` or `15h`."""
    match = _OTHER_CLOCK.fullmatch(text.strip().lower())
    if match is None:
        return None
    hour, minute = int(match[1]), match[2] or "00"
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3].startswith("p") else 0)
    meant = f"{hour:02}:{minute}"
    return None if parse_clock(meant) is None else meant


def parse_date(text: str) -> datetime.date | None:
    """`2026-12-24`."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def parse_moment(text: str) -> LocalMoment | None:
    """`2026-12-24 18:00`, with seconds, milliseconds and an offset (`Z`, `+01:00`) if needed."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, hour, minute, second, fraction, offset = match.groups()
    date = parse_date(day)
    if date is None or int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    wall = datetime.datetime(  # noqa: DTZ001 - wall-clock time, its zone is known later
        date.year,
        date.month,
        date.day,
        int(hour),
        int(minute),
        int(second or 0),
        int((fraction or "0").ljust(3, "0")) * 1_000,
    )
    if offset is None:
        return LocalMoment(wall)
    if offset == "Z":
        return LocalMoment(wall, 0)
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return LocalMoment(wall, (-minutes if offset[0] == "-" else minutes) * 60_000)


def parse_decimal(text: str) -> Decimal | None:
    """A number as written, without an exponent."""
    if not _NUMBER.fullmatch(text) or len(text) > 30:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def parse_number(text: str) -> int | float | None:
    """A number as events carry it: whole numbers as int, others as float."""
    number = parse_decimal(text)
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def parse_integer(text: str) -> int | None:
    """A whole number."""
    number = parse_decimal(text)
    return None if number is None or "." in text else int(number)


def parse_boolean(text: str) -> bool | None:
    """`true` or `false`, as in YAML 1.2; `yes` and `no` are texts."""
    return {"true": True, "false": False}.get(text.lower())


def _meant_boolean(text: str) -> str | None:
    return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower())


def _duration_schema(sign: str) -> dict[str, Any]:
    """By pattern: an editor marks `1 day` while it is written."""
    return {"type": "string", "pattern": f"^{sign}(?=\\d){DURATION_PATTERN}$"}


_CLOCK_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": "^([01]?\\d|2[0-3]):[0-5]\\d$",
}


def _positive(text: str) -> int | None:
    number = parse_integer(text)
    return number if number is not None and number > 0 else None


def _not_negative(text: str) -> int | None:
    number = parse_integer(text)
    return number if number is not None and number >= 0 else None


def _code_length(text: str) -> int | None:
    number = parse_integer(text)
    return number if number is not None and 2 <= number <= 40 else None


def _positive_duration(text: str) -> int | None:
    return parse_duration(text) or None


def _rate(text: str) -> Decimal | None:
    number = parse_decimal(text)
    return number if number is not None and number > 0 else None


def _matching(pattern: re.Pattern[str], longest: int) -> Callable[[str], str | None]:
    def parse(text: str) -> str | None:
        return text if len(text) <= longest and pattern.fullmatch(text) else None

    return parse


def _not_empty(text: str) -> str | None:
    return text or None


def one_of(words: tuple[str, ...], kind: str) -> Scalar:
    """A marker for one word of a closed list."""

    def parse(text: str) -> str | None:
        return text if text in words else None

    return Scalar(kind, parse, {"enum": list(words)}, words)


Duration = Annotated[
    int,
    Scalar(
        "a duration such as 4h, 1d 2h 30m or 2w",
        parse_duration,
        _duration_schema(""),
        meant=meant_duration,
    ),
]
"""Milliseconds."""

PositiveDuration = Annotated[
    int,
    Scalar(
        "a positive duration, such as 4h or 7d",
        _positive_duration,
        _duration_schema(""),
        meant=meant_duration,
    ),
]

Offset = Annotated[
    int,
    Scalar(
        "a duration, negative for before, such as -3d or 12h",
        parse_offset,
        _duration_schema("[+-]?"),
        meant=meant_duration,
    ),
]
"""Milliseconds, negative for before."""

ClockTime = Annotated[
    Clock, Scalar('a clock time such as "15:00"', parse_clock, _CLOCK_SCHEMA, meant=meant_clock)
]
Code = Annotated[
    str,
    Scalar(
        "a coupon code of at most 100 characters, without line breaks or surrounding whitespace",
        lambda text: text if text and is_code(text) else None,
        _NUMBER_OR_TEXT,
    ),
]
CodePrefix = Annotated[
    str,
    Scalar(
        "a code prefix of at most 50 characters, without line breaks or surrounding whitespace",
        lambda text: text if is_code(text) and len(text) <= 50 else None,
        _NUMBER_OR_TEXT,
    ),
]
CodeLength = Annotated[
    int,
    Scalar(
        "a number of characters from 2 to 40",
        _code_length,
        {"type": "integer", "minimum": 2, "maximum": 40},
    ),
]
Date = Annotated[datetime.date, Scalar("a date such as 2026-12-24", parse_date, _TEXT)]
MomentText = Annotated[
    LocalMoment,
    Scalar("a moment such as 2026-12-24 18:00", parse_moment, _TEXT),
]
Weekday = Annotated[str, one_of(WEEKDAYS, "a weekday")]
Channel = Annotated[str, one_of(CHANNELS, "a channel")]
Text = Annotated[str, Scalar("a text", _not_empty, {"type": ["string", "number"]})]
AnyText = Annotated[str, Scalar("a text", lambda text: text, ANY_SCALAR)]
Percent = Annotated[
    int, Scalar("a whole number, 0 or more", _not_negative, {"type": "integer", "minimum": 0})
]
Integer = Annotated[int, Scalar("a whole number", parse_integer, {"type": "integer"})]
PositiveInteger = Annotated[
    int,
    Scalar("a whole number, 1 or more", _positive, {"type": "integer", "minimum": 1}),
]
Rate = Annotated[Decimal, Scalar("a rate above 0 such as 0.86", _rate, {"type": "number"})]
Boolean = Annotated[
    bool, Scalar("true or false", parse_boolean, {"type": "boolean"}, meant=_meant_boolean)
]
Identifier = Annotated[
    str,
    Scalar(
        "an id of letters, digits, '-', '_' and '.', at most 100",
        _matching(_IDENTIFIER, 100),
        _NUMBER_OR_TEXT,
    ),
]
"""Id of a flow, segment, pool, step or template: stable, because states and commands carry it."""

FieldName = Annotated[
    str,
    Scalar("a field name of letters, digits and '_'", _matching(_NAME, 100), _TEXT),
]
MessageName = Annotated[
    str,
    Scalar(
        "a message of this flow such as rate-us, or FLOW/STEP",
        _matching(_MESSAGE_NAME, 201),
        _NUMBER_OR_TEXT,
    ),
]
KeyField = Annotated[
    str,
    Scalar(
        "a field of the event, or of its item such as $item.sku", _matching(_KEY_FIELD, 100), _TEXT
    ),
]
MetricName = Annotated[
    str,
    Scalar("a metric's name such as order.placed", _matching(_METRIC, 100), _TEXT),
]
Currency = Annotated[
    str,
    Scalar(
        "a currency of ISO 4217 such as GBP",
        lambda text: text if text in CURRENCIES else None,
        _TEXT,
    ),
]
CountryCode = Annotated[
    str,
    Scalar(
        "a country of ISO 3166-1 such as GB",
        lambda text: text if phone_country(text) == text else None,
        _TEXT,
        meant=phone_country,
    ),
]
Operand = Annotated[
    str,
    Scalar("a value or a reference such as $trigger.order_id", lambda text: text, ANY_SCALAR),
]
"""A constant or a reference, typed in `check` by what it is compared with."""

Operands = Annotated[
    Any,
    RawList(
        "a list of values, or a reference to one",
        {"oneOf": [{"type": "array", "items": ANY_SCALAR}, {"type": "string", "pattern": r"^\$"}]},
    ),
]
Blank = Annotated[
    None,
    Scalar(
        "no value, as in `exit` or `{exit: , reason: why}`",
        lambda text: True if text == "" else None,
        {"type": "null"},
        may_be_blank=True,
    ),
]
"""A key without a value (`exit:`)."""
