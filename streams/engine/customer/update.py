"""Changes of the customer's state by an event, before flows decide: step 2 of SEMANTICS 5.1."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.engine.customer.again import Again, ApplyUnlessKnown
from streams.engine.customer.carts import apply_cart_updated, forget_contents
from streams.engine.customer.duplicates import forget_first, mark_seen
from streams.engine.customer.held_coupons import apply_coupon_redeemed
from streams.engine.customer.interest import apply_back_in_stock, apply_sold_out
from streams.engine.customer.orders import (
    apply_order_cancelled,
    apply_order_placed,
    apply_order_refunded,
)
from streams.engine.customer.past import Past, remember_first
from streams.engine.customer.profile_updates import (
    apply_customer_subscribed,
    apply_customer_unsubscribed,
    apply_customer_updated,
    apply_message_bounced,
    apply_message_complained,
    apply_message_delivered,
)
from streams.engine.customer.purchase_counts import bought_items, hashed_words
from streams.engine.customer.state import CustomerState
from streams.engine.customer.touches import (
    apply_clicked_by_machine,
    apply_message_clicked,
    apply_message_opened,
    apply_opened_by_machine,
)
from streams.engine.effects import Purchase
from streams.engine.values import DAY, Event, Instant, currency_without_rate

Apply = Callable[[CustomerState, dict[str, Any], Instant], None]
ApplyInCountry = Callable[[CustomerState, dict[str, Any], Instant, str | None], None]

APPLY: dict[str, Apply] = {
    "coupon.redeemed": apply_coupon_redeemed,
    "customer.subscribed": apply_customer_subscribed,
    "customer.unsubscribed": apply_customer_unsubscribed,
    "message.unsubscribed": apply_customer_unsubscribed,
    "message.opened": apply_message_opened,
    "message.clicked": apply_message_clicked,
    "product.back_in_stock": apply_back_in_stock,
    "product.sold_out": apply_sold_out,
}
"""Metric -> its change of the state, beside counting and remembering. `customer.erased` is not
among them: it ends journeys first (by_event.py)."""

APPLY_IN_COUNTRY: dict[str, ApplyInCountry] = {
    "customer.updated": apply_customer_updated,
    "message.delivered": apply_message_delivered,
    "message.bounced": apply_message_bounced,
    "message.complained": apply_message_complained,
}
"""The same, for those that compare phone numbers: with the store's country."""


def apply_of(metric: str, country: str | None) -> Apply | None:
    """The metric's change of the state in a store of `country`; None for those without one."""
    in_country = APPLY_IN_COUNTRY.get(metric)
    if in_country is None:
        return APPLY.get(metric)

    def apply(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
        in_country(state, data, at, country)

    return apply


APPLY_BY_MACHINE: dict[str, Apply] = {
    "message.opened": apply_opened_by_machine,
    "message.clicked": apply_clicked_by_machine,
}
"""As APPLY, for events that say `machine: true` (SEMANTICS 3.8)."""

APPLY_UNLESS_KNOWN: dict[str, ApplyUnlessKnown] = {
    "order.placed": apply_order_placed,
    "order.refunded": apply_order_refunded,
    "order.cancelled": apply_order_cancelled,
    "cart.updated": apply_cart_updated,
}
"""As APPLY, for metrics whose events may be nothing new (again.py)."""

ALWAYS_READ: dict[str, frozenset[str]] = {
    "order.placed": frozenset({"order_id", "total", "currency", "items", "cart_id", "coupon_code"}),
    "order.refunded": frozenset({"order_id", "amount", "currency", "refund_id"}),
    "order.cancelled": frozenset({"order_id", "amount", "currency"}),
    "coupon.redeemed": frozenset({"code"}),
    "cart.updated": frozenset({"cart_id", "total", "currency", "items"}),
    "customer.updated": frozenset({"set", "unset"}),
    "customer.subscribed": frozenset({"channel", "topic"}),
    "customer.unsubscribed": frozenset({"channel", "topic"}),
    "message.unsubscribed": frozenset({"channel", "topic"}),
    "message.delivered": frozenset({"send_id", "channel", "address"}),
    "message.bounced": frozenset({"send_id", "channel", "address", "kind"}),
    "message.complained": frozenset({"channel", "address"}),
    "message.opened": frozenset({"send_id", "machine"}),
    "message.clicked": frozenset({"send_id", "machine"}),
    "product.back_in_stock": frozenset({"sku", "interest"}),
    "product.price_dropped": frozenset({"sku", "interest"}),
    "product.sold_out": frozenset({"sku", "interest"}),
    "product.low_stock": frozenset({"sku", "interest"}),
}
"""The fields that the functions of APPLY and of interest.py read, whatever the flows need."""

SEARCHED = "search.performed"


class Retention(msgspec.Struct, frozen=True):
    """Retention of one metric's events (SEMANTICS 3.7), from the needs of flows and `history`."""

    keep: int | None  # ms; None: without limit
    needed: int | None  # ms, by flows; None: all
    occurrences: int  # maximum number beyond those that flows need
    fields: tuple[str, ...]
    keeps_no_rate: bool  # the currency of amounts without a rate


def note_machine(state: CustomerState, id_: bytes) -> None:
    """Counts an event that a machine caused, of which nothing is remembered but its id."""
    state.sequence += 1
    mark_seen(state, id_)


def remember(
    state: CustomerState,
    event: Event,
    data: dict[str, Any],
    id_: bytes,
    now: Instant,
    retention: Retention,
) -> None:
    """Counts the event, keeps its fields by `retention`, and forgets events that are too old."""
    metric = event.metric
    sequence = state.sequence + 1
    state.sequence = sequence
    if state.order_contents:
        forget_contents(state, now)
    at = event.occurred_at
    kept = None
    if retention.fields:
        kept = {name: data[name] for name in retention.fields if data.get(name) is not None}
    no_rate = None
    if data is not event.data and retention.keeps_no_rate:
        no_rate = currency_without_rate(data)
    past = state.recent.get(metric)
    if past is None:
        state.recent[metric] = remember_first(at, sequence, kept, no_rate, id_)
        return
    past.add(at, sequence, kept, no_rate, id_)
    keep = retention.keep
    if keep is not None and past.at(0) <= now - keep:
        _forget_before(state, past, now - keep)
    number = len(past)
    if number > retention.occurrences:
        _forget_surplus(state, past, now, retention)


def correct(
    state: CustomerState, metric: str, again: Again, data: Mapping[str, Any], retention: Retention
) -> None:
    """Corrects the remembered event of a known order: its moment, and its fields unless they are of
    an older telling."""
    past = state.recent[metric]
    assert again.corrects is not None
    place = past.place_of(again.corrects)
    if place is None:
        return
    if again.has_newer_fields:
        kept: dict[str, Any] | None = {
            name: data[name] for name in retention.fields if data.get(name) is not None
        }
        no_rate = currency_without_rate(data) if retention.keeps_no_rate else None
    else:
        known = past[place]
        kept, no_rate = known.data, known.no_rate
    past.correct(again.corrects, again.occurred_at, kept, no_rate)
    state.last_order_at = past.at(-1)


def purchase_of(state: CustomerState, data: dict[str, Any], at: Instant) -> Purchase | None:
    """The counted part of an order: its items, and the searches of the day before, as far as the
    state has their words (recommend.py)."""
    items = data.get("items")
    if not items:
        return None
    past = state.recent.get(SEARCHED)
    lately = () if past is None else past.after(at - DAY)
    searches = {
        hashed_words(found.data["query"])
        for found in lately
        if found.at <= at and found.data is not None and found.data.get("query")
    }
    return Purchase(at, bought_items(items), sorted(searches - {b""}))


def _forget_before(state: CustomerState, past: Past, limit: Instant) -> None:
    """Windows are half open (SEMANTICS 3.1): an event at the limit is forgotten. The newest always
    stays."""
    number = 0
    while number < len(past) - 1 and past.at(number) <= limit:
        number += 1
    forget_first(state, past, number)


def _forget_surplus(state: CustomerState, past: Past, now: Instant, retention: Retention) -> None:
    """Events that flows need stay, whatever `history` allows."""
    if retention.needed is None:
        return
    surplus = len(past) - retention.occurrences
    number = 0
    while number < surplus and past.at(number) <= now - retention.needed:
        number += 1
    forget_first(state, past, number)
