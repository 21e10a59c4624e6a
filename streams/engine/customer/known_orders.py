"""The orders that are known of a customer, by `order_id` (SEMANTICS 8.6), and what is left of each.

    state.known_orders     13 bytes for each order, in order of arrival: its id (5 bytes), its total
                           (42 bits), the sequence number of its remembered event (22 bits)
    state.order_accounts   of few orders, by the same id: what was taken off, a correction, another
                           currency; and what came before its order

Amounts are taken off in the order's own currency, so that later rates change nothing: of an order
of 50.00 EUR that was worth 43.00 GBP, a refund of 25.00 EUR takes 21.50 GBP, whatever the euro
costs by then.
"""

import struct
from typing import Any

import msgspec

from streams.engine.customer.past import SEQUENCES
from streams.engine.customer.state import CustomerState, OrderAccount
from streams.engine.values import DAY, ConvertedData, Instant, as_written, id_hash

MOST_ORDERS = 1_000
WAITS_FOR_ORDER = 90 * DAY
"""Duration for which what came before its order waits for it."""
MOST_AWAITED_ORDERS = 100
_MOST_TAKEN = 10**18
_MOST_WAITING = 100

_RECORD = struct.Struct(">5sQ")
_SIZE = _RECORD.size
_APART = (1 << 42) - 1
"""In place of a total: the account has it. Another one has 42 bits: 40 billion in major units."""


class KnownOrder(msgspec.Struct):
    """One order of the customer. `worth` is its total in the store's currency, None without a
    rate."""

    key: bytes  # id_hash of its order_id
    place: int  # among state.known_orders
    sequence: int  # of its remembered event, modulo SEQUENCES; 0: unknown
    worth: int | None
    account: OrderAccount | None


class Amount(msgspec.Struct, array_like=True, frozen=True):
    """An amount as its event has it, and in the store's currency (None: no rate).

    `currency`: None for the store's.
    """

    own: int
    currency: str | None
    worth: int | None


def amount_in(data: dict[str, Any], field: str) -> Amount | None:
    """The amount in `field` of an event's data; None without one."""
    own = as_written(data).get(field)
    if own is None:
        return None
    currency = data["currency"] if isinstance(data, ConvertedData) else None
    return Amount(own, currency, data.get(field))


def find_order(state: CustomerState, order_id: str) -> KnownOrder | None:
    """The order with this id, if it is known."""
    key, orders = id_hash(order_id), state.known_orders
    place = orders.find(key)
    while place >= 0 and place % _SIZE:  # within another order's bytes
        place = orders.find(key, place + 1)
    return None if place < 0 else _order_at(state, place)


def _order_at(state: CustomerState, place: int) -> KnownOrder:
    """The order whose bytes begin at `place`."""
    key, record = _RECORD.unpack_from(state.known_orders, place)
    total, sequence = divmod(record, SEQUENCES)
    account = state.order_accounts.get(key)
    if total == _APART:
        assert account is not None
        return KnownOrder(key, place // _SIZE, sequence, account.worth, account)
    return KnownOrder(key, place // _SIZE, sequence, total, account)


def order_of_sequence(state: CustomerState, sequence: int) -> KnownOrder | None:
    """The order whose remembered event has this sequence number, if it is known. The newest are
    looked at first."""
    orders = state.known_orders
    for place in range(len(orders) - _SIZE, -1, -_SIZE):
        if _RECORD.unpack_from(orders, place)[1] % SEQUENCES == sequence:
            return _order_at(state, place)
    return None


def orders_remembered(state: CustomerState) -> list[tuple[Instant, int]]:
    """The moment of each order whose event is remembered, oldest first, and the rest of its worth
    after refunds and cancellations; 0 if it has no amount that can be converted."""
    past = state.recent.get("order.placed")
    if past is None:
        return []
    rests: dict[int, int] = {}
    for place in range(0, len(state.known_orders), _SIZE):
        order = _order_at(state, place)
        if order.worth is not None:
            rests[order.sequence] = order.worth - taken_off(order)
    return [(past.at(place), rests.get(past.sequence_at(place), 0)) for place in range(len(past))]


def add_order(state: CustomerState, order_id: str, total: Amount, now: Instant) -> None:
    """Adds an order, with what waited for it, to those that are known and to the revenue. The
    oldest are forgotten beyond MOST_ORDERS."""
    key = id_hash(order_id)
    account = state.order_accounts.get(key)
    if account is not None and not _is_still_waiting(account, now):
        del state.order_accounts[key]
        account = None
    order = KnownOrder(key, len(state.known_orders) // _SIZE, 0, None, account)
    order.sequence = (state.sequence + 1) % SEQUENCES
    state.known_orders += bytes(_SIZE)
    set_total(state, order, total)
    if account is not None:
        waiting, account.waiting, account.waits_since = account.waiting, [], None
        before = taken_off(order)
        for amount in waiting:
            _take(order, account, Amount(*amount))
        state.refunds += taken_off(order) - before
    if len(state.known_orders) > MOST_ORDERS * _SIZE:
        state.order_accounts.pop(state.known_orders[: len(key)], None)
        state.known_orders = state.known_orders[_SIZE:]


def set_total(state: CustomerState, order: KnownOrder, total: Amount) -> None:
    """Makes `total` the order's, also in the revenue of the customer."""
    before, off, worth = order.worth or 0, taken_off(order), total.worth
    fits = worth is not None and 0 <= worth < _APART and total.currency is None
    if not fits or (order.account is not None and order.account.currency is not None):
        account = account_of(state, order)
        if account.taken and account.currency != total.currency and _own_total(order, account):
            account.taken = _bounded(account.taken * total.own // _own_total(order, account))
        account.currency, account.total, account.worth = total.currency, total.own, worth
    order.worth = worth
    record = (worth or 0) if fits else _APART
    start = order.place * _SIZE
    state.known_orders = (
        state.known_orders[:start]
        + _RECORD.pack(order.key, record * SEQUENCES + order.sequence)
        + state.known_orders[start + _SIZE :]
    )
    state.revenue += (worth or 0) - before
    state.refunds += taken_off(order) - off


def account_of(state: CustomerState, order: KnownOrder) -> OrderAccount:
    """The order's account, a new one if it has none."""
    if order.account is None:
        order.account = state.order_accounts[order.key] = OrderAccount()
    return order.account


def taken_off(order: KnownOrder) -> int:
    """The part of the order's worth that is refunded or cancelled, never more than all of it."""
    account, worth = order.account, order.worth
    if account is None or worth is None or worth <= 0:
        return 0
    if account.is_cancelled:
        return worth
    total = _own_total(order, account)
    if total <= 0:
        return 0
    taken = min(max(account.taken, 0), total)
    return (2 * worth * taken + total) // (2 * total)


def take_off(state: CustomerState, order: KnownOrder, amount: Amount | None) -> None:
    """Takes an amount off the order; None: all of it, whatever its total becomes."""
    account = account_of(state, order)
    before = taken_off(order)
    if amount is None:
        account.is_cancelled = True
    else:
        _take(order, account, amount)
    state.refunds += taken_off(order) - before


def let_wait(
    state: CustomerState, order_id: str, amount: Amount | None, now: Instant
) -> OrderAccount:
    """Keeps what is taken off an order that hasn't come yet."""
    key = id_hash(order_id)
    account = state.order_accounts.get(key)
    if account is None or not _is_still_waiting(account, now):
        _drop_old(state, now)
        account = state.order_accounts[key] = OrderAccount(waits_since=now)
    if amount is None:
        account.is_cancelled = True
    else:
        _wait_with(account, amount)
    return account


def _wait_with(account: OrderAccount, amount: Amount) -> None:
    """Adds an amount to those that wait; one of too many joins the last of its currency."""
    waiting = account.waiting
    if len(waiting) >= _MOST_WAITING:
        for place in range(len(waiting) - 1, -1, -1):
            own, currency, worth = waiting[place]
            if currency == amount.currency and worth is not None and amount.worth is not None:
                waiting[place] = (_bounded(own + amount.own), currency, worth + amount.worth)
                return
    waiting.append((amount.own, amount.currency, amount.worth))


def account_waiting(state: CustomerState, order_id: str) -> OrderAccount | None:
    """The account of an order that hasn't come yet."""
    return state.order_accounts.get(id_hash(order_id))


def _take(order: KnownOrder, account: OrderAccount, amount: Amount) -> None:
    """Adds the amount, in the order's own currency, to what was taken off."""
    if amount.currency == account.currency:
        account.taken = _bounded(account.taken + amount.own)
    elif amount.worth is not None and order.worth:
        total = _own_total(order, account)
        taken = (2 * amount.worth * total + order.worth) // (2 * order.worth)
        account.taken = _bounded(account.taken + taken)


def _bounded(taken: int) -> int:
    """More than any order is worth, and still within 64 bits: an order of a hundredth may be
    refunded with a million, and then be told in another currency."""
    return min(max(taken, -_MOST_TAKEN), _MOST_TAKEN)


def _own_total(order: KnownOrder, account: OrderAccount) -> int:
    """The order's total in its own currency."""
    total = order.worth if account.currency is None else account.total
    return total or 0


def _is_still_waiting(account: OrderAccount, now: Instant) -> bool:
    return account.waits_since is not None and now - account.waits_since < WAITS_FOR_ORDER


def _drop_old(state: CustomerState, now: Instant) -> None:
    """Drops the accounts whose orders didn't come in time, and the oldest of too many."""
    accounts = state.order_accounts
    waiting = [key for key, one in accounts.items() if one.waits_since is not None]
    surplus = len(waiting) + 1 - MOST_AWAITED_ORDERS
    for number, key in enumerate(waiting):
        if number < surplus or not _is_still_waiting(accounts[key], now):
            del accounts[key]
