"""Dead letters: the reason, the position and the original bytes of a record that was rejected.

A field of a dead letter is in four places: the cause in `ports.Rejection`, filled where the record
is rejected; `DeadLetter` here; `encode.dead_letter`, which fills it; and `schemas/DeadLetter.avsc`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from streams.contracts.meaning import PARTLY_REFUSED
from streams.contracts.wire import Decode, Undecodable, decode_any
from streams.engine import Instant
from streams.ports import Record

FetchedHeaders = Sequence[tuple[str, bytes | None]]

MOST_KEPT = 900_000
"""Bytes of the original record in a dead letter. With the other fields, and the key, which occurs
twice, a dead letter stays below the largest record that is produced (PITFALLS 19)."""

_KEY_KEPT = 2_048

TRUNCATED = "; truncated to "
"""Begins the end of the reason, if the record was longer than that."""

RETRIED = "sendflow-retried"
"""Header of a receipt, a record of `dead-letters` without a value: the position of the record that
was returned to its topic."""
RETRY = "sendflow-retry"
"""Header of a returned record: its position before."""


class DeadLetter(msgspec.Struct):
    """One record of the topic `dead-letters`."""

    at: Instant  # stream time of the rejection
    topic: str  # logical name
    partition: int
    offset: int
    time: Instant  # the record's timestamp
    reason: str
    schema: str | None
    key: bytes | None
    value: bytes | None
    headers: FetchedHeaders

    @property
    def where(self) -> str:
        """The position, in the form of log lines: `orders[3]@81223`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    @property
    def is_truncated(self) -> bool:
        """True if parts of the original record are missing."""
        return TRUNCATED in self.reason

    @property
    def is_partly_refused(self) -> bool:
        """True if the event applied without the fields named in the reason (SEMANTICS 8.4)."""
        return self.reason.startswith(PARTLY_REFUSED)


def read_dead_letter(value: bytes, decode: Decode = decode_any) -> DeadLetter:
    """Returns the dead letter in a value of `dead-letters`. Raises Undecodable, like `decode`."""
    name, fields = decode(value)
    if name != "DeadLetter":
        raise Undecodable(f"the value is a {name}, expected a DeadLetter")
    headers = [(header["name"], header["value"]) for header in fields.pop("headers")]
    return DeadLetter(headers=headers, **fields)


def retried_records(record: Record) -> list[str]:
    """The positions in a receipt; none in any other record."""
    if record.value is not None:
        return []
    return [value.decode() for name, value in record.headers or [] if name == RETRIED]


def record_size(record: Record) -> int:
    """Number of bytes in a record's key, value and headers."""
    headers = sum(len(name) + len(value) for name, value in record.headers or [])
    return len(record.key or b"") + len(record.value or b"") + headers


def truncated(record: Record) -> Record:
    """Returns the record, truncated if it exceeds MOST_KEPT: key and value are cut, the headers
    dropped if they do not fit as well."""
    key, value = record.key, record.value
    if record_size(record) <= MOST_KEPT and len(key or b"") <= _KEY_KEPT:
        return record
    key = None if key is None else key[:_KEY_KEPT]
    value = None if value is None else value[: MOST_KEPT - _KEY_KEPT]
    kept = Record(record.time, record.offset, key, value, record.headers)
    if record_size(kept) > MOST_KEPT:
        kept.headers = None
    return kept


def header_fields(headers: FetchedHeaders) -> list[dict[str, Any]]:
    """Converts headers of a Kafka record to the form of the schema."""
    return [{"name": name, "value": value} for name, value in headers]
