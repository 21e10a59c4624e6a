"""The request to approve a message before it is sent (SEMANTICS 4.1)."""

from typing import Any

import msgspec

from streams.engine.values import Instant


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
