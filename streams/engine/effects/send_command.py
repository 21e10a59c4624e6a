"""The command that a delivery worker carries out."""

from typing import Any

import msgspec

from streams.engine.values import Instant


class SendCommand(msgspec.Struct, gc=False):
    """One instruction to deliver one message (DESIGN 7); money in minor units.

    A message that waits for a person is the command that it would be now (SEMANTICS 4.1).
    """

    send_id: str
    customer_id: str
    channel: str
    recipient: str | None  # None: waits for a person, and there is no address yet
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
