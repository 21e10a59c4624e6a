"""The command to call one of the shop's webhooks."""

import msgspec

from streams.engine.values import Instant


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
