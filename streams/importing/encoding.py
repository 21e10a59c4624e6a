"""Events given as dicts to what a topic takes of them: checked, and encoded once."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.contracts.decode import LARGEST_EVENT, LONGEST_KEY
from streams.contracts.encode import encode_event
from streams.contracts.fields import WrongEvent
from streams.engine import METRICS, Instant
from streams.engine.values import KEYED_BY_SKU, PRODUCT_METRICS, Metric

EventFields = dict[str, Any]
"""An event as a dict: its `metric` and the fields of DESIGN 7."""


class EventRecord(msgspec.Struct, array_like=True, gc=False):
    """One event, ready to be written."""

    occurred_at: Instant
    topic: str  # logical name
    key: str  # the customer's id; of an article's event the sku
    value: bytes


def event_record(event: EventFields, metrics: Mapping[str, Metric] = METRICS) -> EventRecord:
    """The record of an event: its `metric` and the fields of DESIGN 7. `metrics` holds the
    shop's own ones too. Raises WrongEvent, naming the field."""
    fields = dict(event)
    metric = fields.pop("metric")
    value = encode_event(metric, fields, metrics)
    if len(value) > LARGEST_EVENT:
        raise WrongEvent(f"the event has {len(value)} bytes, expected at most {LARGEST_EVENT}")
    known = PRODUCT_METRICS.get(metric) or metrics[metric]
    name = "sku" if known.topic in KEYED_BY_SKU else "customer_id"
    key = event[name]
    if not key or key[0] == "\x00" or len(key.encode()) > LONGEST_KEY:
        raise WrongEvent(
            f"field {name!r} is {key[:40]!r}, expected 1 to {LONGEST_KEY} bytes that don't begin "
            "with a zero byte: it is the record's key",
            name,
        )
    return EventRecord(event["occurred_at"], known.topic, key, value)
