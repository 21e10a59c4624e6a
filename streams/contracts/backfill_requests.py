"""Requests to add past customers to a flow: the topic `backfills`.

A state holds of past events only the fields that conditions read, so a record carries the event as
it was written, with its items and all other fields that the flow may show.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.contracts.fields import WrongEvent, typed
from streams.contracts.moments import moment_problem
from streams.contracts.shipped import encode_struct
from streams.engine import METRICS, Backfill, Event, Instant
from streams.engine.values import CUSTOM_METRICS_TOPIC, Field, FieldType
from streams.ports import Decoded, OutputRecord, Record, Rejection, event_in

BACKFILLS = "backfills"

_EVENT_TOPICS = frozenset({metric.topic for metric in METRICS.values()} | {CUSTOM_METRICS_TOPIC})

_FIELDS = {
    "customer_id": Field(FieldType.TEXT),
    "flow": Field(FieldType.TEXT),
    "at": Field(FieldType.MOMENT),
    "by": Field(FieldType.TEXT, is_optional=True),
    "topic": Field(FieldType.TEXT),
    "recorded_at": Field(FieldType.MOMENT),
}


class BackfillRequest(msgspec.Struct):
    """The record, as its schema has it."""

    customer_id: str
    flow: str
    at: Instant
    by: str | None
    topic: str
    recorded_at: Instant
    event: bytes


class BackfillReader:
    """Reads the fields of the schema, decoded from Avro or JSON; `decode` decodes the event."""

    name = "Backfill"
    topic = BACKFILLS

    def __init__(self, decode: Callable[[str, Record], Decoded | Rejection]) -> None:
        self._decode = decode

    def read(self, fields: dict[str, Any], record: Record) -> Backfill:
        """Returns the customer to add, and the event. Raises WrongEvent."""
        given = typed(_FIELDS, fields)
        for name in ("at", "recorded_at"):
            if problem := moment_problem(given[name], name):
                raise WrongEvent(problem)
        event = self._event(fields.get("event"), given, record)
        return Backfill(given["customer_id"], given["flow"], given["at"], given["by"], event)

    def _event(self, value: Any, given: dict[str, Any], record: Record) -> Event:
        topic, recorded_at = given["topic"], given["recorded_at"]
        if topic not in _EVENT_TOPICS:
            known = ", ".join(sorted(_EVENT_TOPICS))
            raise WrongEvent(f"field 'topic' is {topic!r}, expected one of {known}")
        if isinstance(value, dict):
            value = msgspec.json.encode(value)
        if not isinstance(value, bytes):
            raise WrongEvent("field 'event' is missing, expected the value of the event's record")
        written = Record(recorded_at, record.offset, record.key, value, record.headers)
        found = self._decode(topic, written)
        if isinstance(found, Rejection):
            raise WrongEvent(f"field 'event': {found.reason}")
        event = event_in(found)
        assert event is not None  # these topics hold nothing else
        event.occurred_at = min(event.occurred_at, recorded_at)
        return event


def backfill_record(request: BackfillRequest) -> OutputRecord:
    """Returns the record of a request; the key is the customer id."""
    value = encode_struct(BackfillReader.name, request)
    return OutputRecord(BACKFILLS, request.customer_id.encode(), value)
