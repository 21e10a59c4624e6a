"""Values of profile fields against their types, as patches bring them (SEMANTICS 8.4)."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from streams.contracts.closed_lists import CHANNEL_WORDS, word_in
from streams.contracts.fields import is_long
from streams.contracts.moments import moment_in, moment_problem
from streams.engine.values import CHANNELS, LARGEST_AMOUNT, Field, FieldType, parse_number

ProfileField = Callable[[str], Field | None]
"""The definition in force of a profile field; None for an unknown name, which holds anything."""

CONSENT = "consent"

_SMALLEST_MILLISECONDS = 10**11
"""A number closer to 1970 that stands for a date is most likely one of seconds."""


class _Unfit(Exception):
    """A value of another type; says what was expected."""


def read_patch(
    given: Mapping[str, Any], profile_field: ProfileField
) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the fields that fit, as a profile keeps them, and for each of the others its name
    with the problem."""
    fitting: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name, value in given.items():
        field = profile_field(name)
        try:
            if value is None:
                raise _Unfit("a value; to clear a field, name it in 'unset'")
            fitting[name] = _any(value) if field is None else _read(name, value, field.type)
        except _Unfit as unfit:
            refused[name] = f"field 'set.{name}' is {_shown(value)}, expected {unfit}"
    return fitting, refused


def _read(name: str, value: Any, kind: FieldType) -> Any:
    return _consent(value) if name == CONSENT else _READERS[kind](value)


def _any(value: Any) -> Any:
    """A value of a field without a type: whatever the contract can hold. Avro brings nothing else;
    JSON and rows may."""
    match value:
        case str() | bool() | float():
            return value
        case int():
            return _in_64_bits(value)
        case list():
            return _texts(value)
    raise _Unfit("text, a number, true, false or a list of text")


def _in_64_bits(value: int) -> int:
    if not is_long(value):
        raise _Unfit("a number of at most 64 bits")
    return value


def _consent(value: Any) -> list[str]:
    if type(value) is str:  # "email, sms"
        value = [word for word in value.split(",") if word.strip()]
    words = [word_in(CHANNEL_WORDS, word) for word in value] if type(value) is list else [None]
    channels = [word for word in words if word is not None]
    if len(channels) < len(words):
        raise _Unfit(f"a list of {', '.join(CHANNELS)}")
    return list(dict.fromkeys(channels))


def _text(value: Any) -> str:
    if type(value) is not str:
        meant = f" ({str(value)!r})" if type(value) in (int, float) else ""
        raise _Unfit(f"text{meant}")
    return value


def _number(value: Any) -> int | float:
    if type(value) is int:
        return _in_64_bits(value)
    if type(value) is not float or not isfinite(value):
        raise _Unfit("a number")
    return value


def _money(value: Any) -> int:
    if type(value) is not int:
        raise _Unfit("minor units as an integer (1250 is 12.50)")
    if not -LARGEST_AMOUNT <= value <= LARGEST_AMOUNT:
        raise _Unfit(f"at most {LARGEST_AMOUNT} minor units")
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _Unfit("true or false")
    return value


def _date(value: Any) -> str:
    """A moment given for a date is its date: that of its own offset, for a number that of UTC."""
    try:
        if type(value) is int and abs(value) >= _SMALLEST_MILLISECONDS:
            return datetime.fromtimestamp(value / 1000, UTC).date().isoformat()
        if type(value) is str:
            text = value.strip()
            day = date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
            return day.isoformat()[:10]  # strftime leaves zeros of a year out
    except (ValueError, OverflowError, OSError):
        pass
    raise _Unfit("a date as text (1990-06-01)")


def _moment(value: Any) -> int:
    moment = moment_in(value) if type(value) is str else value
    if type(moment) is not int or moment_problem(moment) is not None:
        raise _Unfit("milliseconds since the epoch, or ISO 8601 with an offset")
    return moment


def _texts(value: Any) -> list[str]:
    if type(value) is not list or any(type(entry) is not str for entry in value):
        raise _Unfit("a list of text")
    return value


def _numbers(value: Any) -> list[str]:
    """Kept as text, since the contract has no other lists; whoever reads the field converts it."""
    if type(value) is not list or any(
        type(entry) is not str or parse_number(entry) is None for entry in value
    ):
        raise _Unfit("a list of numbers as text")
    return value


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


_READERS: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _money,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.MOMENT: _moment,
    FieldType.TEXTS: _texts,
    FieldType.NUMBERS: _numbers,
}
"""By the types that a profile field may have."""
