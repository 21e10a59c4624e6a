"""Items of a message: of the triggering event, of the cart, viewed or recommended."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.content.product import SOLD_OUT
from streams.engine.content.recommend import Recommend, check_recommended, compile_recommended
from streams.engine.customer import VIEWS_SHOWN, cart_of, is_bought_since, is_told_sold_out
from streams.engine.language import Scope, fields_of
from streams.engine.program import Turn
from streams.engine.values import NEWS, FieldType, Problem, as_written

Items = Callable[[Turn], list[dict[str, Any]]]

MOST_VIEWED = 4
_VIEWED_FIELDS = ("sku", "name", "category", "unit_price", "url")
_VIEW = "view.item"


class ItemSource(msgspec.Struct, frozen=True):
    """A source of items, named by one word in `items`."""

    check: Callable[[Scope], Iterator[Problem]]
    compile: Callable[[Scope], Items]


def _check_trigger(scope: Scope) -> Iterator[Problem]:
    if scope.trigger is None or scope.trigger not in scope.metrics:
        if not scope.is_trigger_unknown:
            yield Problem(("items",), "no triggering event here", found="trigger")
        return
    field = fields_of(scope.trigger, scope).get("items")
    if field is None or field.type is not FieldType.ITEMS:
        yield Problem(("items",), f"{scope.trigger} has no items", found="trigger")


def _compile_trigger(scope: Scope) -> Items:
    assert scope.trigger is not None
    scope.reads.read(scope.trigger, ("items",))
    store_currency = scope.currency
    is_of_article = scope.trigger in NEWS and scope.trigger != SOLD_OUT

    def items(turn: Turn) -> list[dict[str, Any]]:
        data = turn.trigger_data()
        if is_of_article and is_told_sold_out(turn.state, data["sku"]):
            return []  # since the news; what is gone is nothing to show (SEMANTICS 4.9)
        return _with_prices_as_written(data, store_currency)

    return items


def _with_prices_as_written(data: Mapping[str, Any], store_currency: str) -> list[dict[str, Any]]:
    """The items of an event that have a sku, with prices in the event's own currency, as P saw
    them."""
    items = as_written(data).get("items")
    if not items:
        return []
    currency = data.get("currency") or store_currency
    return [{**item, "currency": currency} for item in items if item.get("sku") is not None]


def _check_nothing(scope: Scope) -> Iterator[Problem]:
    return iter(())


def _compile_cart(scope: Scope) -> Items:
    store_currency = scope.currency

    def items(turn: Turn) -> list[dict[str, Any]]:
        cart = cart_of(turn.state)
        return [] if cart is None else _with_prices_as_written(cart, store_currency)

    return items


def _compile_viewed(scope: Scope) -> Items:
    """The newest viewed items that P hasn't bought since (7.4), each once, newest first; prices in
    the store's currency, as remembered."""
    store_currency = scope.currency
    scope.reads.remember(_VIEW, VIEWS_SHOWN, _VIEWED_FIELDS)
    scope.reads.shows_viewed = True

    def items(turn: Turn) -> list[dict[str, Any]]:
        viewed: dict[str, dict[str, Any]] = {}
        state = turn.state
        for view in reversed(state.recent.get(_VIEW, ())):
            sku = None if view.data is None else view.data.get("sku")
            if view.data is None or sku is None or sku in viewed:
                continue
            if is_bought_since(state, view, sku):
                continue
            viewed[sku] = {name: view.data.get(name) for name in _VIEWED_FIELDS}
            viewed[sku]["currency"] = store_currency
            if len(viewed) == MOST_VIEWED:
                break
        return list(viewed.values())

    return items


def check_items(items: str | Recommend, scope: Scope) -> Iterator[Problem]:
    """The source of items exists in this scope."""
    if isinstance(items, Recommend):
        return check_recommended(items, scope)
    return ITEM_SOURCES[items].check(scope)


def compile_items(items: str | Recommend, scope: Scope) -> Items:
    """The items at the moment of sending."""
    if isinstance(items, Recommend):
        return compile_recommended(items, scope)
    return ITEM_SOURCES[items].compile(scope)


ITEM_SOURCES: Mapping[str, ItemSource] = {
    "trigger": ItemSource(_check_trigger, _compile_trigger),
    "cart": ItemSource(_check_nothing, _compile_cart),
    "viewed": ItemSource(_check_nothing, _compile_viewed),
}
