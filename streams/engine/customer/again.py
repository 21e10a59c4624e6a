"""An event that tells again what is known, or too late what no longer is so: it triggers
nothing."""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.engine.customer.state import CustomerState
from streams.engine.values import Instant

KNOWN_ORDER = "known_order"
"""A second telling of an order, or its cart told late (SEMANTICS 8.6, 8.9)."""
STALE = "stale"
"""A cart older than the newest one (SEMANTICS 8.9)."""
DUPLICATE = "duplicate"
"""A refund that is known by its `refund_id` (SEMANTICS 8.6): counted, without a decision."""


class Again(msgspec.Struct, frozen=True):
    """The reason why an event is nothing new, and its evidence.

    `corrects`: sequence number of the remembered event of the order whose newest telling this is,
    or which happened earlier than was known; `occurred_at` is then the moment of the order.
    """

    reason: str
    evidence: dict[str, Any] = {}
    corrects: int | None = None
    occurred_at: Instant = 0
    has_newer_fields: bool = False


ApplyUnlessKnown = Callable[[CustomerState, dict[str, Any], Instant, Instant], Again | None]
"""The change of the state by an event of `occurred_at`, processed at `now`; None: it is new."""
