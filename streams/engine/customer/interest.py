"""The articles that a customer watches (DESIGN 6.5).

    wishlist.added ──► a year      sent to the article's task (topic `interests`), which answers
    view.item ───────► 30 days     with `product.back_in_stock` and `product.price_dropped`
    order.placed ────► over        for the articles bought; `customer.erased`: for all

The state remembers the interests sent: a second view of the same article sends nothing, and an
answer that crosses with an order is stale.
"""

from collections.abc import Callable, Mapping
from typing import Any

from streams.engine.customer.state import CustomerState, Watch
from streams.engine.effects import Effects, Interest
from streams.engine.values import DAY, Instant

VIEWED, WISHLIST = "viewed", "wishlist"

PERIODS: Mapping[str, int] = {VIEWED: 30 * DAY, WISHLIST: 365 * DAY}
"""Duration of an interest from the event that shows it."""

MOST_WATCHED = 100
"""Limit on articles of one customer; the interests that end first are withdrawn."""

LONGEST_SKU = 1024
"""Bytes of a record key."""

InterestChange = Callable[[CustomerState, Mapping[str, Any], Instant, Instant, Effects], None]
"""An event's change of interests: (state, data, occurred_at, now, effects)."""


def _show(
    state: CustomerState, sku: str, kind: str, at: Instant, now: Instant, effects: Effects
) -> None:
    until = at + PERIODS[kind]
    if until <= now or not is_valid_sku(sku):
        return
    held = state.watching.get(sku)
    if held is not None and held.until > now:
        if held.kind == WISHLIST != kind:
            return
        if held.kind == kind and (held.until >= until or held.until - now > PERIODS[kind] // 2):
            return
    state.watching[sku] = Watch(kind, until)
    effects.interests.append(Interest(sku, state.customer_id, kind, until, now))
    if len(state.watching) > MOST_WATCHED:
        _keep_within_limit(state, now, effects)


def _keep_within_limit(state: CustomerState, now: Instant, effects: Effects) -> None:
    for sku in [sku for sku, watch in state.watching.items() if watch.until <= now]:
        del state.watching[sku]  # the article's task knows its end
    while len(state.watching) > MOST_WATCHED:
        _withdraw(state, min(state.watching, key=lambda sku: _end(state, sku)), now, effects)


def _end(state: CustomerState, sku: str) -> tuple[Instant, str]:
    return state.watching[sku].until, sku


def _withdraw(state: CustomerState, sku: str, now: Instant, effects: Effects) -> None:
    del state.watching[sku]
    effects.interests.append(Interest(sku, state.customer_id, None, 0, now))


def _viewed(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant, effects: Effects
) -> None:
    _show(state, data["sku"], VIEWED, at, now, effects)


def _wished(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant, effects: Effects
) -> None:
    _show(state, data["sku"], WISHLIST, at, now, effects)


def _bought(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant, effects: Effects
) -> None:
    """Withdraws the interest in bought articles, unless it is newer than the order."""
    if not state.watching:
        return
    for item in data.get("items") or ():
        watch = state.watching.get(item["sku"])
        if watch is not None and at >= watch.until - PERIODS[watch.kind]:
            _withdraw(state, item["sku"], now, effects)


STARTS_INTEREST: Mapping[str, InterestChange] = {"view.item": _viewed, "wishlist.added": _wished}
"""Metrics that start an interest; applied only if a flow uses news."""

ENDS_INTEREST: Mapping[str, InterestChange] = {"order.placed": _bought}
"""Metrics that end an interest; always applied."""


def withdraw_all_interests(state: CustomerState, now: Instant, effects: Effects) -> None:
    """Withdraws all interests of the customer."""
    for sku in list(state.watching):
        _withdraw(state, sku, now, effects)


def is_watched(state: CustomerState, sku: str, now: Instant) -> bool:
    """True if the customer watches the article at `now`."""
    watch = state.watching.get(sku)
    return watch is not None and watch.until > now


def is_valid_sku(sku: str) -> bool:
    """True if `sku` can be a record key: a customer's event may carry any text."""
    return bool(sku) and sku[0] != "\x00" and len(sku.encode()) <= LONGEST_SKU
