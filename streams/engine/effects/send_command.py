"""The command that a delivery worker executes."""

from typing import Any

import msgspec

from streams.engine.values import Instant


class SendCommand(msgspec.Struct, gc=False):
    """One instruction to deliver one message (DESIGN 7); money in minor units.

    A request for review holds the command as it would be sent now (SEMANTICS 4.1).
    """

    send_id: str
    customer_id: str
    channel: str
    recipient: str | None  # None: awaits review, and the address is unknown
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
    coupon_expires_at: Instant | None = None  # None: never, or no coupon
    timezone: str | None = None
    samples: dict[str, str] = {}  # step -> arm of the customer
    profile: dict[str, str] = {}  # fields that store.yaml lists
    variable_currencies: dict[str, str] = {}  # variable -> currency of its amount
    topic: str | None = None
