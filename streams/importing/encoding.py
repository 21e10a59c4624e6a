"""Checks and encodes events given as dicts, once, before they are sorted and written."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.contracts.decode import LARGEST_EVENT
from streams.contracts.encode import encode_event
from streams.contracts.fields import WrongEvent
from streams.contracts.keys import LONGEST_KEY
from streams.contracts.meaning import DEFAULT_DOOR, Door
from streams.engine import METRICS, Instant
from streams.engine.values import KEYED_BY_SKU, PRODUCT_METRICS, Metric

EventFields = dict[str, Any]
"""An event as a dict: its `metric` and the fields of DESIGN 7."""


class EventRecord(msgspec.Struct, array_like=True, gc=False):
    """One event, ready to be written."""

    occurred_at: Instant
    topic: str  # logical name
    key: str  # the customer id, or the sku for events of articles
    value: bytes


def event_record(
    event: EventFields, metrics: Mapping[str, Metric] = METRICS, door: Door = DEFAULT_DOOR
) -> EventRecord:
    """Returns the record of an event: its `metric` and the fields of DESIGN 7. `metrics` includes
    custom ones. Raises WrongEvent, naming the field."""
    fields = dict(event)
    metric = fields.pop("metric")
    value = encode_event(metric, fields, metrics, door)
    if len(value) > LARGEST_EVENT:
        raise WrongEvent(f"the event has {len(value)} bytes, expected at most {LARGEST_EVENT}")
    known = PRODUCT_METRICS.get(metric) or metrics[metric]
    name = "sku" if known.topic in KEYED_BY_SKU else "customer_id"
    key = event[name]
    if not key or key[0] == "\x00" or len(key.encode()) > LONGEST_KEY:
        raise WrongEvent(
            f"field {name!r} is {key[:40]!r}, expected 1 to {LONGEST_KEY} bytes that do not begin "
            "with a zero byte: it is the record's key",
            name,
        )
    return EventRecord(event["occurred_at"], known.topic, key, value)
