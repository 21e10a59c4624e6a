"""Viewed articles that were ordered, with the times of the orders: `items: viewed` leaves out what
P has bought since (SEMANTICS 7.4). Kept only if a message shows viewed articles.

    4 bytes of the sku's hash, 4 bytes of seconds since the epoch; repeated, in order of processing
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from streams.engine.customer.orders import has_bought
from streams.engine.customer.past import Occurrence
from streams.engine.customer.state import CustomerState
from streams.engine.values import DAY, Instant, sku_hash

_ENTRY = struct.Struct(">4sI")
_SECOND = 1_000
_MOST_SECONDS = (1 << 32) - 1

VIEWED, ORDERED = "view.item", "order.placed"

VIEWS_SHOWN = 30 * DAY
"""Age up to which `items: viewed` shows a view."""

MOST_ORDERED = 64
"""Articles, newest: far more than a person views and orders in that time."""


def note_ordered(state: CustomerState, items: Sequence[Mapping[str, Any]], at: Instant) -> None:
    """Notes the articles of an order that P has viewed lately, and forgets those ordered too long
    before it."""
    views = state.recent.get(VIEWED)
    if views is None:
        return
    viewed = {
        view.data.get("sku") for view in views.after(at - VIEWS_SHOWN) if view.data is not None
    }
    skus = dict.fromkeys(item["sku"] for item in items if item.get("sku") in viewed - {None})
    if not (skus or state.ordered):
        return
    oldest = _second(at - VIEWS_SHOWN)
    kept = [entry for entry in _ENTRY.iter_unpack(state.ordered) if entry[1] >= oldest]
    kept += [(sku_hash(sku), _second(at)) for sku in skus]
    state.ordered = b"".join(_ENTRY.pack(*entry) for entry in kept[-MOST_ORDERED:])


def is_bought_since(state: CustomerState, view: Occurrence, sku: str) -> bool:
    """True if P has ordered the article `sku` since `view`, within the same second included. Of a
    view that was told after a later order only this is known: that the article was ever bought."""
    if state.ordered:
        wanted, second = sku_hash(sku), _second(view.at)
        for hash_, ordered in _ENTRY.iter_unpack(state.ordered):
            if hash_ == wanted and ordered >= second:
                return True
    orders = state.recent.get(ORDERED)
    if orders is None or orders.at(-1) < view.at or not has_bought(state, sku):
        return False
    return any(order.sequence < view.sequence for order in orders.after(view.at - 1))


def _second(at: Instant) -> int:
    return min(max(at // _SECOND, 0), _MOST_SECONDS)
