"""Orders of a customer: revenue net of refunds and cancellations (SEMANTICS 7.2, 8.6), and the
articles bought (7.4). Amounts are in minor units of the store's currency; an amount without a rate
is missing and changes no sum (FLOWS "Money").

Events come in any order and more than once. Whatever their order, it comes to the same:

    revenue    the total of the newest telling of each order, by `occurred_at`
    refunds    of each order what was taken off it, at most all; all if it was cancelled without an
               amount
"""

from collections.abc import Iterator
from typing import Any

from streams.engine.customer.again import DUPLICATE, KNOWN_ORDER, Again
from streams.engine.customer.carts import empty_ordered_cart, remember_contents
from streams.engine.customer.known_orders import (
    KnownOrder,
    account_of,
    account_waiting,
    add_order,
    amount_in,
    find_order,
    let_wait,
    set_total,
    take_off,
)
from streams.engine.customer.state import CustomerState
from streams.engine.values import ID_HASH, Instant, id_hash, is_among, sku_hash

_BOUGHT_LIMIT = 10_000 * len(sku_hash(""))
_LATELY = 12
_PLACED = "order.placed"


def apply_order_placed(
    state: CustomerState, data: dict[str, Any], at: Instant, now: Instant
) -> Again | None:
    """Counts the order, adds its total to the revenue and its items to the articles bought, and
    empties the cart that was ordered or is older. A known order is corrected."""
    order = find_order(state, data["order_id"])
    if order is not None:
        return _correct(state, order, data, at)
    state.orders += 1
    if state.first_order_at is None or at < state.first_order_at:
        state.first_order_at = at
    if state.last_order_at is None or at > state.last_order_at:
        state.last_order_at = at
    total = amount_in(data, "total")
    if total is not None:
        add_order(state, data["order_id"], total, now)
    empty_ordered_cart(state, data, at)
    remember_contents(state, data, at, now)
    remember_bought(state, data)
    return None


def apply_order_refunded(
    state: CustomerState, data: dict[str, Any], at: Instant, now: Instant
) -> Again | None:
    """Takes the amount off the order. A refund with a known `refund_id` is a duplicate."""
    amount = amount_in(data, "amount")
    if amount is None:
        return None
    order_id, refund_id = data["order_id"], data.get("refund_id")
    order = find_order(state, order_id)
    account = account_waiting(state, order_id) if order is None else order.account
    if refund_id and account is not None and is_among(id_hash(refund_id), account.refunds):
        return Again(DUPLICATE)
    if order is None:
        account = let_wait(state, order_id, amount, now)
    else:
        take_off(state, order, amount)
        account = account_of(state, order)
    if refund_id:
        account.refunds = (account.refunds + id_hash(refund_id))[-_REFUNDS_LIMIT:]
    return None


_REFUNDS_LIMIT = 100 * ID_HASH


def apply_order_cancelled(
    state: CustomerState, data: dict[str, Any], at: Instant, now: Instant
) -> Again | None:
    """Takes the amount, by default all that is left, off the order (DESIGN 7)."""
    order_id = data["order_id"]
    amount = amount_in(data, "amount")
    order = find_order(state, order_id)
    if order is None:
        let_wait(state, order_id, amount, now)
    else:
        take_off(state, order, amount)
    return None


def _correct(state: CustomerState, order: KnownOrder, data: dict[str, Any], at: Instant) -> Again:
    """Total and items of the newest telling; the moment of the earliest is the order's."""
    again = {"order_id": data["order_id"]}
    past = state.recent.get(_PLACED)
    place = None if past is None or not order.sequence else past.place_of(order.sequence)
    known_at = None if past is None or place is None else past.at(place)
    told_at = known_at if order.account is None else order.account.told_at or known_at
    is_newest = told_at is None or at >= told_at
    if is_newest:
        total = amount_in(data, "total")
        if total is not None:
            set_total(state, order, total)
        remember_bought(state, data)
    if state.first_order_at is None or at < state.first_order_at:
        state.first_order_at = at
    if known_at is None:
        if is_newest and told_at is not None:
            account_of(state, order).told_at = at
        return Again(KNOWN_ORDER, again)
    if at >= known_at and not is_newest:
        return Again(KNOWN_ORDER, again)
    if at != known_at:
        account_of(state, order).told_at = max(at, told_at or at)
    return Again(KNOWN_ORDER, again, order.sequence, min(at, known_at), is_newest)


def net_revenue(state: CustomerState) -> int:
    """The historic CLV: revenue net of refunds and cancellations, never less than nothing."""
    return max(state.revenue - state.refunds, 0)


def has_bought(state: CustomerState, sku: str) -> bool:
    """True if the customer ever bought `sku` (by hash: rarely also for another)."""
    return is_among(sku_hash(sku), state.bought)


def bought_lately(state: CustomerState) -> Iterator[bytes]:
    """The sku_hash of each article most recently bought for the first time, at most _LATELY."""
    size = len(sku_hash(""))
    bought = state.bought[-_LATELY * size :]
    for place in range(0, len(bought), size):
        yield bought[place : place + size]


def remember_bought(state: CustomerState, data: dict[str, Any]) -> None:
    """Adds the items of an order to the articles bought; an item without a sku is none."""
    bought = state.bought
    for item in data.get("items") or ():
        if item["sku"] is None:
            continue
        hash_ = sku_hash(item["sku"])
        if hash_ not in bought or not is_among(hash_, bought):
            bought += hash_
    state.bought = bought[-_BOUGHT_LIMIT:]
