"""The cart, and carts that are none (SEMANTICS 8.9): the shop's plugins overtake each other, and a
cart that was ordered is told after its order, or an old one after a newer.

    order at 11:00 ────────────────► 12:00
       |── the same cart: ordered ──|── the same cart: a new one
"""

from collections.abc import Mapping
from typing import Any

from streams.engine.customer.again import KNOWN_ORDER, STALE, Again
from streams.engine.customer.state import CustomerState, OrderContents, cart_of
from streams.engine.values import HOUR, Instant, is_among, pack, sku_hash

TOLD_LATE = HOUR
"""Duration after an order in which its cart is the ordered one."""
ORDER_KEPT = 4 * HOUR
"""Duration for which the contents of an order are kept, by record time: carts come late."""
_MOST_ORDERED = 5


def apply_cart_updated(
    state: CustomerState, data: dict[str, Any], at: Instant, now: Instant
) -> Again | None:
    """Replaces the cart by that of the newest event; without items there is no cart, nor if an
    order came after it."""
    if at < state.cart_at:
        return Again(STALE, {"occurred_at": at, "newest_at": state.cart_at})
    state.cart_at = at
    for ordered in state.order_contents:
        if _is_ordered(ordered, data, at):
            state.cart = None
            return Again(KNOWN_ORDER, {"cart_id": data["cart_id"], "ordered_at": ordered.at})
    is_older = state.last_order_at is not None and at < state.last_order_at
    state.cart = pack(data) if data.get("items") and not is_older else None
    return None


def empty_ordered_cart(state: CustomerState, data: Mapping[str, Any], at: Instant) -> None:
    """Empties the cart if it is older than the order that was placed at `at`, or is the ordered one
    and came first."""
    if state.cart is None:
        return
    if state.cart_at > at:
        cart = cart_of(state)
        assert cart is not None
        if not _is_ordered(_contents(data, at), cart, state.cart_at):
            return
    state.cart = None


def remember_contents(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant
) -> None:
    """Keeps the contents of the order for carts that come late."""
    if now < at + ORDER_KEPT:
        state.order_contents = [*state.order_contents, _contents(data, at)][-_MOST_ORDERED:]


def forget_contents(state: CustomerState, now: Instant) -> None:
    """Forgets the contents of old orders."""
    state.order_contents = [
        ordered for ordered in state.order_contents if now < ordered.at + ORDER_KEPT
    ]


def _contents(data: Mapping[str, Any], at: Instant) -> OrderContents:
    skus = {item["sku"] for item in data.get("items") or ()} - {None}
    return OrderContents(at, data.get("cart_id"), b"".join(sorted(map(sku_hash, skus))))


def _is_ordered(ordered: OrderContents, cart: Mapping[str, Any], at: Instant) -> bool:
    """True if the cart of `at` has the order's `cart_id`, or no article that isn't in the order. A
    line without a sku is no article, and a cart without any article says nothing of an order."""
    if not ordered.at <= at < ordered.at + TOLD_LATE:
        return False
    if ordered.cart_id is not None and ordered.cart_id == cart["cart_id"]:
        return True
    skus = [item["sku"] for item in cart.get("items") or () if item["sku"] is not None]
    return bool(skus) and all(is_among(sku_hash(sku), ordered.skus) for sku in skus)
