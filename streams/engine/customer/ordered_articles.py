"""The articles ordered lately, with their times: `items: viewed` leaves out what P has bought since
(SEMANTICS 7.4). Kept only if a message shows viewed articles.

    4 bytes of the sku's hash, 4 bytes of seconds since the epoch; repeated, in order of processing
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from streams.engine.customer.state import CustomerState
from streams.engine.values import DAY, Instant, sku_hash

_ENTRY = struct.Struct(">4sI")
_SECOND = 1_000
_MOST_SECONDS = (1 << 32) - 1

VIEWS_SHOWN = 30 * DAY
"""Age up to which `items: viewed` shows a view."""

MOST_ORDERED = 64
"""Order lines, newest: far more than a person orders in that time."""


def note_ordered(state: CustomerState, items: Sequence[Mapping[str, Any]], at: Instant) -> None:
    """Notes the articles of an order, and forgets those ordered too long before it."""
    oldest = _second(at - VIEWS_SHOWN)
    kept = [entry for entry in _ENTRY.iter_unpack(state.ordered) if entry[1] >= oldest]
    skus = dict.fromkeys(item["sku"] for item in items if item.get("sku") is not None)
    kept += [(sku_hash(sku), _second(at)) for sku in skus]
    state.ordered = b"".join(_ENTRY.pack(*entry) for entry in kept[-MOST_ORDERED:])


def ordered_since(state: CustomerState, sku: str, at: Instant) -> bool:
    """True if P has ordered the article at `at` or later, within the same second included."""
    wanted, second = sku_hash(sku), _second(at)
    entries = _ENTRY.iter_unpack(state.ordered)
    return any(hash_ == wanted and ordered >= second for hash_, ordered in entries)


def _second(at: Instant) -> int:
    return min(max(at // _SECOND, 0), _MOST_SECONDS)
