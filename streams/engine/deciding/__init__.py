"""Deciding: what an event, a timer, a scan, a backfill or a review does to one customer.

The order of things (SEMANTICS 5) is here: `decide.py` for events and timers, `entry.py` for who may
enter, `moves.py`, `change.py` for new definitions, `scan.py` for visits to every customer. It needs
the program, the customer, conditions and values only: no family, no definition.
"""

from streams.engine.deciding.backfill import (
    Backfill,
    NotAdded,
    Placed,
    backfill,
    in_order,
    is_fit,
    metrics_of,
)
from streams.engine.deciding.change import adapt
from streams.engine.deciding.decide import decide, fire
from streams.engine.deciding.review import Review, review
from streams.engine.deciding.scan import (
    Sieve,
    Visit,
    are_concerned_by,
    is_visit_needed,
    sieve,
    visit,
)

__all__ = [
    "Backfill",
    "NotAdded",
    "Placed",
    "Review",
    "Sieve",
    "Visit",
    "adapt",
    "are_concerned_by",
    "backfill",
    "decide",
    "fire",
    "in_order",
    "is_fit",
    "is_visit_needed",
    "metrics_of",
    "review",
    "sieve",
    "visit",
]
