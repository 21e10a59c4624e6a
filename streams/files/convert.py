"""Converts a value of a table to a type of field (`FieldType`), for `mapping.py`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from sys import float_info
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.values import ITEM_FIELDS, FieldType, Instant, minor_digits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EARLIEST_MILLISECONDS = 10**11  # 1973; a smaller number is most likely in seconds
_LARGEST = 2**63 - 1  # an Avro long

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")


class Unfit(Exception):
    """A value of the wrong type or form; `path` leads from the field to the value."""

    def __init__(self, found: object, expected: str, path: str = "") -> None:
        text = "missing" if found is None else repr(found)
        self.found = text if len(text) <= 80 else text[:77] + "..."
        self.expected = expected
        self.path = path
        super().__init__(self.found, expected)

    def under(self, path: str) -> "Unfit":
        """Returns the error with `path` put before its own path."""
        self.path = path + self.path
        return self


@dataclass(frozen=True, slots=True)
class RowContext:
    """The context of the values of one row: the zone of local times, the currency of amounts."""

    zone: ZoneInfo
    currency: str


Converter = Callable[[Any, str, RowContext], Any]

HOWS: dict[FieldType | str, tuple[str, ...]] = {
    FieldType.TEXT: (),
    FieldType.NUMBER: (),
    FieldType.MONEY: ("major", "minor"),
    FieldType.BOOLEAN: (),
    FieldType.DATE: ("%…",),
    FieldType.MOMENT: ("ms", "s", "%…"),
    FieldType.ITEMS: ("major", "minor"),
    FieldType.TEXTS: ("split",),
    FieldType.NUMBERS: ("split",),
    FieldType.TEXT_MAP: (),
    FieldType.PATCH: (),
    "key": ("split", "number"),
}
"""Conversions of a type, beside the default one; "key" is one key of a map."""


def how_is_known(wanted: FieldType, key: str, how: str) -> bool:
    """True if `how` is a conversion for a field of this type, or for one key of it."""
    allowed = HOWS["key" if key else wanted]
    return how == "" or how in allowed or (how.startswith("%") and "%…" in allowed)


def convert_key(value: Any, how: str) -> Any:
    """Converts the value of one key of a map: unchanged, or to a list or a number."""
    match how:
        case "split":
            return _split(value)
        case "number":
            return _number(value, "", _NO_CONTEXT)
    return _plain(value)


def _text(value: Any, how: str, context: RowContext) -> str:
    match value:
        case str():
            return value
        case bool():
            raise Unfit(value, "text")
        case int():
            return str(value)
        case float() if value.is_integer():  # an id in a column with missing values: 17850.0
            return str(int(value))
    raise Unfit(value, "text")


def _number(value: Any, how: str, context: RowContext) -> int | float:
    number = _decimal(value, "a number")
    return int(number) if number == number.to_integral_value() else float(number)


def _money(value: Any, how: str, context: RowContext) -> int:
    if how == "major":
        amount = _decimal(_without_noise(value), "an amount in major units (12.50)")
        amount = amount.scaleb(minor_digits(context.currency))
        expected = _no_finer_than(context.currency)
    else:
        expected = "minor units as an integer (1250); for 12.50 map it with ':major'"
        amount = _decimal(value, expected)
    minor = int(amount)
    if minor != amount:
        raise Unfit(value, expected)
    if abs(minor) > _LARGEST:
        raise Unfit(value, "an amount below 2^63 minor units")
    return minor


def _without_noise(value: Any) -> Any:
    """Rounds a float to the digits that floats represent exactly: 0.1 + 0.2 is 0.3."""
    return float(f"{value:.{float_info.dig}g}") if isinstance(value, float) else value


def _no_finer_than(currency: str) -> str:
    digits = minor_digits(currency)
    owner = f"{currency} has" if currency else "most currencies have"
    return f"at most {digits} decimals, as {owner}" if digits else f"no decimals: {owner} none"


def _decimal(value: Any, expected: str) -> Decimal:
    """Returns the exact decimal that was written; of floats, that of their shortest text."""
    match value:
        case bool():
            raise Unfit(value, expected)
        case int():
            return Decimal(value)
        case float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else value
            if number.is_finite():
                return number
        case str() if _DECIMAL.fullmatch(value.strip()):
            return Decimal(value.strip())
    raise Unfit(value, expected)


def _boolean(value: Any, how: str, context: RowContext) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    truth = known.get(str(value).strip().lower())
    if truth is None:
        raise Unfit(value, "true or false")
    return truth


def _date(value: Any, how: str, context: RowContext) -> str:
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    try:
        text = str(value).strip()
        day = datetime.strptime(text, how).date() if how else date.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        raise Unfit(value, f"a date like {how or 'YYYY-MM-DD'}") from None
    return day.isoformat()


def _moment(value: Any, how: str, context: RowContext) -> Instant:
    match value:
        case datetime():
            return _instant(value, context.zone)
        case date():
            return _instant(datetime(value.year, value.month, value.day), context.zone)  # noqa: DTZ001
        case str() if how.startswith("%"):
            try:
                return _instant(datetime.strptime(value.strip(), how), context.zone)  # noqa: DTZ007
            except ValueError:
                raise Unfit(value, f"a time like {how}") from None
        case str() if not _INTEGER.fullmatch(value.strip()):
            try:
                return _instant(datetime.fromisoformat(value.strip()), context.zone)
            except ValueError:
                raise Unfit(
                    value, "a time like 2026-03-02T10:00 or milliseconds since 1970"
                ) from None
    number = _decimal(value, "a time like 2026-03-02T10:00 or milliseconds since 1970")
    if how == "s":
        return int(number * 1000)
    if number != number.to_integral_value():
        raise Unfit(value, "whole milliseconds since 1970; for seconds map it with ':s'")
    if how != "ms" and abs(number) < _EARLIEST_MILLISECONDS:
        raise Unfit(value, "milliseconds since 1970; for seconds map it with ':s'")
    return int(number)


def _instant(moment: datetime, zone: ZoneInfo) -> Instant:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return (moment - _EPOCH) // _MILLISECOND


def _items(value: Any, how: str, context: RowContext) -> list[dict[str, Any]]:
    items = _decoded(value, list, "a list of items")
    return [_item(item, f"[{place}]", how, context) for place, item in enumerate(items)]


def _item(item: Any, path: str, how: str, context: RowContext) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Unfit(item, "an item: sku, quantity, unit_price", path)
    converted = {}
    for name, wanted in ITEM_FIELDS.items():
        value = item.get(name)
        try:
            if value is not None:
                converted[name] = CONVERTERS[wanted.type](value, how, context)
            elif not wanted.is_optional:
                raise Unfit(None, wanted.type.value)
        except Unfit as unfit:
            raise unfit.under(f"{path}.{name}") from None
    return converted


def _texts(value: Any, how: str, context: RowContext) -> list[str]:
    values = _split(value) if how == "split" else _decoded(value, list, "a list of text")
    return [_text(entry, "", context) for entry in values]


def _numbers(value: Any, how: str, context: RowContext) -> list[int | float]:
    values = _split(value) if how == "split" else _decoded(value, list, "a list of numbers")
    return [_number(entry, "", context) for entry in values]


def _text_map(value: Any, how: str, context: RowContext) -> dict[str, str]:
    entries = _decoded(value, dict, "a map of text")
    return {_text(key, "", context): _text(entry, "", context) for key, entry in entries.items()}


def _patch(value: Any, how: str, context: RowContext) -> dict[str, Any]:
    entries = _decoded(value, dict, "profile fields with their values")
    return {_text(key, "", context): _plain(entry) for key, entry in entries.items()}


def _plain(value: Any) -> Any:
    """Converts a value of a map to its JSON form; dates as text, times as Instants (UTC)."""
    match value:
        case datetime():
            return _instant(value, _NO_CONTEXT.zone)
        case date():
            return value.isoformat()
        case Decimal():
            return _number(value, "", _NO_CONTEXT)
        case list():
            return [_plain(entry) for entry in value]
        case str() | int() | float():
            return value
    raise Unfit(value, "text, a number, true or false, a date, a time or a list of text")


def _split(value: Any) -> list[str]:
    if not isinstance(value, str):
        raise Unfit(value, "comma-separated text")
    return [part.strip() for part in value.split(",") if part.strip()]


def _decoded(value: Any, kind: type[list[Any]] | type[dict[Any, Any]], expected: str) -> Any:
    """Returns a list or map, decoded if it is a JSON text."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise Unfit(value, f"{expected} as JSON") from None
    if not isinstance(value, kind):
        raise Unfit(value, expected)
    return value


_NO_CONTEXT = RowContext(ZoneInfo("UTC"), "")

CONVERTERS: dict[FieldType, Converter] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.MONEY: _money,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.MOMENT: _moment,
    FieldType.ITEMS: _items,
    FieldType.TEXTS: _texts,
    FieldType.NUMBERS: _numbers,
    FieldType.TEXT_MAP: _text_map,
    FieldType.PATCH: _patch,
}
