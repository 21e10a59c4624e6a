"""Converts a value of a table to a type of field (`FieldType`), for `mapping.py`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from sys import float_info
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.values import (
    ITEM_FIELDS,
    LARGEST_AMOUNT,
    FieldType,
    Instant,
    amount_text,
    minor_digits,
)
from streams.files.row_warning import WarningKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EARLIEST_MILLISECONDS = 10**11  # 1973; a smaller number is most likely in seconds
_LATEST_MILLISECONDS = 10**13  # 2286; a larger number is most likely a written date, or finer
_UNITS = {"s": Decimal(1000), "ms": Decimal(1), "us": Decimal("0.001")}

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DECIMAL_WITH_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?")
_THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{3}")
_UTC_BEHIND = re.compile(r" UTC$")  # as warehouses write it
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

    def about(self, path: str) -> str:
        """Returns the problem of the field at `path` as a sentence."""
        return f"field {path!r} is {self.found}, expected {self.expected}"


@dataclass(slots=True)
class RowContext:
    """The context of the values of one row: the zone of local times, the currency of amounts, the
    decimal separator of texts. `path` is that of the value in hand; `notes` what was mended;
    `left_out` the fields of a patch that can't be read, by path with their problems."""

    zone: ZoneInfo
    currency: str
    has_decimal_comma: bool = False
    path: str = ""
    notes: list[tuple[WarningKind, str]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def note(self, kind: WarningKind, found: object, read_as: object) -> None:
        """Notes that the value in hand was mended."""
        self.notes.append((kind, f"field {self.path!r} is {found!r}, read as {read_as!r}"))

    def leave_out(self, path: str, unfit: "Unfit") -> None:
        """Leaves a field of a patch out: the rest of the patch applies (SEMANTICS 8.4)."""
        self.left_out[path] = unfit.about(path)


Converter = Callable[[Any, str, RowContext], Any]

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
            return _number(value, "", context)
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


def _number(value: Any, how: str, context: RowContext) -> int | float:
    number = _decimal(value, "a number", context)
    return int(number) if number == number.to_integral_value() else float(number)


def _money(value: Any, how: str, context: RowContext) -> int:
    if how.startswith("major"):
        expected = "an amount in major units (12.50)"
        amount = _decimal(_without_noise(value), expected, context)
        amount = amount.scaleb(minor_digits(context.currency))
        minor = int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))
        if minor != amount:
            written = amount_text(minor, context.currency)
            context.notes.append(
                (
                    WarningKind.ROUNDED,
                    f"field {context.path!r} is {value!r}, rounded to {written}: "
                    f"{_decimals_of(context.currency)}",
                )
            )
    else:
        expected = "minor units as an integer (1250); for 12.50 map it with ':major'"
        amount = _decimal(value, expected, context)
        minor = int(amount)
        if minor != amount:
            raise Unfit(value, expected)
    if abs(minor) > LARGEST_AMOUNT:
        raise Unfit(value, f"at most {LARGEST_AMOUNT} minor units")
    return minor


def _without_noise(value: Any) -> Any:
    """Rounds a float to the digits that floats represent exactly: 0.1 + 0.2 is 0.3."""
    return float(f"{value:.{float_info.dig}g}") if isinstance(value, float) else value


def _decimals_of(currency: str) -> str:
    digits = minor_digits(currency)
    owner = f"{currency} has" if currency else "most currencies have"
    return f"{owner} {digits} decimals" if digits else f"{owner} no decimals"


def _decimal(value: Any, expected: str, context: RowContext) -> Decimal:
    """Returns the exact decimal that was written; of floats, that of their shortest text."""
    match value:
        case bool():
            pass
        case int():
            return Decimal(value)
        case float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else value
            if number.is_finite():
                return number
        case str():
            return _decimal_of_text(value, expected, context)
    raise Unfit(value, expected)


def _decimal_of_text(value: str, expected: str, context: RowContext) -> Decimal:
    text = value.strip()
    if not context.has_decimal_comma:
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if _DECIMAL_WITH_COMMA.fullmatch(text):
            expected += "; if its comma is a decimal comma: --decimal-comma"
        raise Unfit(value, expected)
    expected = expected.replace("12.50", "12,50")
    if _THOUSANDS_OR_DECIMALS.fullmatch(text):
        whole, _, rest = text.partition(".")
        raise Unfit(value, f"{expected}; it may mean {whole}{rest} or {whole},{rest}")
    if _DECIMAL_WITH_COMMA.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
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
                written = _UTC_BEHIND.sub("+00:00", value.strip())
                return _instant(datetime.fromisoformat(written), context.zone)
            except ValueError:
                raise Unfit(
                    value, "a time like 2026-03-02T10:00 or milliseconds since 1970"
                ) from None
    return _instant_of_number(value, how, context)


def _instant_of_number(value: Any, how: str, context: RowContext) -> Instant:
    expected = "a time like 2026-03-02T10:00 or milliseconds since 1970"
    number = _decimal(value, expected, context)
    if how in _UNITS:
        return int(number * _UNITS[how])
    if number != number.to_integral_value():
        raise Unfit(value, "whole milliseconds since 1970; for seconds map it with ':s'")
    if abs(number) < _EARLIEST_MILLISECONDS:
        raise Unfit(value, "milliseconds since 1970; for seconds map it with ':s'")
    if number > _LATEST_MILLISECONDS:
        raise Unfit(value, f"milliseconds since 1970; {_meant_by(str(int(number)))}")
    return int(number)


def _meant_by(digits: str) -> str:
    """Returns the mapping that a number too large for milliseconds probably needs."""
    try:
        datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return "for microseconds map it with ':us'"
    return "for a written time map it with ':%Y%m%d%H%M%S'"


def _instant(moment: datetime, zone: ZoneInfo) -> Instant:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return (moment - _EPOCH) // _MILLISECOND


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
    return [_number(entry, "", context) for entry in values]


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
            return _instant(value, _NO_CONTEXT.zone)
        case date():
            return value.isoformat()
        case Decimal():
            return _number(value, "", _NO_CONTEXT)
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

_ITEM_PLAN = [
    (name, field, HOWS[field.type], CONVERTERS[field.type]) for name, field in ITEM_FIELDS.items()
]
