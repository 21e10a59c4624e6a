"""Decisions on the topic `flow-decisions`: one record for all decisions of one event or timer of a
customer. With one record per decision, three for an event, they took a sixth of the CPU.

    Decisions ── at, customer_id, event_id           common to all
                 decisions ── flow ... reason        few combinations: encoded once, cached
                              journey_id, evidence
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.contracts.codecs import struct_writer
from streams.contracts.record_writer import long_bytes
from streams.contracts.schemas import Schema
from streams.contracts.wire import Decode, Undecodable, decode_any
from streams.engine import Decision
from streams.ports import OutputRecord

DECISIONS = "flow-decisions"

_MOST_HEADS = 20_000
"""Cached heads. A head includes the version of a flow, so their number is unbounded."""
_END = b"\0"
"""End of an array: no further block."""


def read_decisions(value: bytes, decode: Decode = decode_any) -> list[dict[str, Any]]:
    """Returns the decisions in one value of `flow-decisions`, each with all fields of the engine's
    `Decision`; `evidence` as plain values. Raises Undecodable, like `decode`."""
    name, fields = decode(value)
    if name != "Decisions":
        raise Undecodable(f"the value is a {name}, expected Decisions")
    common = {name: fields[name] for name in ("at", "customer_id", "event_id")}
    decisions = fields["decisions"]
    for decision in decisions:
        decision["evidence"] = msgspec.json.decode(decision["evidence"])
    return [common | decision for decision in decisions]


class DecisionsWriter:
    """Encodes decisions as records of the topic."""

    def __init__(self, header: bytes, schema: Schema) -> None:
        """`schema` is that of `Decisions`; `header` precedes each value."""
        self._header = header
        common, decisions = _split(schema, ("decisions",))
        head, tail = _split(decisions["fields"][0]["type"]["items"], ("journey_id", "evidence"))
        encode_evidence = msgspec.json.Encoder(order="sorted").encode
        self._write_common = struct_writer(common)
        self._write_head = struct_writer(head, {"outcome": lambda outcome: outcome.value})
        self._write_tail = struct_writer(tail, {"evidence": encode_evidence})
        self._heads: dict[tuple[Any, ...], bytes] = {}

    def records(self, decisions: Iterable[Decision]) -> list[OutputRecord]:
        """Returns one record per event or timer with decisions, in order."""
        records: list[OutputRecord] = []
        parts: list[bytes] = []
        first: Decision | None = None
        heads, write_tail = self._heads, self._write_tail
        for decision in decisions:
            if first is None or not (
                decision.event_id == first.event_id
                and decision.at == first.at
                and decision.customer_id == first.customer_id
            ):
                if first is not None:
                    records.append(self._record(first, parts))
                first, parts = decision, []
            key = (
                decision.flow,
                decision.flow_version,
                decision.step,
                decision.outcome,
                decision.reason,
            )
            head = heads.get(key)
            parts.append((head or self._head(key, decision)) + write_tail(decision))
        if first is not None:
            records.append(self._record(first, parts))
        return records

    def _record(self, first: Decision, parts: list[bytes]) -> OutputRecord:
        common = self._write_common(first)
        value = b"".join((self._header, common, long_bytes(len(parts)), *parts, _END))
        return OutputRecord(DECISIONS, first.customer_id.encode(), value)

    def _head(self, key: tuple[Any, ...], decision: Decision) -> bytes:
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        head = self._heads[key] = self._write_head(decision)
        return head


def _split(schema: Schema, last: tuple[str, ...]) -> tuple[Schema, Schema]:
    """Splits the schema into two whose bytes, concatenated, are those of a record: the fields up to
    the `last` ones, and those. JSON is passed as bytes, encoded like text on the wire."""
    fields = schema["fields"]
    names = tuple(field["name"] for field in fields)
    assert names[-len(last) :] == last, names
    tail = [
        field | {"type": "bytes"} if field["name"] == "evidence" else field
        for field in fields[-len(last) :]
    ]
    return (
        schema | {"name": f"{schema['name']}Head", "fields": fields[: -len(last)]},
        schema | {"name": f"{schema['name']}Tail", "fields": tail},
    )
