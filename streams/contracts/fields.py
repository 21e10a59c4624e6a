"""Checks an event given as plain values (JSON, a row of an import) against its metric. Errors name
the field, what was found and what was expected."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from streams.contracts.moments import example_moment, moment_in, moment_problem
from streams.contracts.schemas import Schema, kind_of
from streams.engine.values import (
    CURRENCIES,
    ITEM_FIELDS,
    LARGEST_AMOUNT,
    Field,
    FieldType,
    Instant,
    Metric,
    minor_digits,
)

EVENT_FIELDS: dict[str, Field] = {
    "event_id": Field(FieldType.TEXT),
    "customer_id": Field(FieldType.TEXT),
    "occurred_at": Field(FieldType.MOMENT),
}
"""Fields of every event."""


class WrongEvent(ValueError):
    """An event that does not match its metric; the text names the field, what was found and
    expected. `field` is None if the event as a whole is wrong."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


FieldsRead = Callable[[str], frozenset[str] | None]
"""Metric -> the fields that the definitions in force read; None: all. `items.sku` is only the SKU
of the items."""

EventCheck = Callable[[dict[str, Any]], dict[str, Any]]
"""Returns all fields of an event in the order of its schema, with defaults and nulls filled in;
unknown names are dropped. Raises WrongEvent."""


def all_fields(_metric: str) -> None:
    """For readers of whole events."""
    return


def event_check(metric: Metric, schema: Schema) -> EventCheck:
    """Returns a function that checks events of one metric."""
    plan = [
        (name, field, "default" in written, written.get("default"), kind_of(written["type"]))
        for written in schema["fields"]
        for name in [written["name"]]
        for field in [EVENT_FIELDS.get(name) or metric.fields[name]]
    ]

    def check(event: dict[str, Any]) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        for name, field, has_default, default, kind in plan:
            value = event.get(name)
            if value is None:
                if not has_default:
                    raise WrongEvent(f"field {name!r} is missing", name)
                checked[name] = default.copy() if default else default
            else:
                try:
                    checked[name] = _CHECKS[field.type](value, name, kind)
                except _WrongAmount as wrong:
                    raise wrong.in_currency(event.get("currency")) from None
        if not checked["event_id"]:
            raise WrongEvent("field 'event_id' is empty", "event_id")
        if problem := moment_problem(checked["occurred_at"]):
            raise WrongEvent(problem, "occurred_at")
        if problem := currency_problem(checked.get("currency")):
            raise WrongEvent(problem, "currency")
        return checked

    return check


def typed_custom_fields(metric: Metric, given: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of an event of a custom metric: those of its definition, None for missing
    ones; others are dropped. Raises WrongEvent."""
    checked: dict[str, Any] = {}
    for name, field in metric.fields.items():
        if field.type is FieldType.TEXT_MAP:
            continue  # `properties`, which the schema has beside the metric's own fields
        value = given.get(name)
        if value is not None:
            try:
                value = _CHECKS[field.type](value, name, "any number")
            except _WrongAmount as wrong:
                raise wrong.in_currency(given.get("currency")) from None
            if field.type is FieldType.MOMENT and (problem := moment_problem(value, name)):
                raise WrongEvent(problem, name)
        checked[name] = value
    if problem := currency_problem(checked.get("currency")):
        raise WrongEvent(problem, "currency")
    return checked


def typed(fields: Mapping[str, Field], given: dict[str, Any]) -> dict[str, Any]:
    """Returns the `fields` of a record, checked; None for optional ones that are missing. Raises
    WrongEvent."""
    checked: dict[str, Any] = {}
    for name, field in fields.items():
        value = given.get(name)
        if value is not None:
            try:
                value = _CHECKS[field.type](value, name, "long")
            except _WrongAmount as wrong:
                raise wrong.in_currency(given.get("currency")) from None
        elif not field.is_optional:
            raise WrongEvent(f"field {name!r} is missing", name)
        checked[name] = value
    return checked


def currency_problem(currency: str | None) -> str | None:
    """Returns the problem of a currency code, if any: amounts could not be compared."""
    if currency is None or currency in CURRENCIES:
        return None
    return f"field 'currency' is {currency!r}, expected an ISO 4217 code such as GBP"


def unknown_field(event: dict[str, Any], metric: Metric) -> str | None:
    """Returns the problem of an event with a field that its metric lacks: a typo, in an import."""
    known = EVENT_FIELDS.keys() | metric.fields.keys()
    for name in sorted(event.keys() - known):
        return f"field {name!r} is not known, expected one of {', '.join(sorted(known))}"
    for item in event.get("items") or ():
        for name in sorted(item.keys() - ITEM_FIELDS.keys()):
            return f"field 'items[].{name}' is not known, expected one of {', '.join(ITEM_FIELDS)}"
    return None


def _text(value: Any, path: str, _kind: str) -> str:
    if type(value) is not str:
        raise _wrong(path, value, f"text ({str(value)!r})" if type(value) is int else "text")
    return value


def _boolean(value: Any, path: str, _kind: str) -> bool:
    if type(value) is not bool:
        raise _wrong(path, value, "true or false")
    return value


def _number(value: Any, path: str, kind: str) -> int | float:
    if type(value) is float and not isfinite(value):
        raise _wrong(path, value, "a number")  # infinite, or none: nothing adds up with it
    if kind == "double":
        if type(value) not in (int, float):
            raise _wrong(path, value, "a number")
        return float(value)
    if kind == "any number" and type(value) is float:
        return value
    if not is_long(value):
        raise _wrong(path, value, "an integer" if kind == "long" else "a number")
    return int(value)


def _money(value: Any, path: str, _kind: str) -> int:
    if not is_long(value):
        raise _WrongAmount(path, value)
    if not -LARGEST_AMOUNT <= value <= LARGEST_AMOUNT:
        raise _wrong(path, value, f"at most {LARGEST_AMOUNT} minor units")
    return int(value)


def _moment(value: Any, path: str, _kind: str) -> Instant:
    moment = moment_in(value) if type(value) is str else value
    if not is_long(moment):
        raise _wrong(
            path,
            value,
            f"milliseconds since the epoch as an integer ({example_moment(value)}), or a text of "
            "ISO 8601 with an offset",
        )
    return int(moment or 0)


def is_long(value: Any) -> bool:
    """True for an integer of at most 64 bits, as Avro's `long` holds it."""
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def _date(value: Any, path: str, _kind: str) -> str:
    try:
        if len(value) != 10:
            raise ValueError  # other forms of ISO 8601 would not compare as text
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(path, value, "a date as text (2026-03-02)") from None
    return str(value)


def _texts(value: Any, path: str, _kind: str) -> list[str]:
    if type(value) is not list:
        raise _wrong(path, value, "a list of text")
    return [_text(entry, f"{path}[{i}]", "string") for i, entry in enumerate(value)]


def _numbers(value: Any, path: str, _kind: str) -> list[int | float]:
    if type(value) is not list:
        raise _wrong(path, value, "a list of numbers")
    return [_number(entry, f"{path}[{i}]", "double") for i, entry in enumerate(value)]


def _text_map(value: Any, path: str, _kind: str) -> dict[str, str]:
    if type(value) is not dict:
        raise _wrong(path, value, "an object of texts")
    return {name: _text(entry, f"{path}.{name}", "string") for name, entry in value.items()}


def _patch(value: Any, path: str, _kind: str) -> dict[str, Any]:
    """Its values are judged one by one (profile_values.py): what one of them can't be refuses none
    of the others (SEMANTICS 8.4)."""
    if type(value) is not dict:
        raise _wrong(path, value, "an object of profile fields")
    return value


def _items(value: Any, path: str, _kind: str) -> list[dict[str, Any]]:
    if type(value) is not list:
        raise _wrong(path, value, "a list of items")
    return [_item(entry, f"{path}[{i}]") for i, entry in enumerate(value)]


def _item(value: Any, path: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise _wrong(path, value, "an item: an object with sku, quantity and unit_price")
    checked: dict[str, Any] = {}
    for name, field in ITEM_FIELDS.items():
        entry = value.get(name)
        if entry is not None:
            entry = _CHECKS[field.type](entry, f"{path}.{name}", "long")
        elif not field.is_optional:
            raise WrongEvent(f"field '{path}.{name}' is missing", f"{path}.{name}")
        checked[name] = entry
    return checked


_CHECKS: dict[FieldType, Callable[[Any, str, str], Any]] = {
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


def _wrong(path: str, found: Any, expected: str) -> WrongEvent:
    shown = repr(found)
    if len(shown) > 80:
        shown = f"{shown[:77]}..."
    return WrongEvent(f"field {path!r} is {shown}, expected {expected}", path)


class _WrongAmount(Exception):
    """An amount that is not an integer; the suggestion depends on the currency, another field."""

    def __init__(self, path: str, found: Any) -> None:
        self._path = path
        self._found = found

    def in_currency(self, currency: Any) -> WrongEvent:
        """The error, with the probable intention: '12,50' is 1250."""
        digits = minor_digits(currency) if isinstance(currency, str) else 2
        try:
            amount = Decimal(str(self._found).replace(",", "."))
            meant = str(int(amount.scaleb(digits)))
        except (InvalidOperation, ValueError, OverflowError):
            meant = "1250 is 12.50"
        return _wrong(self._path, self._found, f"minor units as an integer ({meant})")
