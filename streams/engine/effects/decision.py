"""One outcome that a person would ask about, with its reason (SEMANTICS 5.5)."""

from enum import Enum
from typing import Any

import msgspec

from streams.engine.values import Instant


class Outcome(Enum):
    """What happened, in the words of DESIGN 7."""

    __hash__ = object.__hash__  # that of Enum is a call in Python, and every decision is looked up

    ENTERED = "entered"
    NOT_ENTERED = "not_entered"
    BRANCH = "branch"
    SENT = "sent"
    SKIPPED = "skipped"
    HELD = "held"
    REVIEW = "review"
    COUPON = "coupon"
    EXITED = "exited"
    CONVERTED = "converted"
    FORGOTTEN = "forgotten"  # past events, because there was no room: of no flow (room.py)


class Decision(msgspec.Struct, gc=False):
    """One outcome that a person would ask about, with what decided it (SEMANTICS 5.5).

    `reason` is empty for outcomes that have none; `evidence` holds plain JSON values; `flow` is
    empty where it isn't about a flow.
    """

    at: Instant
    customer_id: str
    flow: str
    flow_version: str
    journey_id: str | None
    step: str | None
    outcome: Outcome
    reason: str
    evidence: dict[str, Any]
    event_id: str | None
