"""Deciding: what an event, a timer, a visit, a backfill or a review does to one customer.

`act.py` is the front door, whatever the cause; beside it each cause's own part (`by_event.py`,
`by_time.py`, `scan.py`, `backfill.py`, `review.py`), and what they share: `entry.py` for who may
enter, `moves.py` for the order (SEMANTICS 5), `change.py` for new definitions. It needs the
program, the customer, conditions and values only: no family, no definition.
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
    Sieve,
    Visit,
    Visits,
    are_concerned_by,
    is_visit_needed,
    sieve,
)

__all__ = [
    "DUE",
    "Backfill",
    "Cause",
    "Due",
    "NotAdded",
    "Placed",
    "Review",
    "Sieve",
    "Visit",
    "Visits",
    "act",
    "adapt",
    "are_concerned_by",
    "in_order",
    "is_fit",
    "is_visit_needed",
    "metrics_of",
    "rehearse",
    "sieve",
]
