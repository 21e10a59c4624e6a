"""Named texts of a flow: the variables of a message, the data of a webhook. Each is a constant or a
reference, formatted for people: money in major units, moments in P's zone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from streams.engine.customer import item_as_written
from streams.engine.language import ITEM, Reference, Scope, compile_reference, is_reference
from streams.engine.program import Turn
from streams.engine.values import (
    ConvertedData,
    FieldType,
    Problem,
    amount_text,
    as_written,
    moment_text,
)

Texts = Callable[[Turn], dict[str, str]]
"""The texts by name, without those of a missing value."""


def check_texts(texts: Mapping[str, str], key: str, scope: Scope) -> Iterator[Problem]:
    """References exist and have a text form; `key` is their path."""
    for name, value in texts.items():
        if is_reference(value):
            reference = compile_reference(value, scope, (key, name))
            if isinstance(reference, Problem):
                yield reference
            elif reference.type not in _TEXT_OF:
                kind = reference.type.value
                yield Problem((key, name), f"{value} is {kind}, which has no text form")


def compile_texts(texts: Mapping[str, str], scope: Scope) -> Texts:
    """The function that returns the texts for a customer."""
    constants = {name: value for name, value in texts.items() if not is_reference(value)}
    readers = {
        name: _text_reader(value, scope) for name, value in texts.items() if is_reference(value)
    }
    if not readers:
        return lambda turn: constants

    def read(turn: Turn) -> dict[str, str]:
        found = dict(constants)
        for name, reader in readers.items():
            text = reader(turn)
            if text is not None:
                found[name] = text
        return found

    return read


def compile_currencies(texts: Mapping[str, str], scope: Scope) -> Texts:
    """The function that returns the currency of each amount among the texts for a customer, by
    name."""
    amounts = {name: value for name, value in texts.items() if _is_amount(value, scope)}
    if not amounts:
        return lambda turn: _NO_TEXTS
    of_trigger = [name for name, value in amounts.items() if value.startswith((_TRIGGER, ITEM))]
    of_store = dict.fromkeys((name for name in amounts if name not in of_trigger), scope.currency)

    def read(turn: Turn) -> dict[str, str]:
        return {**of_store, **dict.fromkeys(of_trigger, _currency_of(turn, scope))}

    return read


_NO_TEXTS: dict[str, str] = {}


def _is_amount(text: str, scope: Scope) -> bool:
    reference = compile_reference(text, scope) if is_reference(text) else None
    return isinstance(reference, Reference) and reference.type is FieldType.MONEY


def _currency_of(turn: Turn, scope: Scope) -> str:
    """The currency of the triggering event's amounts as `_amount_reader` formats them."""
    data = turn.trigger_data()
    return str(data["currency"]) if isinstance(data, ConvertedData) else scope.currency


def _text_reader(text: str, scope: Scope) -> Callable[[Turn], str | None]:
    reference = compile_reference(text, scope)
    assert isinstance(reference, Reference)
    as_text, read = _TEXT_OF[reference.type], reference.read
    if reference.type is FieldType.MONEY and text.startswith(_TRIGGER):
        return _amount_reader(text.removeprefix(_TRIGGER), scope)
    if reference.type is FieldType.MONEY and text.startswith(ITEM):
        return _price_reader(text.removeprefix(ITEM), scope)

    def read_text(turn: Turn) -> str | None:
        value = read(turn)
        return None if value is None else as_text(value, turn, scope)

    return read_text


def _price_reader(field: str, scope: Scope) -> Callable[[Turn], str | None]:
    """An amount of the journey's item, as `_amount_reader` (SEMANTICS 1.13)."""

    def read_text(turn: Turn) -> str | None:
        item = item_as_written(turn.trigger_data())
        value = None if item is None else item.get(field)
        return None if value is None else amount_text(value, _currency_of(turn, scope))

    return read_text


_TRIGGER = "$trigger."


def _amount_reader(field: str, scope: Scope) -> Callable[[Turn], str | None]:
    """An amount of the triggering event in the event's own currency: `$trigger.total` beside
    `$trigger.currency` is what P has paid."""

    def read_text(turn: Turn) -> str | None:
        value = as_written(turn.trigger_data()).get(field)
        return None if value is None else amount_text(value, _currency_of(turn, scope))

    return read_text


_TEXT_OF: dict[FieldType, Callable[[Any, Turn, Scope], str]] = {
    FieldType.TEXT: lambda value, turn, scope: str(value),
    FieldType.DATE: lambda value, turn, scope: str(value),
    FieldType.NUMBER: lambda value, turn, scope: str(value),
    FieldType.BOOLEAN: lambda value, turn, scope: "true" if value else "false",
    FieldType.MONEY: lambda value, turn, scope: amount_text(value, scope.currency),
    FieldType.MOMENT: lambda value, turn, scope: moment_text(value, turn.zone(scope.zone)),
    FieldType.TEXTS: lambda value, turn, scope: ", ".join(value),
    FieldType.NUMBERS: lambda value, turn, scope: ", ".join(map(str, value)),
}
"""Formats by type: money in major units, moments in the customer's zone."""
