"""Converts a value of a table to a type of field (`FieldType`), for `mapping.py`."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.values import (
    ITEM_FIELDS,
    FieldType,
)
from streams.files.row_context import Converter, RowContext, Unfit
from streams.files.row_warning import WarningKind
from streams.files.written_moments import instant_of, read_date, read_moment
from streams.files.written_numbers import read_money, read_number

HOWS: dict[FieldType | str, tuple[str, ...]] = {
    FieldType.TEXT: (),
    FieldType.NUMBER: (),
    FieldType.MONEY: ("major", "minor", "major:sum", "minor:sum"),
    FieldType.BOOLEAN: (),
    FieldType.DATE: ("%…",),
    FieldType.MOMENT: ("s", "ms", "us", "%…"),
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


def convert_key(value: Any, how: str, context: RowContext) -> Any:
    """Converts the value of one key of a patch: unchanged, or to a list or a number."""
    match how:
        case "split":
            return _split(value)
        case "number":
            return read_number(value, "", context)
    return _plain(value)


def convert_text_key(value: Any) -> str:
    """Converts the value of one key of a map of text: numbers and truths become text."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case date():  # times, too
            return value.isoformat()
    raise Unfit(value, "text")


_GRANTED = frozenset({"yes", "y", "true", "1", "granted", "subscribed", "confirmed", "opted_in"})
_NOT_GRANTED = frozenset(
    {
        *("no", "n", "false", "0", "none", "denied", "pending", "invalid", "redacted"),
        *("suppressed", "unsubscribed", "not_subscribed", "never_subscribed", "opted_out"),
    }
)


def is_granted(value: Any) -> bool:
    """True if a column about one channel says that it is consented to."""
    word = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    word = word.strip().lower().replace(" ", "_").replace("-", "_").replace("opt_", "opted_")
    if word in _GRANTED:
        return True
    if word in _NOT_GRANTED:
        return False
    raise Unfit(value, "yes or no, subscribed or unsubscribed")


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


def _boolean(value: Any, how: str, context: RowContext) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    truth = known.get(str(value).strip().lower())
    if truth is None:
        raise Unfit(value, "true or false")
    return truth


def _items(value: Any, how: str, context: RowContext) -> list[dict[str, Any]]:
    return [
        convert_item({name: (item.get(name), how) for name in ITEM_FIELDS}, place, context)
        for place, item in enumerate(item_records(value))
    ]


def item_records(value: Any) -> list[dict[str, Any]]:
    """Returns the elements of a list of items, decoded if it is a JSON text."""
    items = _decoded(value, list, "a list of items")
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise Unfit(item, "an item: sku, quantity, unit_price", f"[{place}]")
    return items  # type: ignore[no-any-return]


def convert_item(
    found: Mapping[str, tuple[Any, str]], place: int, context: RowContext
) -> dict[str, Any]:
    """Converts the values of one item, each with its conversion; the item is at `place`."""
    converted = {}
    field_path = context.path
    for name, wanted, hows, convert in _ITEM_PLAN:
        value, how = found.get(name, (None, ""))
        inside = f"[{place}].{name}"
        context.path = field_path + inside
        try:
            if is_said(value, wanted.type):
                how = how if how in hows else ""  # `major` of the list is for prices
                converted[name] = convert(value, how, context)
            elif not wanted.is_optional:
                raise Unfit(None, wanted.type.value)
            elif name == "sku":
                context.notes.append((WarningKind.NO_SKU, f"field {context.path!r} is missing"))
        except Unfit as unfit:
            raise unfit.under(inside) from None
    context.path = field_path
    return converted


_NO_NUMBER = frozenset({"nan", "nat"})
_TEXTUAL = frozenset({FieldType.TEXT, FieldType.TEXTS, FieldType.TEXT_MAP, FieldType.PATCH})


def is_said(value: Any, wanted: FieldType) -> bool:
    """False for a value that stands for none: null, blank text, not a number (a data frame writes
    `NaN` and `NaT` where nothing is)."""
    if value is None:
        return False
    if isinstance(value, str):
        text = value.strip()
        return bool(text) and not (
            len(text) == 3 and text.lower() in _NO_NUMBER and wanted not in _TEXTUAL
        )
    if isinstance(value, float | Decimal):
        return value == value
    return True


def _texts(value: Any, how: str, context: RowContext) -> list[str]:
    values = _split(value) if how == "split" else _decoded(value, list, "a list of text")
    return [_text(entry, "", context) for entry in values]


def _numbers(value: Any, how: str, context: RowContext) -> list[int | float]:
    values = _split(value) if how == "split" else _decoded(value, list, "a list of numbers")
    return [read_number(entry, "", context) for entry in values]


def _text_map(value: Any, how: str, context: RowContext) -> dict[str, str]:
    entries = _decoded(value, dict, "a map of text")
    return {
        _text(key, "", context): convert_text_key(entry)
        for key, entry in entries.items()
        if entry is not None
    }


def _patch(value: Any, how: str, context: RowContext) -> dict[str, Any]:
    entries = _decoded(value, dict, "profile fields with their values")
    patch = {}
    for key, entry in entries.items():
        try:
            patch[_text(key, "", context)] = _plain(entry)
        except Unfit as unfit:
            context.leave_out(f"{context.path}.{key}", unfit)
    return patch


def _plain(value: Any) -> Any:
    """Converts a value of a patch to its JSON form: dates to text, times to Instants (UTC). What
    JSON can hold and a profile can't is refused later, in the words of a worker."""
    match value:
        case datetime():
            return instant_of(value, _NO_CONTEXT.zone)
        case date():
            return value.isoformat()
        case Decimal():
            return read_number(value, "", _NO_CONTEXT)
        case list():
            return [_plain(entry) for entry in value]
        case str() | int() | float() | dict() | None:
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
    FieldType.NUMBER: read_number,
    FieldType.MONEY: read_money,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: read_date,
    FieldType.MOMENT: read_moment,
    FieldType.ITEMS: _items,
    FieldType.TEXTS: _texts,
    FieldType.NUMBERS: _numbers,
    FieldType.TEXT_MAP: _text_map,
    FieldType.PATCH: _patch,
}

_ITEM_PLAN = [
    (name, field, HOWS[field.type], CONVERTERS[field.type]) for name, field in ITEM_FIELDS.items()
]
