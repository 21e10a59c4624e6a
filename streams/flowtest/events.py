"""What happens in a case: each entry of `events` to records of topics, with defaults for what is
left out."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.engine.calendar import place_moment, start_of_day
from streams.engine.definition import Definitions
from streams.engine.event import (
    ITEM_FIELDS,
    METRICS,
    PRODUCT_METRICS,
    PRODUCT_UPDATED,
    Field,
    FieldType,
    Instant,
    Metric,
)
from streams.engine.money import parse_amount
from streams.engine.problem import nearest_name
from streams.engine.references import IN_WORDS
from streams.engine.scalars import (
    LocalMoment,
    parse_boolean,
    parse_date,
    parse_moment,
    parse_number,
)
from streams.engine.scope import PROFILE_FIELDS


class WrongCase(Exception):
    """A case says something that can't be; the text names it."""


class Command(msgspec.Struct, frozen=True):
    """Of a send command, what `message.*` events need."""

    customer: str
    template: str
    send_id: str
    channel: str


class EventMaker:
    """Makes events of one case. Ids count up, so that each event has its own."""

    def __init__(self, definitions: Definitions) -> None:
        self._made = 0
        self.know(definitions)

    def know(self, definitions: Definitions) -> None:
        """From now on these definitions are in force."""
        self._zone = definitions.store.zone()
        self._currency = definitions.store.currency
        self._profile = {**PROFILE_FIELDS, **_own(definitions.store.profile)}
        self.metrics: Mapping[str, Metric] = definitions.scope().metrics

    def moment(self, text: Any) -> Instant:
        """A moment as written: the store's clock, unless it has an offset."""
        moment = parse_moment(text) if isinstance(text, str) else None
        if moment is not None:
            return place_moment(moment, self._zone)
        day = parse_date(text) if isinstance(text, str) else None
        if day is None:
            raise WrongCase(f"expected a moment such as 2026-03-02 10:00, found {text!r}")
        return start_of_day(day, self._zone)

    def placed(self, moment: LocalMoment) -> Instant:
        """A moment that was read already."""
        return place_moment(moment, self._zone)

    def metric_of(self, entry: Mapping[str, Any]) -> str | None:
        """The metric that an entry of `events` is about; None if it is no event."""
        return next((key for key in entry if key in self.metrics), None)

    def topic_of(self, metric: str) -> str:
        """The input that events of the metric arrive on."""
        return self.metrics[metric].topic

    def event(
        self, metric: str, fields: Any, at: Instant, find_command: Callable[[str, str], Command]
    ) -> dict[str, Any]:
        """The event as its schema wants it. `find_command` finds the newest command of a customer
        and template, for `message.*`. Raises WrongCase."""
        if not isinstance(fields, dict) or not isinstance(fields.get("customer"), str):
            raise WrongCase(f"{metric}: needs a customer, such as {{customer: ada}}")
        fields = dict(fields)
        customer = fields.pop("customer")
        self._made += 1
        event: dict[str, Any] = {
            "event_id": fields.pop("event_id", f"event-{self._made}"),
            "customer_id": customer,
            "occurred_at": at,
        }
        if "occurred_at" in fields:
            event["occurred_at"] = self.moment(fields.pop("occurred_at"))
        if metric == "customer.updated":
            return {**event, **self._patch(fields)}
        if metric.startswith("message.") and "template" in fields:
            command = find_command(customer, fields.pop("template"))
            fields = {"send_id": command.send_id, "channel": command.channel, **fields}
        return {**event, **self._fields(metric, self.metrics[metric].fields, fields)}

    def product(self, given: Any, at: Instant) -> dict[str, Any]:
        """What the shop says of an article, as its schema wants it. Raises WrongCase."""
        if not isinstance(given, dict) or not isinstance(given.get("sku"), str):
            raise WrongCase(f"{PRODUCT_UPDATED}: needs a sku, such as {{sku: A, price: 20}}")
        fields = dict(given)
        self._made += 1
        event = {"event_id": fields.pop("event_id", f"event-{self._made}"), "occurred_at": at}
        if "occurred_at" in fields:
            event["occurred_at"] = self.moment(fields.pop("occurred_at"))
        known = PRODUCT_METRICS[PRODUCT_UPDATED].fields
        return {**event, **self._fields(PRODUCT_UPDATED, known, fields)}

    def profile(self, customer: str, fields: Mapping[str, Any], at: Instant) -> dict[str, Any]:
        """A customer of the case as an event."""
        self._made += 1
        event = {"event_id": f"customer-{self._made}", "customer_id": customer, "occurred_at": at}
        return {**event, **self._patch(fields)}

    def value(self, raw: Any, field: Field, name: str, currency: str) -> Any:
        """A raw value in the form of its type. Raises WrongCase."""
        kind = field.type
        if raw is None:
            return None
        if kind is FieldType.ITEMS:
            return [self._item(item, currency) for item in _list(raw, name)]
        if kind in (FieldType.TEXTS, FieldType.NUMBERS):
            one = Field(FieldType.TEXT if kind is FieldType.TEXTS else FieldType.NUMBER)
            return [self.value(member, one, name, currency) for member in _list(raw, name)]
        if kind is FieldType.TEXT_MAP:
            if not isinstance(raw, dict):
                raise WrongCase(f"{name}: expected a mapping, found {raw!r}")
            return raw
        if not isinstance(raw, str):
            raise WrongCase(f"{name}: expected {IN_WORDS[kind]}, found {raw!r}")
        value = self._scalar(raw, kind, currency)
        if value is None:
            raise WrongCase(f"{name}: expected {IN_WORDS[kind]}, found {raw!r}")
        return value

    def _scalar(self, text: str, kind: FieldType, currency: str) -> Any:
        if kind is FieldType.TEXT:
            return text
        if kind is FieldType.MONEY:
            return parse_amount(text, currency)
        if kind is FieldType.MOMENT:
            return self.moment(text)
        if kind is FieldType.NUMBER:
            return parse_number(text)
        if kind is FieldType.BOOLEAN:
            return parse_boolean(text)
        day = parse_date(text)
        return None if day is None else day.isoformat()

    def _patch(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields that are given are set, null unsets; `set` and `unset` may also be written out."""
        given = dict(fields)
        unset = _list(given.pop("unset", []), "unset")
        given = {**given.pop("set", {}), **given}
        patch: dict[str, Any] = {}
        for name, raw in given.items():
            field = self._profile.get(name)
            if field is None:
                raise _unknown("profile field", name, self._profile)
            if raw is None:
                unset = [*unset, name]
            else:
                patch[name] = self.value(raw, field, name, self._currency)
        return {"set": patch, "unset": unset}

    def _fields(
        self, metric: str, fields: Mapping[str, Field], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        for name in given:
            if name not in fields:
                raise _unknown(f"field of {metric}", name, fields)
        currency = given.get("currency") or self._currency
        values: dict[str, Any] = {}
        for name, field in fields.items():
            if given.get(name) is not None:
                values[name] = self.value(given[name], field, name, currency)
            elif not field.is_optional:
                values[name] = currency if name == "currency" else self._default(name, field)
        return values

    def _default(self, name: str, field: Field) -> Any:
        if name == "order_id":  # two orders are two orders, unless the case says otherwise
            return f"order-{self._made}"
        return _DEFAULTS.get(field.type, name)

    def _item(self, raw: Any, currency: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise WrongCase(f"items: expected mappings such as {{sku: A}}, found {raw!r}")
        for name in raw:
            if name not in ITEM_FIELDS:
                raise _unknown("field of an item", name, ITEM_FIELDS)
        item: dict[str, Any] = {"quantity": 1, "unit_price": 0}
        for name, value in raw.items():
            item[name] = self.value(value, ITEM_FIELDS[name], name, currency)
        if "sku" not in item:
            raise WrongCase("items: every item needs a sku")
        return item


_DEFAULTS: dict[FieldType, Any] = {
    FieldType.NUMBER: 0,
    FieldType.MONEY: 0,
    FieldType.BOOLEAN: False,
    FieldType.ITEMS: [],
    FieldType.TEXTS: [],
    FieldType.NUMBERS: [],
    FieldType.TEXT_MAP: {},
}


def _own(types: Mapping[str, FieldType]) -> dict[str, Field]:
    return {name: Field(kind, is_optional=True) for name, kind in types.items()}


def _list(raw: Any, name: str) -> list[Any]:
    if not isinstance(raw, list):
        raise WrongCase(f"{name}: expected a list, found {raw!r}")
    return raw


def _unknown(kind: str, name: str, allowed: Mapping[str, Any]) -> WrongCase:
    nearest = nearest_name(name, allowed)
    meant = f": did you mean {nearest!r}?" if nearest else ""
    return WrongCase(f"unknown {kind} {name!r}{meant} (allowed: {', '.join(sorted(allowed))})")


def unknown_entry(entry: Mapping[str, Any], others: tuple[str, ...]) -> WrongCase:
    """An entry of `events` that is neither an event nor one of `others`."""
    keys = [key for key in entry if key != "at"]
    known = (*METRICS, *PRODUCT_METRICS, *others)
    return _unknown("metric or step", keys[0] if keys else "", dict.fromkeys(known))
