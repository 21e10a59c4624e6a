"""Decisions: outcomes with their reasons and evidence (SEMANTICS 5.5)."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from streams.engine.values import Instant


class Outcome(Enum):
    """The kind of a decision, as written to `flow-decisions` (DESIGN 7)."""

    __hash__ = object.__hash__  # Enum's is a Python call, and every decision is looked up

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
    FORGOTTEN = "forgotten"  # past events, at the size limit of a state; of no flow (limits.py)


REASONS: Mapping[Outcome, tuple[str, ...]] = {
    Outcome.ENTERED: (),
    Outcome.NOT_ENTERED: (
        "profile_filter",
        "re_entry",
        "already_in_flow",
        "missing_key",
        "known_order",
        "stale",
        "history",
        "too_old",
        "exit_on",
        "flow_paused",
        "loop",
    ),
    Outcome.BRANCH: ("then", "else", "timeout", "missing"),  # or the name of a sample's path
    Outcome.SENT: (),
    Outcome.SKIPPED: (
        "expired",
        "profile_filter",
        "message_filter",
        "no_recipient",
        "bad_recipient",
        "no_consent",
        "topic_left",
        "suppressed",
        "smart_sending",
        "frequency_cap",
        "no_items",
        "no_coupon",
    ),
    Outcome.HELD: (
        "quiet_hours",
        "flow_paused",
        "no_profile_yet",
        "smart_sending",
        "frequency_cap",
    ),
    Outcome.REVIEW: (),
    Outcome.COUPON: ("given", "kept", "no_coupon"),
    Outcome.EXITED: (
        "finished",
        "exit_on",
        "exit",
        "restarted",
        "step_removed",
        "date_changed",
        "archived",
        "erased",
    ),
    Outcome.CONVERTED: (),
    Outcome.FORGOTTEN: (),
}
"""The closed list of reasons of each outcome (SEMANTICS 5.5)."""


class Decision(msgspec.Struct, gc=False):
    """One outcome with the values that decided it (SEMANTICS 5.5).

    `reason` is empty for outcomes without reasons; `evidence` holds plain JSON values; `flow` is
    empty if the decision is not about a flow.
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
