"""What deciding returns: commands and decisions, in the order in which they were made."""

from enum import Enum
from typing import Any

import msgspec

from streams.engine.codes import NO_CODES, CodeSupply
from streams.engine.event import Instant
from streams.engine.purchase import Purchase


class Outcome(Enum):
    """What happened, in the words of DESIGN section 7."""

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


class SendCommand(msgspec.Struct, gc=False):
    """One instruction to deliver one message (DESIGN section 7); money in minor units."""

    send_id: str
    customer_id: str
    channel: str
    recipient: str
    template: str
    flow: str
    flow_version: str
    step: str
    journey_id: str
    transactional: bool
    decided_at: Instant
    not_before: Instant
    expires_at: Instant
    variables: dict[str, str]
    items: list[dict[str, Any]]
    coupon: str | None
    utm: dict[str, str]
    locale: str | None
    trigger_event_id: str | None
    traceparent: str | None = None  # a header of the record


class ReviewRequest(msgspec.Struct, gc=False):
    """A message that waits for a person, as it would be sent now; money in minor units."""

    send_id: str
    customer_id: str
    channel: str
    recipient: str | None
    template: str
    flow: str
    flow_version: str
    step: str
    journey_id: str
    transactional: bool
    requested_at: Instant
    expires_at: Instant
    variables: dict[str, str]
    items: list[dict[str, Any]]
    coupon: str | None
    utm: dict[str, str]
    locale: str | None
    trigger_event_id: str | None
    traceparent: str | None = None  # a header of the record


class WebhookCommand(msgspec.Struct, gc=False):
    """One instruction to call one of the shop's webhooks."""

    webhook_id: str
    customer_id: str
    webhook: str
    flow: str
    flow_version: str
    step: str
    journey_id: str
    decided_at: Instant
    data: dict[str, str]
    trigger_event_id: str | None
    traceparent: str | None = None  # a header of the record


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


class Interest(msgspec.Struct, gc=False):
    """The customer waits for news of an article from `at` on; `kind` None: no longer."""

    sku: str
    customer_id: str
    kind: str | None
    until: Instant
    at: Instant


class Effects(msgspec.Struct):
    """Collects what one or many calls of the engine decided, in order."""

    commands: list[SendCommand] = []
    webhooks: list[WebhookCommand] = []
    reviews: list[ReviewRequest] = []
    decisions: list[Decision] = []
    purchases: list[Purchase] = []  # what is learnt from
    duplicates: int = 0
    loops: int = 0
    without_rate: int = 0  # events with amounts in a currency that the store has no rate for
    refused_quietly: int = 0  # customers of a schedule or date who don't enter (SEMANTICS 5.5)
    reviews_in_vain: int = 0  # of messages that don't wait for one (any more)
    backfilled: int = 0  # journeys of past customers who were added to a flow (SEMANTICS 6.3)
    backfills_in_vain: int = 0  # of customers who weren't added
    codes: CodeSupply = NO_CODES  # what coupons are taken from, as they are given
    interests: list[Interest] = []
    news_in_vain: int = 0  # of articles that the customer doesn't wait for (any more)


COUNTED = (
    "duplicates",
    "loops",
    "without_rate",
    "refused_quietly",
    "reviews_in_vain",
    "backfilled",
    "backfills_in_vain",
    "news_in_vain",
)
"""The numbers among the Effects, which a task counts."""
