"""The articles that a customer watches (DESIGN 6.5).

    wishlist.added ──► a year      sent to the article's task (topic `interests`), which answers
    view.item ───────► 30 days     with news: `product.price_dropped`, `product.sold_out`, …
    order.placed ────► over        for the articles bought; `customer.erased`: for all
    an entry ────────► 90 days     where the flow's `exit_on` or `wait_for` is news of its articles

The state remembers the interests sent: a second view of the same article sends nothing, unless it
shows another price, and an answer that crosses with an order is stale. Where price drops are
wanted, a look that names no price is sent once a day: the article's task knows the price that P
has seen (SEMANTICS 7.6).
"""

from collections.abc import Callable, Mapping
from typing import Any

from streams.engine.customer.state import CustomerState, Watch
from streams.engine.effects import Effects, Interest
from streams.engine.values import DAY, Instant, as_written

VIEWED, WISHLIST, FOLLOWED = "viewed", "wishlist", "followed"

PERIODS: Mapping[str, int] = {VIEWED: 30 * DAY, WISHLIST: 365 * DAY, FOLLOWED: 90 * DAY}
"""Duration of an interest from the event that shows it."""

MOST_WATCHED = 100
"""Limit on articles of one customer; the interests that end first are withdrawn."""

SAME_LOOK = DAY
"""Looks at an article without a price, within this time, count as one."""

LONGEST_SKU = 1024
"""Bytes of a record key."""

_CODES: Mapping[str, str] = {VIEWED: "v", WISHLIST: "w", FOLLOWED: "f"}
"""As states keep them: a state holds up to MOST_WATCHED."""
_KINDS: Mapping[str, str] = {code: kind for kind, code in _CODES.items()}

InterestChange = Callable[[CustomerState, Mapping[str, Any], Instant, Instant, Effects], None]
"""An event's change of interests: (state, data, occurred_at, now, effects)."""


def interest_kind(watch: Watch) -> str:
    """The kind of an interest; older states have the whole word."""
    return _KINDS.get(watch.kind, watch.kind)


def _show(
    state: CustomerState, sku: str, kind: str, at: Instant, now: Instant, effects: Effects
) -> None:
    until = at + PERIODS[kind]
    if until <= now or not is_valid_sku(sku):
        return
    held = state.watching.get(sku)
    if held is not None and held.until > now:
        held_kind = interest_kind(held)
        if held_kind == WISHLIST != kind:
            return
        if held_kind == kind and (held.until >= until or held.until - now > PERIODS[kind] // 2):
            return
    _watch(state, sku, Watch(_CODES[kind], until), None, now, effects)


def _show_price(
    state: CustomerState,
    data: Mapping[str, Any],
    kind: str,
    at: Instant,
    now: Instant,
    effects: Effects,
) -> None:
    """As `_show`, and keeps the article's task up to date about the price that P has seen."""
    sku, price = data["sku"], as_written(data).get("unit_price")
    until = at + PERIODS[kind]
    if until <= now or not is_valid_sku(sku):
        return
    held = state.watching.get(sku)
    if held is not None and held.until > now:
        held_kind = interest_kind(held)
        if held_kind == kind and held.until >= until:
            return  # an older look
        if price is None:
            is_known = held_kind == kind and until - held.until < SAME_LOOK
        else:
            is_fresh = held_kind != kind or held.until - now > PERIODS[kind] // 2
            is_known = price == held.seen_price and is_fresh
        if is_known:
            return
        if held_kind == WISHLIST != kind:
            if at < held.until - PERIODS[WISHLIST]:
                return  # a look before the wish
            kind, until = WISHLIST, held.until
    currency = None if price is None else data.get("currency")
    _watch(state, sku, Watch(_CODES[kind], until, price), currency, now, effects)


def _watch(
    state: CustomerState,
    sku: str,
    watch: Watch,
    currency: str | None,
    now: Instant,
    effects: Effects,
) -> None:
    held = state.watching.get(sku)
    if held is not None and held.until > now:  # after its end nothing was told
        watch.is_sold_out = held.is_sold_out
    state.watching[sku] = watch
    kind, price = interest_kind(watch), watch.seen_price
    effects.interests.append(
        Interest(sku, state.customer_id, kind, watch.until, now, price, currency)
    )
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


def _viewed_price(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant, effects: Effects
) -> None:
    _show_price(state, data, VIEWED, at, now, effects)


def _wished_price(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant, effects: Effects
) -> None:
    _show_price(state, data, WISHLIST, at, now, effects)


def _bought(
    state: CustomerState, data: Mapping[str, Any], at: Instant, now: Instant, effects: Effects
) -> None:
    """Withdraws the interest in bought articles, unless it is newer than the order."""
    if not state.watching:
        return
    for item in data.get("items") or ():
        watch = state.watching.get(item["sku"])
        if watch is not None and at >= watch.until - PERIODS[interest_kind(watch)]:
            _withdraw(state, item["sku"], now, effects)


STARTS_INTEREST: Mapping[str, InterestChange] = {"view.item": _viewed, "wishlist.added": _wished}
"""Metrics that start an interest; applied only if a flow uses news."""

SHOWS_PRICE: Mapping[str, InterestChange] = {
    "view.item": _viewed_price,
    "wishlist.added": _wished_price,
}
"""The same where a flow uses price drops."""

LOOK_FIELDS = frozenset({"sku", "unit_price", "currency"})
"""The fields that these read of their metrics."""

ENDS_INTEREST: Mapping[str, InterestChange] = {"order.placed": _bought}
"""Metrics that end an interest; always applied."""


def follow_article(
    state: CustomerState, sku: str | None, at: Instant, now: Instant, effects: Effects
) -> None:
    """P entered a flow about an article, whose news may end the journey (SEMANTICS 7.6). They start
    no flow. An interest that P has shown stays as it is."""
    until = at + PERIODS[FOLLOWED]
    if sku is None or until <= now or not is_valid_sku(sku) or is_watched(state, sku, now):
        return
    _watch(state, sku, Watch(_CODES[FOLLOWED], until), None, now, effects)


def withdraw_all_interests(state: CustomerState, now: Instant, effects: Effects) -> None:
    """Withdraws all interests of the customer."""
    for sku in list(state.watching):
        _withdraw(state, sku, now, effects)


def is_watched(state: CustomerState, sku: str, now: Instant) -> bool:
    """True if the customer watches the article at `now`."""
    watch = state.watching.get(sku)
    return watch is not None and watch.until > now


def apply_sold_out(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """P has been told that the article is sold out (SEMANTICS 4.9)."""
    state.watching[data["sku"]].is_sold_out = True


def apply_back_in_stock(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """P has been told that the article can be had again."""
    state.watching[data["sku"]].is_sold_out = False


def is_told_sold_out(state: CustomerState, sku: str) -> bool:
    """True if P has been told that a watched article is sold out, and not since that it is back."""
    watch = state.watching.get(sku)
    return watch is not None and watch.is_sold_out


def is_valid_sku(sku: str) -> bool:
    """True if `sku` can be a record key: a customer's event may carry any text."""
    return bool(sku) and sku[0] != "\x00" and len(sku.encode()) <= LONGEST_SKU
