"""Orders of a customer: revenue net of refunds and cancellations (SEMANTICS 7.2), the cart, and the
articles bought (7.4). Amounts are in minor units of the store's currency; an amount without a rate
is missing and changes no sum (FLOWS "Money").

`order_left` is the part of an order that isn't refunded yet: the default amount of a cancellation.
Events may arrive in any order: a refund before its order leaves a negative rest, a cancellation of
all before its order leaves None, and the order is then counted against it.
"""

from collections.abc import Iterator
from typing import Any

from streams.engine.customer.state import CustomerState
from streams.engine.values import Instant, as_written, is_among, pack, sku_hash

_BOUGHT_LIMIT = 10_000 * len(sku_hash(""))
_LATELY = 12
_ORDERS_LIMIT = 100
"""Limit on remembered rests; a cancellation of an older order needs an amount."""


def apply_order_placed(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Counts the order, adds its total to the revenue and its items to the articles bought, and
    empties an older cart."""
    state.orders += 1
    if state.first_order_at is None or at < state.first_order_at:
        state.first_order_at = at
    if state.last_order_at is None or at > state.last_order_at:
        state.last_order_at = at
    total = data.get("total")
    if total is not None:
        state.revenue += total
        order_id = data["order_id"]
        left = state.order_left.get(order_id, 0)
        if left is None:
            state.refunds += total
            _keep_left(state, order_id, 0)
        else:
            _keep_left(state, order_id, left + total)
    if state.cart is not None and state.cart_at <= at:
        state.cart = None
        state.cart_at = at
    items = data.get("items")
    if items:
        _remember_bought(state, items)


def apply_order_refunded(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Subtracts the refunded amount from the order."""
    amount = data.get("amount")
    if amount is not None:
        _take_off(state, data["order_id"], amount)


def apply_order_cancelled(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Subtracts the amount, by default the rest, from the order (DESIGN 7)."""
    order_id = data["order_id"]
    amount = data.get("amount")
    if amount is None:
        if as_written(data).get("amount") is not None:
            return  # an amount without a rate
        if order_id not in state.order_left:
            _keep_left(state, order_id, None)
            return
        amount = max(state.order_left[order_id] or 0, 0)
    _take_off(state, order_id, amount)


def apply_cart_updated(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Replaces the cart by that of the newest event; without items there is no cart."""
    if at >= state.cart_at:
        state.cart_at = at
        state.cart = pack(data) if data.get("items") else None


def net_revenue(state: CustomerState) -> int:
    """The historic CLV: revenue net of refunds and cancellations."""
    return state.revenue - state.refunds


def has_bought(state: CustomerState, sku: str) -> bool:
    """True if the customer ever bought `sku` (by hash: rarely also for another)."""
    return is_among(sku_hash(sku), state.bought)


def bought_lately(state: CustomerState) -> Iterator[bytes]:
    """The sku_hash of each article most recently bought for the first time, at most _LATELY."""
    size = len(sku_hash(""))
    bought = state.bought[-_LATELY * size :]
    for place in range(0, len(bought), size):
        yield bought[place : place + size]


def _take_off(state: CustomerState, order_id: str, amount: int) -> None:
    state.refunds += amount
    left = state.order_left.get(order_id, 0)
    if left is not None:
        _keep_left(state, order_id, left - amount)


def _keep_left(state: CustomerState, order_id: str, left: int | None) -> None:
    state.order_left[order_id] = left
    if len(state.order_left) > _ORDERS_LIMIT:
        del state.order_left[next(iter(state.order_left))]


def _remember_bought(state: CustomerState, items: list[dict[str, Any]]) -> None:
    bought = state.bought
    for item in items:
        if item["sku"] is None:
            continue
        hash_ = sku_hash(item["sku"])
        if hash_ not in bought or not is_among(hash_, bought):
            bought += hash_
    state.bought = bought[-_BOUGHT_LIMIT:]
