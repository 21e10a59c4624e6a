"""`items: {recommend: related, limit: 4}`: items that the customer hasn't bought (SEMANTICS
7.4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal

import msgspec

from streams.engine.content.catalogue import CATALOGUE, NO_ARTICLES, Catalogue, shown_item
from streams.engine.content.recommendations import FACT, Recommendations
from streams.engine.customer import SEARCHED, bought_lately, cart_of, has_bought
from streams.engine.effects import Bought
from streams.engine.language import Scope, fields_of
from streams.engine.program import Turn
from streams.engine.values import DAY, FieldType, PositiveInteger, Problem, Text

MOST_RECOMMENDED = 20
"""Limit on items of one message."""
VIEWED, ORDERED = "view.item", "order.placed"
_VIEWED_WINDOW = 30 * DAY

Anchors = Callable[[Turn, Recommendations], dict[str, str | None]]
"""The articles from which a recommendation starts: SKUs, with their categories as far as known."""
Candidates = Callable[[Turn, Recommendations, Iterable[str]], Iterable[str]]


class Recommend(msgspec.Struct, frozen=True, kw_only=True):
    """Items that the customer hasn't bought.

    `recommend`: popular: most bought; related: bought together with the items in question; search:
      bought after the same search; new: most recently sold for the first time
    `limit`: maximum number of items
    `price`: at_least_bought: nothing cheaper than the dearest item of the triggering order
    `category`: same: of the categories of the items in question; or a list of categories
    """

    recommend: Literal["popular", "related", "search", "new"]
    limit: PositiveInteger = 4
    price: Literal["at_least_bought"] | None = None
    category: Literal["same"] | list[Text] | None = None


def check_recommended(definition: Recommend, scope: Scope) -> Iterator[Problem]:
    """The limit and the trigger fit."""
    if definition.limit > MOST_RECOMMENDED:
        yield Problem(
            ("items", "limit"), f"expected at most {MOST_RECOMMENDED}", found=str(definition.limit)
        )
    if definition.price is not None and not scope.is_trigger_unknown and not _has_items(scope):
        yield Problem(
            ("items", "price"),
            "'price' needs a trigger with items, such as order.placed",
            found=definition.price,
        )


def compile_recommended(
    definition: Recommend, scope: Scope
) -> Callable[[Turn], list[dict[str, Any]]]:
    """The items, best first, in the store's currency; none before the first facts."""
    scope.reads.facts.add(FACT)
    currency, exchange, limit = scope.currency, scope.exchange, definition.limit
    anchors = _anchors(scope)
    candidates = _CANDIDATES[definition.recommend](scope)
    suits = _suits(definition, scope)

    def items(turn: Turn) -> list[dict[str, Any]]:
        known: Recommendations | None = turn.facts.get(FACT)
        if known is None:
            return []
        catalogue: Catalogue = turn.facts.get(CATALOGUE, NO_ARTICLES)

        def shown_as(sku: str) -> Bought | None:
            counted = known.counted(sku)
            if counted is None:
                return None
            return shown_item(counted, catalogue.article(sku), exchange)

        start = anchors(turn, known)
        fits = suits(turn, shown_as, start)
        suitable = (
            shown
            for sku in candidates(turn, known, start)
            if sku not in start
            and not has_bought(turn.state, sku)
            and (shown := shown_as(sku)) is not None
            and fits(shown)
        )
        return [
            {**msgspec.structs.asdict(shown), "currency": currency}
            for shown in islice(suitable, limit)
        ]

    return items


ShownAs = Callable[[str], Bought | None]
"""An article by SKU as messages show it; None: it can't be had, or nobody has bought it."""
Suits = Callable[[Turn, ShownAs, Mapping[str, str | None]], Callable[[Bought], bool]]
"""For one message, whether an article may be shown in it."""


def _suits(definition: Recommend, scope: Scope) -> Suits:
    """The test for articles that `exclude` of the store allows, that have a sku, and that fit the
    definition (SEMANTICS 7.4)."""
    excluded_skus = {"", *scope.exclude.skus}
    excluded_categories = frozenset(scope.exclude.categories)
    is_dear = definition.price is not None
    wanted = definition.category

    def suits(
        turn: Turn, shown_as: ShownAs, start: Mapping[str, str | None]
    ) -> Callable[[Bought], bool]:
        least = _dearest(turn) if is_dear else 0
        if least is None:
            return lambda shown: False
        categories = _categories(shown_as, start) if wanted == "same" else wanted

        def fits(shown: Bought) -> bool:
            return (
                shown.sku not in excluded_skus
                and shown.category not in excluded_categories
                and (categories is None or shown.category in categories)
                and (not is_dear or (shown.unit_price or 0) >= least)
            )

        return fits

    return suits


def _categories(shown_as: ShownAs, start: Mapping[str, str | None]) -> set[str]:
    """The categories of articles: by the event that names them, else as they would be shown."""
    found = set()
    for sku, category in start.items():
        if category is None:
            shown = shown_as(sku)
            category = None if shown is None else shown.category
        if category is not None:
            found.add(category)
    return found


def _dearest(turn: Turn) -> int | None:
    """The price of the dearest item of the triggering event; None: no price is known."""
    prices = [item.get("unit_price") for item in turn.trigger_data().get("items") or ()]
    return max((price for price in prices if price is not None), default=None)


# ── Anchors ─────────────────────────────────────────────────────────────────────────────────────


def _has_items(scope: Scope) -> bool:
    return _has(scope, "items", FieldType.ITEMS)


def _has(scope: Scope, field: str, kind: FieldType) -> bool:
    if scope.trigger is None or scope.trigger not in scope.metrics:
        return False
    found = fields_of(scope.trigger, scope).get(field)
    return found is not None and found.type is kind


def _anchors(scope: Scope) -> Anchors:
    """The trigger's items; without any, those of the cart, else the last bought, else the
    viewed."""
    trigger = scope.trigger
    if _has_items(scope):
        assert trigger is not None
        scope.reads.read(trigger, ("items",))
        return lambda turn, known: _articles(turn.trigger_data().get("items"))
    if _has(scope, "sku", FieldType.TEXT):
        assert trigger is not None
        scope.reads.read(trigger, ("sku", "category"))
        return lambda turn, known: _articles([turn.trigger_data()])
    scope.reads.remember(VIEWED, _VIEWED_WINDOW, ("sku",))

    def anchors(turn: Turn, known: Recommendations) -> dict[str, str | None]:
        cart = cart_of(turn.state)
        if cart is not None:
            return _articles(cart.get("items"))
        lately = [known.sku_of(hash_) for hash_ in bought_lately(turn.state)]
        if lately:
            return {sku: None for sku in lately if sku is not None}
        return _articles(view.data for view in turn.state.recent.get(VIEWED, ()))

    return anchors


def _articles(items: Iterable[Any] | None) -> dict[str, str | None]:
    return {
        item["sku"]: item.get("category")
        for item in items or ()
        if item and item.get("sku") is not None
    }


def _query(scope: Scope) -> Callable[[Turn], str | None]:
    """The triggering search, else the newest one."""
    if scope.trigger == SEARCHED:
        scope.reads.read(SEARCHED, ("query",))
        return lambda turn: turn.trigger_data().get("query")

    def query(turn: Turn) -> str | None:
        past = turn.state.recent.get(SEARCHED)
        newest = None if past is None else past[-1].data
        return None if newest is None else newest.get("query")

    return query


def _popular(scope: Scope) -> Candidates:
    return lambda turn, known, start: known.popular()


def _new(scope: Scope) -> Candidates:
    return lambda turn, known, start: known.new()


def _related(scope: Scope) -> Candidates:
    return lambda turn, known, start: known.related(start)


def _search(scope: Scope) -> Candidates:
    # With it, orders are counted under the searches before them.
    scope.reads.remember(SEARCHED, DAY, ("query",))
    query = _query(scope)

    def candidates(turn: Turn, known: Recommendations, start: Iterable[str]) -> Iterable[str]:
        text = query(turn)
        return () if text is None else known.searched(text)

    return candidates


_CANDIDATES: dict[str, Callable[[Scope], Candidates]] = {
    "popular": _popular,
    "related": _related,
    "search": _search,
    "new": _new,
}
