"""The articles that a customer watches (DESIGN 6.5).

    wishlist.added ──► a year      until an order of the article
    view.item ───────► 30 days     until an order of the article
    an entry ────────► 90 days     where the flow's `exit_on` or `wait_for` is news of its articles

The latest end counts, and `customer.erased` ends all. The state has the end of each; the article's
task (topic `interests`) answers with news: `product.price_dropped`, `product.sold_out`, … It knows
of an end that is up to LEEWAY later, so that another look is rarely sent, and what it sends after
the end or after an order is stale. Where price drops are wanted, a look at another price is sent
too, and once a day one that names no price: the article's task knows the price that P has seen
(SEMANTICS 7.6).
"""

from collections.abc import Callable, Mapping
from typing import Any

from streams.engine.customer.state import CustomerState, Watch
from streams.engine.effects import Effects, Interest
from streams.engine.values import DAY, Instant, as_written

VIEWED, WISHLIST, FOLLOWED = "viewed", "wishlist", "followed"

PERIODS: Mapping[str, int] = {VIEWED: 30 * DAY, WISHLIST: 365 * DAY, FOLLOWED: 90 * DAY}
"""Duration of an interest from the event that shows it."""

_STRONGEST_FIRST = (WISHLIST, VIEWED, FOLLOWED)
"""News name the first of those that last."""

MOST_WATCHED = 100
"""Limit on articles of one customer; the interests that end first are withdrawn."""

LEEWAY = 5 * DAY
"""The article's task knows of ends rounded up to a multiple of this."""

LONGEST_SKU = 1024
"""Bytes of a record key."""

_KINDS: Mapping[str, str] = {kind[0]: kind for kind in PERIODS}
"""By their letters: a state holds up to MOST_WATCHED."""

_Ends = dict[str, Instant]
"""The ends of a customer's interests in an article, by kind."""

InterestChange = Callable[[CustomerState, Mapping[str, Any], Instant, Instant, Effects], None]
"""An event's change of interests: (state, data, occurred_at, now, effects)."""


def interest_at(state: CustomerState, sku: str, now: Instant) -> str | None:
    """The kind of the customer's interest in the article at `now`; None: not interested."""
    return _strongest(_lasting(state, sku, now))


def _lasting(state: CustomerState, sku: str, now: Instant) -> _Ends:
    watch = state.watching.get(sku)
    if watch is None:
        return {}
    return {kind: until for kind, until in _ends_of(watch).items() if until > now}


def _ends_of(watch: Watch) -> _Ends:
    ends = {_KINDS[watch.kind[0]]: watch.until}  # older states have the whole word
    for letter, until in watch.weaker.items():
        ends[_KINDS[letter]] = until
    return ends


def _strongest(ends: _Ends) -> str | None:
    for kind in _STRONGEST_FIRST:
        if kind in ends:
            return kind
    return None


def _began(ends: _Ends, kind: str) -> Instant:
    return ends[kind] - PERIODS[kind]


def told_end(ends: Mapping[str, Instant]) -> Instant:
    """The end that the article's task is told of; 0: there is none."""
    return -(-max(ends.values(), default=0) // LEEWAY) * LEEWAY


def _after(before: _Ends, sku: str, kind: str, at: Instant, now: Instant) -> _Ends | None:
    """The interests after an event of `at` that shows one; None if it changes nothing: it is too
    old, or older than what has shown the interest, or a look before a wish."""
    if at + PERIODS[kind] <= now or not is_valid_sku(sku):
        return None
    if kind in before and at <= _began(before, kind):
        return None
    if kind == VIEWED and WISHLIST in before and at < _began(before, WISHLIST):
        return None
    after = {**before, kind: at + PERIODS[kind]}
    if kind == WISHLIST and VIEWED in after and _began(after, VIEWED) <= at:
        del after[VIEWED]
    return after


def _is_told(before: _Ends, after: _Ends) -> bool:
    return _strongest(before) == _strongest(after) and told_end(before) >= told_end(after)


def _show(
    state: CustomerState, sku: str, kind: str, at: Instant, now: Instant, effects: Effects
) -> None:
    before = _lasting(state, sku, now)
    after = _after(before, sku, kind, at, now)
    if after is None:
        return
    _keep(state, sku, before, after, None)
    if not _is_told(before, after):
        _tell(state, sku, _strongest(after), None, now, effects)


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
    before = _lasting(state, sku, now)
    after = _after(before, sku, kind, at, now)
    if after is None:
        return
    seen = state.watching[sku].seen_price if before else None
    if any(at < _began(before, shown) for shown in before if shown != FOLLOWED):
        _keep(state, sku, before, after, seen)  # P has seen another price since
        if not _is_told(before, after):
            _tell(state, sku, FOLLOWED, None, now, effects)  # which says nothing of prices
        return
    if price is None:  # several looks on one day count as one
        is_told = kind in before and _began(before, kind) // DAY == at // DAY
    else:
        is_told = price == seen
    if is_told and _is_told(before, after):
        _keep(state, sku, before, after, seen)
        return
    _keep(state, sku, before, after, price)
    currency = None if price is None else data.get("currency")
    _tell(state, sku, _strongest(after), currency, now, effects)


def _keep(
    state: CustomerState, sku: str, before: _Ends, after: _Ends, seen_price: int | None
) -> None:
    """Sets the interests in an article. After the end of all, what was told is not known."""
    kind = _strongest(after)
    assert kind is not None
    weaker = {one[0]: until for one, until in after.items() if one != kind}
    is_sold_out = bool(before) and state.watching[sku].is_sold_out
    state.watching[sku] = Watch(kind[0], after[kind], seen_price, is_sold_out, weaker)


def _tell(
    state: CustomerState,
    sku: str,
    kind: str | None,
    currency: str | None,
    now: Instant,
    effects: Effects,
) -> None:
    """Tells the article's task of the interests in an article that has been kept."""
    watch = state.watching[sku]
    until = told_end(_ends_of(watch))
    price = None if kind == FOLLOWED else watch.seen_price
    effects.interests.append(Interest(sku, state.customer_id, kind, until, now, price, currency))
    if len(state.watching) > MOST_WATCHED:
        _keep_within_limit(state, now, effects)


def _keep_within_limit(state: CustomerState, now: Instant, effects: Effects) -> None:
    for sku in [sku for sku, watch in state.watching.items() if _end(watch) <= now]:
        del state.watching[sku]  # the article's task knows its end
    while len(state.watching) > MOST_WATCHED:
        first = min(state.watching, key=lambda sku: (_end(state.watching[sku]), sku))
        _withdraw(state, first, now, effects)


def _end(watch: Watch) -> Instant:
    return max(_ends_of(watch).values())


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
    """Ends the wish for bought articles and the look at them, unless they are newer than the order.
    A flow about an article may go on, and P follows it as before."""
    if not state.watching:
        return
    for item in data.get("items") or ():
        sku = item["sku"]
        before = _lasting(state, sku, now)
        left = {
            kind: until
            for kind, until in before.items()
            if kind == FOLLOWED or _began(before, kind) > at
        }
        if left and left != before:
            _keep(state, sku, before, left, state.watching[sku].seen_price)
        elif not left and sku in state.watching:
            _withdraw(state, sku, now, effects)


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
    no flow, unless P has looked or wished."""
    if sku is None:
        return
    before = _lasting(state, sku, now)
    after = _after(before, sku, FOLLOWED, at, now)
    if after is None:
        return
    _keep(state, sku, before, after, state.watching[sku].seen_price if before else None)
    if not _is_told(before, after):
        _tell(state, sku, FOLLOWED, None, now, effects)


def withdraw_all_interests(state: CustomerState, now: Instant, effects: Effects) -> None:
    """Withdraws all interests of the customer."""
    for sku in list(state.watching):
        _withdraw(state, sku, now, effects)


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
