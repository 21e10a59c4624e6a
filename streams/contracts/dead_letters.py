"""Records that couldn't be used: what was wrong, where they lie, and their original bytes."""

from collections.abc import Sequence
from typing import Any

import msgspec

from streams.contracts.wire import Undecodable, decode_any
from streams.engine import Instant
from streams.ports import Record

Headers = Sequence[tuple[str, bytes | None]]


class DeadLetter(msgspec.Struct):
    """One record of the topic `dead-letters`."""

    at: Instant  # stream time of the refusal
    topic: str  # logical name
    partition: int
    offset: int
    time: Instant  # the record's timestamp
    reason: str
    schema: str | None
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def where(self) -> str:
        """As log lines name it: `orders[3]@81223`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    def original(self) -> Record:
        """The record as it was fetched, to look at again or to produce anew."""
        headers = [(name, value or b"") for name, value in self.headers]
        return Record(self.time, self.offset, self.key, self.value, headers or None)


def read_dead_letter(value: bytes) -> DeadLetter:
    """Reads a value of `dead-letters`. Raises Undecodable."""
    name, fields = decode_any(value)
    if name != "DeadLetter":
        raise Undecodable(f"the value is a {name}, expected a DeadLetter")
    headers = [(header["name"], header["value"]) for header in fields.pop("headers")]
    return DeadLetter(headers=headers, **fields)


def header_fields(headers: Headers) -> list[dict[str, Any]]:
    """Headers of a Kafka record as the schema has them."""
    return [{"name": name, "value": value} for name, value in headers]
