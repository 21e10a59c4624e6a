"""Deciding: the effect of an event, a timer, a scan, a backfill or a review on one customer.

`act.py` is the entry point for all causes; each cause has a module (`by_event.py`, `by_time.py`,
`scan.py`, `backfill.py`, `review.py`). Shared: `entry.py` for the checks of an entry, `moves.py`
for the order (SEMANTICS 5), `change.py` for new definitions. Depends on the program, the customer,
conditions and values only: on no family and no definition.
"""

from streams.engine.deciding.act import Cause, act, rehearse
from streams.engine.deciding.backfill import (
    Backfill,
    NotAdded,
    Placed,
    in_order,
    is_fit,
    metrics_of,
)
from streams.engine.deciding.by_time import DUE, Due
from streams.engine.deciding.change import adapt
from streams.engine.deciding.review import Review
from streams.engine.deciding.scan import (
    Prefilter,
    Scan,
    Scanned,
    are_concerned_by,
    is_scan_needed,
    prefilter,
)

__all__ = [
    "DUE",
    "Backfill",
    "Cause",
    "Due",
    "NotAdded",
    "Placed",
    "Prefilter",
    "Review",
    "Scan",
    "Scanned",
    "act",
    "adapt",
    "are_concerned_by",
    "in_order",
    "is_fit",
    "is_scan_needed",
    "metrics_of",
    "prefilter",
    "rehearse",
]
