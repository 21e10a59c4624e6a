"""What a message shows: items of the triggering event, of the cart, or viewed ones."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.duration import DAY
from streams.engine.event import FieldType
from streams.engine.problem import Problem
from streams.engine.references import fields_of
from streams.engine.scope import Scope
from streams.engine.state import cart_of
from streams.engine.turn import Turn

Items = Callable[[Turn], list[dict[str, Any]]]

MOST_VIEWED = 4
_VIEWED_FIELDS = ("sku", "name", "category", "unit_price", "url")
_VIEWED_WINDOW = 30 * DAY
_VIEW = "view.item"


class ItemSource(msgspec.Struct, frozen=True):
    """One word that `items` may be."""

    check: Callable[[Scope], Iterator[Problem]]
    compile: Callable[[Scope], Items]


def _check_trigger(scope: Scope) -> Iterator[Problem]:
    if scope.trigger is None or scope.trigger not in scope.metrics:
        if not scope.is_trigger_unknown:
            yield Problem(("items",), "there is no triggering event here", found="trigger")
        return
    field = fields_of(scope.trigger, scope).get("items")
    if field is None or field.type is not FieldType.ITEMS:
        yield Problem(("items",), f"{scope.trigger} has no items", found="trigger")


def _compile_trigger(scope: Scope) -> Items:
    assert scope.trigger is not None
    scope.reads.read(scope.trigger, ("items",))
    return lambda turn: turn.trigger_data().get("items") or []


def _check_nothing(scope: Scope) -> Iterator[Problem]:
    return iter(())


def _compile_cart(scope: Scope) -> Items:
    def items(turn: Turn) -> list[dict[str, Any]]:
        cart = cart_of(turn.state)
        return [] if cart is None else cart.get("items") or []

    return items


def _compile_viewed(scope: Scope) -> Items:
    """The newest viewed items, each once, newest first."""
    scope.reads.remember(_VIEW, _VIEWED_WINDOW, _VIEWED_FIELDS)

    def items(turn: Turn) -> list[dict[str, Any]]:
        viewed: dict[str, dict[str, Any]] = {}
        for view in reversed(turn.state.recent.get(_VIEW, ())):
            if view.data is not None and "sku" in view.data:
                viewed.setdefault(view.data["sku"], view.data)
                if len(viewed) == MOST_VIEWED:
                    break
        return list(viewed.values())

    return items


ITEM_SOURCES: Mapping[str, ItemSource] = {
    "trigger": ItemSource(_check_trigger, _compile_trigger),
    "cart": ItemSource(_check_nothing, _compile_cart),
    "viewed": ItemSource(_check_nothing, _compile_viewed),
}
