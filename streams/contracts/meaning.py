"""Judges the fields of an event by their meaning (SEMANTICS 8), in the same words for records of
topics, rows of an import and events of tests.

    types (fields.py, or the schema) ──► meaning ──► event
                                           │ WrongEvent: the event is refused
                                           └ refused fields of a patch: the rest of it applies

A record is judged the same whatever the definitions in force read of it: JUDGED_FIELDS are always
decoded.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.contracts.closed_lists import CLOSED_LISTS, word_in
from streams.contracts.fields import WrongEvent
from streams.contracts.moments import moment_problem
from streams.contracts.profile_values import ProfileField, read_patch
from streams.engine.language import PROFILE_FIELDS
from streams.engine.values import LARGEST_AMOUNT, METRICS, FieldType
from streams.settings import Settings

DEFAULT_PLACEHOLDERS = frozenset(Settings().placeholder_ids)

_PATCH = "customer.updated"
_MONEY = ("total", "amount", "unit_price", "price")
_OWN_ID = "order_id"


class Door(msgspec.Struct, frozen=True):
    """Settings of the judgement: the words that are no ids, in lower case, and the profile fields
    in force."""

    placeholder_ids: frozenset[str] = DEFAULT_PLACEHOLDERS
    profile_field: ProfileField = PROFILE_FIELDS.get


DEFAULT_DOOR = Door()

PARTLY_REFUSED = "partly_refused: "
"""Beginning of the reason of a dead letter whose event applies without the fields named."""

Judgement = Callable[[dict[str, Any], Door], dict[str, str] | None]
"""Judges the data of an event of one metric, and puts its words as they are meant. Returns the
refused fields of a patch with their problems. Raises WrongEvent."""


def partly_refused(refused: Mapping[str, str]) -> str:
    """Returns the reason for refused fields of a patch, by name with their problems."""
    return f"{PARTLY_REFUSED}{'; '.join(refused.values())}"


def id_problem(name: str, found: str, placeholders: frozenset[str]) -> str | None:
    """Returns the problem of an id, if any (SEMANTICS 8.5)."""
    if not found or found.isspace():
        return f"field {name!r} is empty"
    if found[0].isspace() or found[-1].isspace():
        return f"field {name!r} is {found[:40]!r}, expected an id without blanks around it"
    if found.lower() in placeholders:
        return f"field {name!r} is {found!r}, expected an id: this word stands for none"
    return None


def judgement_of(metric: str) -> Judgement | None:
    """Returns the judgement of the metric's events; None where the types say all."""
    if metric == _PATCH:
        return _judge_patch
    fields = METRICS[metric].fields
    words = CLOSED_LISTS.get(metric, {})
    amounts = tuple(name for name in _MONEY if name in fields)
    moments = tuple(n for n, field in fields.items() if field.type is FieldType.MOMENT)
    has_items = "items" in fields
    has_order = _OWN_ID in fields
    has_topic = "topic" in fields
    if not (words or amounts or moments or has_items or has_order):
        return None

    def judge(data: dict[str, Any], door: Door) -> None:
        if has_order and (found := data.get(_OWN_ID)) is not None:
            problem = id_problem(_OWN_ID, found, door.placeholder_ids)
            if problem is not None:
                raise WrongEvent(problem, _OWN_ID)
        for name, allowed in words.items():
            data[name] = _meant(name, data.get(name), allowed)
        if has_topic and (topic := data.get("topic")) is not None:
            # A blank one is none: who leaves the channel must not be taken to leave a topic alone.
            data["topic"] = topic.strip() or None
        for name in amounts:
            _check_amount(name, data.get(name))
        for name in moments:
            moment = data.get(name)
            if moment is not None and (problem := moment_problem(moment, name)):
                raise WrongEvent(problem, name)
        if has_items:
            for place, item in enumerate(data.get("items") or ()):
                price = item.get("unit_price")
                if price is not None and not -LARGEST_AMOUNT <= price <= LARGEST_AMOUNT:
                    _check_amount(f"items[{place}].unit_price", price)

    return judge


def _judge_patch(data: dict[str, Any], door: Door) -> dict[str, str] | None:
    given = data.get("set")
    if not given:
        return None
    data["set"], refused = read_patch(given, door.profile_field)
    return refused or None


def _meant(name: str, written: Any, allowed: Mapping[str, str]) -> str:
    word = word_in(allowed, written)
    if word is None:
        raise WrongEvent(
            f"field {name!r} is {written!r}, expected one of {', '.join(allowed)}", name
        )
    return word


def _check_amount(name: str, amount: int | None) -> None:
    if amount is not None and not -LARGEST_AMOUNT <= amount <= LARGEST_AMOUNT:
        raise WrongEvent(
            f"field {name!r} is {amount}, expected at most {LARGEST_AMOUNT} minor units", name
        )


JUDGEMENTS: dict[str, Judgement | None] = {metric: judgement_of(metric) for metric in METRICS}


def _judged(metric: str) -> frozenset[str]:
    fields = METRICS[metric].fields
    names = {"currency", "topic", _OWN_ID, *_MONEY, *CLOSED_LISTS.get(metric, ())}
    names |= {"set"} if metric == _PATCH else set()
    names |= {name for name, field in fields.items() if field.type is FieldType.MOMENT}
    return frozenset(names & fields.keys()) | ({"items.unit_price"} if "items" in fields else set())


JUDGED_FIELDS: dict[str, frozenset[str]] = {metric: _judged(metric) for metric in METRICS}
"""The fields that are decoded whatever the definitions read."""
