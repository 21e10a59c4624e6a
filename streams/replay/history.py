"""Everything that the topics hold of one customer."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.contracts.control import DefinitionsRecord, decode_control
from streams.contracts.dead_letters import DeadLetter, read_dead_letter
from streams.contracts.encode import DEAD_LETTERS, DECISIONS, LATE_RECORDS, SEND_COMMANDS
from streams.contracts.schemas import METRIC_OF_RECORD
from streams.contracts.wire import Undecodable, decode_any
from streams.engine import INPUTS, TOPIC_ORDER, Instant
from streams.engine.effects import Outcome
from streams.kafka.partition import partition_of
from streams.kafka.topic_reader import Found, Place, TopicReader
from streams.kafka.topics import CONTROL
from streams.ports import Record


class PastEvent(msgspec.Struct):
    """One event, as it was written. `at` is its effective time: the record time, or the stream
    clock where it came late (DESIGN 5.2)."""

    at: Instant
    place: tuple[int, int]  # among those of one time: topic (SEMANTICS 5.3), offset
    metric: str
    fields: dict[str, Any]
    is_late: bool = False

    @property
    def event_id(self) -> str:
        """The producer's id of the event."""
        return str(self.fields.get("event_id"))


class PastDecision(msgspec.Struct):
    """One decision, as it was written."""

    at: Instant
    offset: int
    flow: str
    flow_version: str
    journey_id: str | None
    step: str | None
    outcome: Outcome
    reason: str
    evidence: dict[str, Any]
    event_id: str | None


class Publication(msgspec.Struct):
    """A set of definitions, in force from `at` on."""

    at: Instant
    version: str
    definitions: dict[str, Any]  # the raw set


class History(msgspec.Struct):
    """One customer in the topics. Commands and decisions in the order in which they were made."""

    customer_id: str
    events: list[PastEvent] = []
    decisions: list[PastDecision] = []
    commands: list[dict[str, Any]] = []
    dead_letters: list[DeadLetter] = []
    publications: list[Publication] = []


def read_history(reader: TopicReader, customer_id: str, since: Instant | None = None) -> History:
    """Reads the partitions that hold the customer's records, from the record time `since` on."""
    key = customer_id.encode()
    history = History(customer_id)
    for record in _all_of(reader, [(CONTROL, 0)], None):
        published = decode_control(record.record.value or b"")
        if isinstance(published, DefinitionsRecord):
            raw = json.loads(published.definitions)
            history.publications.append(Publication(record.record.time, published.version, raw))
    late = _late_records(reader, key, since)
    places = [_place(reader, topic, key) for topic in (*INPUTS, *_OUTPUTS)]
    for found in _all_of(reader, places, since):
        if found.record.key == key and found.record.value is not None:
            _add(history, found, late)
    history.events.sort(key=lambda event: (event.at, event.place))
    return history


_OUTPUTS = (DECISIONS, SEND_COMMANDS, DEAD_LETTERS)


def _add(history: History, found: Found, late: dict[tuple[str, int, int], Instant]) -> None:
    record = found.record
    value = record.value or b""
    if found.topic == DEAD_LETTERS:
        history.dead_letters.append(read_dead_letter(value))
        return
    try:
        name, fields = decode_any(value)
    except Undecodable:
        return  # it's among the dead letters, with the reason
    if found.topic == SEND_COMMANDS:
        history.commands.append(fields)
    elif found.topic == DECISIONS:
        history.decisions.append(_decision(fields, record))
    else:
        metric = METRIC_OF_RECORD.get(name) or str(fields.pop("metric", name))
        effective = late.get((found.topic, found.partition, record.offset))
        history.events.append(
            PastEvent(
                record.time if effective is None else effective,
                (TOPIC_ORDER.index(found.topic), record.offset),
                metric,
                fields,
                effective is not None,
            )
        )


def _decision(fields: dict[str, Any], record: Record) -> PastDecision:
    return PastDecision(
        fields["at"],
        record.offset,
        fields["flow"],
        fields["flow_version"],
        fields["journey_id"],
        fields["step"],
        Outcome(fields["outcome"]),
        fields["reason"],
        json.loads(fields["evidence"]),
        fields["event_id"],
    )


def _late_records(
    reader: TopicReader, key: bytes, since: Instant | None
) -> dict[tuple[str, int, int], Instant]:
    """Effective times of late records, by topic, partition and offset."""
    late = {}
    places = {
        _place(reader, LATE_RECORDS, f"{topic}-{number}".encode())
        for topic in INPUTS
        for _, number in [_place(reader, topic, key)]
    }
    for found in _all_of(reader, list(places), since):
        if found.record.value is not None:
            _, fields = decode_any(found.record.value)
            where = fields["topic"], fields["partition"], fields["offset"]
            late[where] = fields["effective_time"]
    return late


def _place(reader: TopicReader, topic: str, key: bytes) -> Place:
    return topic, partition_of(key, reader.partitions(topic))


def _all_of(reader: TopicReader, places: list[Place], since: Instant | None) -> Iterator[Found]:
    return reader.read(reader.starts(places, since))
