"""A field of the profile as conditions and references see it.

A patch may carry any value under any name, and later definitions may give a field another type. So
a value is converted to the type in force: the number 17 to the text 17 for a text field (SEMANTICS
3.6), the text 17 to the number for a number field. A value that can't be converted is missing;
nothing raises (1.2).
"""

from collections.abc import Callable
from math import isfinite
from typing import Any

from streams.engine.language.scope import Scope
from streams.engine.values import (
    FieldType,
    parse_boolean,
    parse_date,
    parse_moment,
    parse_number,
    place_moment,
    start_of_day,
)

ReadAs = Callable[[Any], Any]
"""Converts a profile value to one type; None if it doesn't fit."""


def read_as(kind: FieldType, scope: Scope) -> ReadAs:
    """The conversion of profile values for a field of type `kind`."""
    if kind is FieldType.MOMENT:
        return lambda value: _moment(value, scope)
    return _READ_AS[kind]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, str):
        number = parse_number(value)
        return float(number) if number is not None and abs(number) >= _BEYOND else number
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and isfinite(value) else None  # NaN is missing


_BEYOND = 1 << 63
"""States hold whole numbers of 64 bits."""


def _money(value: Any) -> int | None:
    """Minor units, as in events."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        return parse_boolean(value)
    return value if isinstance(value, bool) else None


def _date(value: Any) -> str | None:
    return value if isinstance(value, str) and parse_date(value) is not None else None


def _moment(value: Any, scope: Scope) -> int | None:
    """Milliseconds since the epoch, or a written moment, in the store's zone unless it has an
    offset."""
    if isinstance(value, str):
        moment, day = parse_moment(value), parse_date(value)
        if moment is not None:
            return place_moment(moment, scope.store_zone)
        return None if day is None else start_of_day(day, scope.store_zone)
    return _money(value)


def _texts(value: Any) -> list[str] | None:
    return value if isinstance(value, list) else None


def _numbers(value: Any) -> list[int | float] | None:
    if not isinstance(value, list):
        return None
    numbers = [_number(member) for member in value]
    return [number for number in numbers if number is not None]


_READ_AS: dict[FieldType, ReadAs] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _money,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.TEXTS: _texts,
    FieldType.NUMBERS: _numbers,
}
