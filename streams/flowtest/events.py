"""Events of a case: each entry of `events` to the record of a topic, with defaults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from streams.contracts.meaning import Door
from streams.engine.compiling import Definitions
from streams.engine.language import IN_WORDS, PROFILE_FIELDS, describe
from streams.engine.values import (
    ITEM_FIELDS,
    METRICS,
    PRODUCT_METRICS,
    PRODUCT_UPDATED,
    Field,
    FieldType,
    Instant,
    LocalMoment,
    Metric,
    Path,
    Problem,
    parse_amount,
    parse_boolean,
    parse_date,
    parse_moment,
    parse_number,
    place_moment,
    start_of_day,
    unknown_name,
)

Value = TypeVar("Value")


class WrongCase(Exception):
    """A case is invalid. The paths of `problems` begin in the case."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.sentence() for problem in problems))
        self.problems = list(problems)


class MessageNotFound(WrongCase):
    """An entry names a message that was not sent or queued for review before it."""


class SentMessage(msgspec.Struct, frozen=True):
    """A sent message: the fields that `message.*` events need."""

    customer: str
    template: str
    send_id: str
    channel: str


class EventMaker:
    """Makes the events of one case, with ids from a counter."""

    def __init__(self, definitions: Definitions) -> None:
        self._made = 0
        self.use_definitions(definitions)

    def use_definitions(self, definitions: Definitions) -> None:
        """Uses these definitions from now on."""
        self._zone = definitions.store.zone()
        self._currency = definitions.store.currency
        self._profile = {**PROFILE_FIELDS, **_own(definitions.store.profile)}
        self.door = Door(profile_field=self._profile.get)
        self.metrics: Mapping[str, Metric] = definitions.scope().metrics

    def moment(self, text: Any) -> Instant | None:
        """A moment as written: the store's clock, unless it has an offset. None if invalid."""
        moment = parse_moment(text) if isinstance(text, str) else None
        if moment is not None:
            return place_moment(moment, self._zone)
        day = parse_date(text) if isinstance(text, str) else None
        return None if day is None else start_of_day(day, self._zone)

    def placed(self, moment: LocalMoment) -> Instant:
        """The time of a moment that was read already."""
        return place_moment(moment, self._zone)

    def metric_of(self, entry: Mapping[str, Any]) -> str | None:
        """The metric of an entry of `events`; None if it is no event."""
        return next((key for key in entry if key in self.metrics), None)

    def topic_of(self, metric: str) -> str:
        """The input topic of the metric."""
        return self.metrics[metric].topic

    def event(
        self,
        metric: str,
        fields: Any,
        at: Instant,
        path: Path,
        find_sent: Callable[[str, str], SentMessage],
    ) -> dict[str, Any]:
        """The event by its schema. `find_sent` returns the newest message of a customer and
        template, for `message.*`. Raises WrongCase with all problems, at `path`."""
        problems: list[Problem] = []
        given = dict(fields) if isinstance(fields, dict) else {}
        customer = given.pop("customer", None)
        if not isinstance(customer, str):
            message = f"{metric}: needs a customer, such as {{customer: ada}}"
            problems.append(Problem(path, message))
        event = {**self._head(given, at, path, problems), "customer_id": customer}
        if metric == "customer.updated":
            event |= self._patch(given, path, problems)
        else:
            template = given.pop("template", None) if metric.startswith("message.") else None
            event |= self._fields(metric, self.metrics[metric].fields, given, path, problems)
            if template is not None and not problems:
                sent = find_sent(str(customer), template)
                named = {"send_id": sent.send_id, "channel": sent.channel}
                event |= {name: value for name, value in named.items() if name not in given}
        return _unless(problems, event)

    def product(self, fields: Any, at: Instant, path: Path) -> dict[str, Any]:
        """An update of an article, by its schema. Raises WrongCase as `event` does."""
        problems: list[Problem] = []
        given = dict(fields) if isinstance(fields, dict) else {}
        if not isinstance(given.get("sku"), str):
            message = f"{PRODUCT_UPDATED}: needs a sku, such as {{sku: A, price: 20}}"
            problems.append(Problem(path, message))
        event = self._head(given, at, path, problems)
        known = PRODUCT_METRICS[PRODUCT_UPDATED].fields
        event |= self._fields(PRODUCT_UPDATED, known, given, path, problems)
        return _unless(problems, event)

    def profile(
        self, customer: str, fields: Mapping[str, Any], at: Instant, path: Path
    ) -> dict[str, Any]:
        """A customer of the case as an event. Raises WrongCase as `event` does."""
        self._made += 1
        event = {"event_id": f"customer-{self._made}", "customer_id": customer, "occurred_at": at}
        problems: list[Problem] = []
        event |= self._patch(fields, path, problems)
        return _unless(problems, event)

    def value(self, raw: Any, field: Field, path: Path, currency: str) -> Any:
        """A raw value, converted to its type. Raises WrongCase."""
        problems: list[Problem] = []
        value = self._value(raw, field, path, currency, problems)
        return _unless(problems, value)

    def _head(
        self, given: dict[str, Any], at: Instant, path: Path, problems: list[Problem]
    ) -> dict[str, Any]:
        """The fields of every event, removed from `given`."""
        self._made += 1
        occurred_at: Instant | None = at
        if "occurred_at" in given:
            text = given.pop("occurred_at")
            occurred_at = self.moment(text)
            if occurred_at is None:
                problems.append(no_moment((*path, "occurred_at"), text))
        event_id = given.pop("event_id", f"event-{self._made}")
        return {"event_id": event_id, "occurred_at": occurred_at}

    def _value(
        self, raw: Any, field: Field, path: Path, currency: str, problems: list[Problem]
    ) -> Any:
        kind = field.type
        if raw is None:
            return None
        if kind is FieldType.ITEMS:
            items = _list(raw, path, problems)
            return [
                self._item(item, (*path, number), currency, problems)
                for number, item in enumerate(items)
            ]
        if kind in (FieldType.TEXTS, FieldType.NUMBERS):
            one = Field(FieldType.TEXT if kind is FieldType.TEXTS else FieldType.NUMBER)
            members = _list(raw, path, problems)
            return [
                self._value(member, one, (*path, number), currency, problems)
                for number, member in enumerate(members)
            ]
        if kind is FieldType.TEXT_MAP:
            if not isinstance(raw, dict):
                problems.append(_unfit(path, "a mapping", raw))
            return raw
        value = self._scalar(raw, kind, currency) if isinstance(raw, str) else None
        if value is None:
            problems.append(_unfit(path, IN_WORDS[kind], raw))
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

    def _patch(
        self, fields: Mapping[str, Any], path: Path, problems: list[Problem]
    ) -> dict[str, Any]:
        """Given fields are set, null unsets; `set` and `unset` may also be explicit."""
        direct = {name: raw for name, raw in fields.items() if name not in ("set", "unset")}
        written = fields.get("set", {})
        if not isinstance(written, dict):
            problems.append(_unfit((*path, "set"), "a mapping", written))
            written = {}
        unset = _list(fields.get("unset", []), (*path, "unset"), problems)
        patch: dict[str, Any] = {}
        for name, raw in {**written, **direct}.items():
            place = (*path, name) if name in direct else (*path, "set", name)
            field = self._profile.get(name)
            if field is None:
                problems.append(
                    unknown_name(place, "profile field", name, self._profile, at_key=True)
                )
            elif raw is None:
                unset = [*unset, name]
            else:
                patch[name] = self._value(raw, field, place, self._currency, problems)
        return {"set": patch, "unset": unset}

    def _fields(
        self,
        metric: str,
        fields: Mapping[str, Field],
        given: Mapping[str, Any],
        path: Path,
        problems: list[Problem],
    ) -> dict[str, Any]:
        for name in given:
            if name not in fields:
                kind = f"field of {metric}"
                problems.append(unknown_name((*path, name), kind, name, fields, at_key=True))
        written = given.get("currency")
        currency = written if isinstance(written, str) else self._currency
        values: dict[str, Any] = {}
        for name, field in fields.items():
            if given.get(name) is not None:
                values[name] = self._value(given[name], field, (*path, name), currency, problems)
            elif not field.is_optional:
                values[name] = currency if name == "currency" else self._default(name, field)
        return values

    def _default(self, name: str, field: Field) -> Any:
        if name == "order_id":  # orders differ unless the case gives an id
            return f"order-{self._made}"
        return _DEFAULTS.get(field.type, name)

    def _item(self, raw: Any, path: Path, currency: str, problems: list[Problem]) -> dict[str, Any]:
        item: dict[str, Any] = {"quantity": 1, "unit_price": 0}
        if not isinstance(raw, dict):
            problems.append(_unfit(path, "an item such as {sku: A}", raw))
            return item
        for name, value in raw.items():
            field = ITEM_FIELDS.get(name)
            if field is None:
                kind = "field of an item"
                problems.append(unknown_name((*path, name), kind, name, ITEM_FIELDS, at_key=True))
            else:
                item[name] = self._value(value, field, (*path, name), currency, problems)
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


def no_moment(path: Path, found: Any) -> Problem:
    """Problem: the value at `path` is not a moment."""
    return _unfit(path, "a moment such as 2026-03-02 10:00", found)


def unknown_entry(entry: Mapping[str, Any], path: Path, others: tuple[str, ...]) -> Problem:
    """Problem: an entry of `events` is neither an event nor one of `others`."""
    name = next((key for key in entry if key != "at"), "")
    known = (*METRICS, *PRODUCT_METRICS, *others)
    return unknown_name((*path, name), "metric or step", name, known, at_key=True)


def _unless(problems: list[Problem], value: Value) -> Value:
    if problems:
        raise WrongCase(problems)
    return value


def _list(raw: Any, path: Path, problems: list[Problem]) -> list[Any]:
    if isinstance(raw, list):
        return raw
    problems.append(_unfit(path, "a list", raw))
    return []


def _unfit(path: Path, expected: str, found: Any) -> Problem:
    name = next((f"{part}: " for part in reversed(path) if isinstance(part, str)), "")
    return Problem(path, f"{name}expected {expected}, found {describe(found)}")
