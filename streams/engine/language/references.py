"""Values in definitions: constants typed by their place, and references such as
`$trigger.order_id`, `$profile.plan`, `$last.search.performed.query` (FLOWS "Steps")."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.customer import VALUES, Situation, expiry_of_code, item_of, value_reader
from streams.engine.language.profile_field import read_as
from streams.engine.language.scope import Scope
from streams.engine.values import (
    COMMON_FIELDS,
    ITEM_FIELDS,
    Field,
    FieldType,
    Path,
    Problem,
    amount_text,
    moment_text,
    parse_amount,
    parse_boolean,
    parse_date,
    parse_moment,
    parse_number,
    place_moment,
    start_of_day,
    unknown_name,
)

Reader = Callable[[Situation], Any]
"""Reads a value of a customer; None: missing."""


class Reference(msgspec.Struct, frozen=True):
    """A resolved `$...`: its type and its reader. A missing list of texts or numbers is read as an
    empty list (SEMANTICS 1.2)."""

    type: FieldType
    read: Reader


LIST_OF: dict[FieldType, FieldType] = {
    FieldType.TEXT: FieldType.TEXTS,
    FieldType.NUMBER: FieldType.NUMBERS,
}
ITEM_OF: dict[FieldType, FieldType] = {of: one for one, of in LIST_OF.items()}

IN_WORDS: dict[FieldType, str] = {
    FieldType.TEXT: "a text",
    FieldType.NUMBER: "a number",
    FieldType.MONEY: "an amount of money",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date",
    FieldType.MOMENT: "a moment",
    FieldType.ITEMS: "a list of items",
    FieldType.TEXTS: "a list of texts",
    FieldType.NUMBERS: "a list of numbers",
    FieldType.TEXT_MAP: "a map of texts",
    FieldType.PATCH: "a patch of the profile",
}
"""Field types in words, for messages."""

SOURCES = ("$trigger", "$item", "$profile", "$value", "$last", "$coupon", "$flow")


ITEM = "$item."
"""Begins a reference to the item that a journey is about (SEMANTICS 1.13)."""


def is_reference(raw: Any) -> bool:
    """True if a raw value is a reference, not a constant."""
    return isinstance(raw, str) and raw.startswith("$")


def refers_to_trigger(raw: Any) -> bool:
    """True if `$trigger`, or its `$item`, occurs anywhere in raw data: such a `wait_for` includes
    events since the flow's start (SEMANTICS 2.8)."""
    if isinstance(raw, str):
        return raw.startswith(("$trigger.", "$item."))
    if isinstance(raw, Mapping):
        return any(refers_to_trigger(value) for value in raw.values())
    return isinstance(raw, list) and any(refers_to_trigger(value) for value in raw)


def compile_reference(text: str, scope: Scope, path: Path = ()) -> Reference | Problem:
    """The reference `text` (`$source.name`), or the problem with it."""
    source, _, name = text.partition(".")
    reader = _SOURCES.get(source)
    if reader is None:
        return unknown_name(path, "reference", source, SOURCES)
    if not name:
        return Problem(path, f"{source} needs a field: {source}.NAME", found=text)
    return reader(name, scope, path)


def parse_constant(text: str, kind: FieldType, scope: Scope, path: Path = ()) -> Any | Problem:
    """A constant as events and profiles carry its type: money in minor units, dates as text,
    moments as Instants."""
    if kind in (FieldType.TEXT, FieldType.TEXTS):
        return text
    value = _CONSTANTS[kind](text, scope) if kind in _CONSTANTS else None
    if value is None:
        wanted = _WANTED.get(kind, IN_WORDS[kind])
        if kind is FieldType.MONEY:
            wanted = f"an amount of {scope.currency} such as 99.95"
        return Problem(path, f"expected {wanted}, found {text!r}", found=text)
    return value


def compile_value(text: str, kind: FieldType, scope: Scope, path: Path = ()) -> Reader | Problem:
    """The reader of a constant or reference of type `kind`, or the problem with it."""
    if is_reference(text):
        reference = compile_reference(text, scope, path)
        if isinstance(reference, Problem):
            return reference
        if reference.type is not kind and not scope.is_trigger_unknown:
            return Problem(
                path,
                f"{text} is {IN_WORDS[reference.type]}, expected {IN_WORDS[kind]}",
                found=text,
            )
        return reference.read
    value = parse_constant(text, kind, scope, path)
    if isinstance(value, Problem):
        return value
    return lambda situation: value


def fields_of(metric: str, scope: Scope) -> dict[str, Field]:
    """All fields of a metric's events. Raises KeyError for an unknown metric."""
    return {**COMMON_FIELDS, **scope.metrics[metric].fields}


def field_at(
    name: str, fields: Mapping[str, Field], scope: Scope, path: Path = ()
) -> FieldType | Problem:
    """The type of a dotted name (`total`, `filters.colour`, `set.plan`) among `fields`."""
    first, _, rest = name.partition(".")
    field = fields.get(first)
    if field is None:
        return unknown_name(path, "field", first, fields)
    if not rest:
        return field.type
    if field.type is FieldType.TEXT_MAP:
        return FieldType.TEXT
    if field.type is FieldType.PATCH:
        return field_at(rest, scope.profile, scope, path)
    if field.type is FieldType.ITEMS:
        return Problem(path, f"{first!r} is a list: write {first}: {{any: {{{rest}: ...}}}}")
    return Problem(
        path, f"{first!r} is {IN_WORDS[field.type]} and has no field {rest!r}", found=name
    )


def getter(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """The reader of a dotted name; it returns None if any part is missing."""
    if "." not in name:
        return lambda data: data.get(name)
    first, rest = name.split(".", 1)
    read_rest = getter(rest)

    def read(data: Mapping[str, Any]) -> Any:
        record = data.get(first)
        if record is None:
            return None
        # A text map may hold keys with dots in them.
        return record[rest] if rest in record else read_rest(record)

    return read


def field_reader(
    name: str, fields: Mapping[str, Field], scope: Scope
) -> Callable[[Mapping[str, Any]], Any]:
    """As `getter`, for a dotted name known among `fields`. Values in a profile patch are converted
    to the type of the profile field; values in custom events to the type in force, because the
    event may be older."""
    read = getter(name)
    first, _, rest = name.partition(".")
    field = scope.profile[rest] if rest and fields[first].type is FieldType.PATCH else fields[first]
    if not field.is_custom and field is fields[first]:
        return read
    as_type = read_as(field.type, scope)

    def read_typed(data: Mapping[str, Any]) -> Any:
        value = read(data)
        return None if value is None else as_type(value)

    return read_typed


def profile_reader(name: str, scope: Scope) -> Reader:
    """The reader of a profile field, converted to its type."""
    as_type = read_as(scope.profile[name].type, scope)

    def read(situation: Situation) -> Any:
        value = situation.state.profile.get(name)
        return None if value is None else as_type(value)

    return read


def json_value(kind: FieldType, scope: Scope) -> Callable[[Any], Any]:
    """Formats values of type `kind` as plain JSON: amounts in major units, moments in the zone of
    the scope, item lists by their length."""
    if kind is FieldType.MONEY:
        return lambda value: None if value is None else amount_text(value, scope.currency)
    if kind is FieldType.MOMENT:
        return lambda value: None if value is None else moment_text(value, scope.zone)
    if kind is FieldType.ITEMS:
        return lambda value: f"{len(value or ())} items"
    return lambda value: value


def _trigger(name: str, scope: Scope, path: Path) -> Reference | Problem:
    if scope.trigger is None:
        if scope.is_trigger_unknown:
            return Reference(FieldType.TEXT, lambda situation: None)
        return Problem(path, f"$trigger.{name}: no triggering event here", found=f"$trigger.{name}")
    fields = fields_of(scope.trigger, scope)
    if "[]." in name:
        return _trigger_items(name, fields, scope, path)
    kind = field_at(name, fields, scope, path)
    if isinstance(kind, Problem):
        return kind
    scope.reads.read(scope.trigger, (name.partition(".")[0],))
    read = field_reader(name, fields, scope)
    if kind in ITEM_OF:
        return Reference(kind, lambda situation: read(situation.trigger_data()) or [])
    return Reference(kind, lambda situation: read(situation.trigger_data()))


def _trigger_items(
    name: str, fields: Mapping[str, Field], scope: Scope, path: Path
) -> Reference | Problem:
    items, _, inner = name.partition("[].")
    field = fields.get(items)
    if field is None or field.type is not FieldType.ITEMS:
        lists = [name for name, field in fields.items() if field.type is FieldType.ITEMS]
        return unknown_name(path, "list of items", items, lists)
    kind = field_at(inner, ITEM_FIELDS, scope, path)
    if isinstance(kind, Problem):
        return kind
    if kind not in LIST_OF:
        return Problem(path, f"$trigger.{name}: only lists of texts and numbers can be used")
    assert scope.trigger is not None
    scope.reads.read(scope.trigger, (items,))

    def read(situation: Situation) -> list[Any]:
        found = situation.trigger_data().get(items) or ()
        return [item[inner] for item in found if item.get(inner) is not None]

    return Reference(LIST_OF[kind], read)


def _item(name: str, scope: Scope, path: Path) -> Reference | Problem:
    if not scope.is_per_item:
        if scope.is_trigger_unknown:
            return Reference(FieldType.TEXT, lambda situation: None)
        found = f"$item.{name}"
        return Problem(path, f"{found}: only in a flow with `each: items`", found=found)
    kind = field_at(name, ITEM_FIELDS, scope, path)
    if isinstance(kind, Problem):
        return kind
    assert scope.trigger is not None
    scope.reads.read(scope.trigger, ("items",))

    def read(situation: Situation) -> Any:
        item = item_of(situation.trigger_data())
        return None if item is None else item.get(name)

    return Reference(kind, read)


def _profile(name: str, scope: Scope, path: Path) -> Reference | Problem:
    kind = field_at(name, scope.profile, scope, path)
    if isinstance(kind, Problem):
        return kind
    read = profile_reader(name, scope)
    if kind in ITEM_OF:
        return Reference(kind, lambda situation: read(situation) or [])
    return Reference(kind, read)


def _last(name: str, scope: Scope, path: Path) -> Reference | Problem:
    metric = next((m for m in _longest_first(scope.metrics) if name.startswith(f"{m}.")), None)
    if metric is None:
        return unknown_name(path, "metric", name.rpartition(".")[0], scope.metrics)
    field = name[len(metric) + 1 :]
    fields = fields_of(metric, scope)
    kind = field_at(field, fields, scope, path)
    if isinstance(kind, Problem):
        return kind
    scope.reads.remember(metric, 0, (field.partition(".")[0],))
    read = field_reader(field, fields, scope)

    def read_newest(situation: Situation) -> Any:
        occurrences = situation.state.recent.get(metric)
        newest = occurrences[-1] if occurrences else None
        value = None if newest is None or newest.data is None else read(newest.data)
        return [] if value is None and kind in ITEM_OF else value

    return Reference(kind, read_newest)


def _longest_first(names: Mapping[str, Any]) -> Iterator[str]:
    return iter(sorted(names, key=len, reverse=True))


def _value(name: str, scope: Scope, path: Path) -> Reference | Problem:
    if name not in VALUES:
        return unknown_name(path, "value", name, VALUES)
    return Reference(VALUES[name], value_reader(name, scope.store_zone))


def _flow(name: str, scope: Scope, path: Path) -> Reference | Problem:
    if scope.flow is None:
        return Problem(path, f"$flow.{name}: not inside a flow", found=f"$flow.{name}")
    if name != "started_at":
        return unknown_name(path, "field of $flow", name, ("started_at",))

    def read(situation: Situation) -> Any:
        return None if situation.journey is None else situation.journey.started_at

    return Reference(FieldType.MOMENT, read)


def _coupon(name: str, scope: Scope, path: Path) -> Reference | Problem:
    if scope.flow is None:
        return Problem(path, f"$coupon.{name}: not inside a flow", found=f"$coupon.{name}")
    if name not in _OF_COUPON:
        return unknown_name(path, "field of $coupon", name, _OF_COUPON)
    if not scope.gives_coupons:
        return Problem(
            path,
            f"$coupon.{name}: no step of this flow assigns a coupon (assign_coupon, or coupon on a "
            "message)",
            found=f"$coupon.{name}",
        )

    def read_code(situation: Situation) -> Any:
        return None if situation.journey is None else situation.journey.coupon

    def read_expiry(situation: Situation) -> Any:
        code = read_code(situation)
        return None if code is None else expiry_of_code(situation.state, code, situation.now)

    if name == "code":
        return Reference(FieldType.TEXT, read_code)
    return Reference(FieldType.MOMENT, read_expiry)


_OF_COUPON = ("code", "expires")


_SOURCES: dict[str, Callable[[str, Scope, Path], Reference | Problem]] = {
    "$trigger": _trigger,
    "$item": _item,
    "$profile": _profile,
    "$last": _last,
    "$flow": _flow,
    "$value": _value,
    "$coupon": _coupon,
}


def _moment(text: str, scope: Scope) -> int | None:
    moment = parse_moment(text)
    if moment is not None:
        return place_moment(moment, scope.zone)
    day = parse_date(text)
    return None if day is None else start_of_day(day, scope.zone)


def _date_text(text: str, scope: Scope) -> str | None:
    day: datetime.date | None = parse_date(text)
    return None if day is None else day.isoformat()


_CONSTANTS: dict[FieldType, Callable[[str, Scope], Any]] = {
    FieldType.NUMBER: lambda text, scope: parse_number(text),
    FieldType.NUMBERS: lambda text, scope: parse_number(text),
    FieldType.MONEY: lambda text, scope: parse_amount(text, scope.currency),
    FieldType.BOOLEAN: lambda text, scope: parse_boolean(text),
    FieldType.DATE: _date_text,
    FieldType.MOMENT: _moment,
}
_WANTED: dict[FieldType, str] = {
    FieldType.NUMBER: "a number",
    FieldType.NUMBERS: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date such as 2026-12-24",
    FieldType.MOMENT: "a moment such as 2026-12-24 18:00",
}
