"""Reads all records of one customer from the topics, and the newest committed state."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from streams.contracts.control import DefinitionsRecord, decode_control
from streams.contracts.coupon_codes import COUPONS
from streams.contracts.coupon_moves import COUPON_MOVES
from streams.contracts.dead_letters import DeadLetter, read_dead_letter
from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.encode import (
    DEAD_LETTERS,
    LATE_RECORDS,
    SEGMENT_CHANGES,
    SEND_COMMANDS,
    WEBHOOKS,
)
from streams.contracts.fields import EventCheck, WrongEvent, event_check
from streams.contracts.imported import HISTORY
from streams.contracts.meaning import JUDGEMENTS, Door
from streams.contracts.schemas import METRIC_OF_RECORD, shipped_schemas
from streams.contracts.wire import JSON, Decode, Undecodable, decode_any
from streams.engine import INPUTS, METRICS, TOPIC_ORDER, Instant
from streams.engine.effects import Outcome
from streams.engine.language import PROFILE_FIELDS, custom_fields
from streams.engine.values import CUSTOM_METRICS_TOPIC, KEYED_BY_SKU, FieldType
from streams.kafka.partition import partition_of
from streams.kafka.topic_reader import TopicReader, TopicRecord
from streams.ports import CHANGELOG, CONTROL, PartitionId, Record


class PastEvent(msgspec.Struct):
    """One event, as it was processed: words of closed lists as they are meant, without the refused
    fields of a patch. `at` is its effective time: the record time, or stream time for a late record
    (DESIGN 5.2)."""

    at: Instant
    place: tuple[int, int]  # order among events of one time: topic (SEMANTICS 5.3), offset
    metric: str
    fields: dict[str, Any]
    is_late: bool = False
    is_history: bool = False  # it triggers nothing (SEMANTICS 8.10)

    @property
    def event_id(self) -> str:
        """The producer's id of the event; empty for records that are not events."""
        return str(self.fields.get("event_id") or "")


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
    """A set of definitions, in force from `at`."""

    at: Instant
    version: str
    definitions: dict[str, Any]  # the raw set


class UnreadRecord(msgspec.Struct):
    """An output record of the customer that can't be decoded."""

    at: Instant
    where: str  # flow-decisions[3]@81223
    problem: str


class CustomerHistory(msgspec.Struct):
    """All records of one customer. Commands and decisions are in the order of the decisions."""

    customer_id: str
    events: list[PastEvent] = []
    decisions: list[PastDecision] = []
    commands: list[dict[str, Any]] = []
    webhooks: list[dict[str, Any]] = []
    segment_changes: list[dict[str, Any]] = []
    dead_letters: list[DeadLetter] = []
    unread: list[UnreadRecord] = []
    state: bytes | None = None  # the newest committed one; None: unknown, or erased
    publications: list[Publication] = []
    since: Instant | None = None  # earlier events and decisions are left out


def read_history(
    reader: TopicReader,
    customer_id: str,
    since: Instant | None = None,
    decode: Decode = decode_any,
) -> CustomerHistory:
    """Reads the partitions of the customer: events and decisions since `since`. Raises Refused."""
    history = history_of(customer_id, _relevant(reader, customer_id.encode(), since), decode)
    if since is not None:
        _leave_out_before(since, history)
    return history


def history_of(
    customer_id: str, records: Iterable[TopicRecord], decode: Decode = decode_any
) -> CustomerHistory:
    """Returns the history of one customer in these records. One that can't be decoded is among
    `unread`."""
    key = customer_id.encode()
    history = CustomerHistory(customer_id)
    late: dict[RecordAddress, Instant] = {}
    events: list[TopicRecord] = []
    for found in records:
        if found.topic == CHANGELOG:
            if found.record.key == key:
                history.state = found.record.value
            continue
        if found.record.value is None:
            continue
        if found.topic in INPUTS:
            if found.record.key == key and found.topic in _OF_CUSTOMERS:
                events.append(found)
            continue
        try:
            if found.topic == CONTROL:
                _add_publication(history, found.record)
            elif found.topic == LATE_RECORDS:
                _add_late(late, found.record, decode)
            elif found.record.key == key:
                _ADD[found.topic](history, found.record, decode)
        except Undecodable as error:
            where = f"{found.topic}[{found.partition}]@{found.record.offset}"
            history.unread.append(UnreadRecord(found.record.time, where, str(error)))
    rejected = {
        (one.topic, one.partition, one.offset)
        for one in history.dead_letters
        if not one.is_partly_refused
    }
    for found in events:
        if (found.topic, found.partition, found.record.offset) not in rejected:
            _add_event(history, found, late, decode)
    history.events.sort(key=lambda event: (event.at, event.place))
    return history


_OF_CUSTOMERS = tuple(
    topic for topic in INPUTS if topic not in {*KEYED_BY_SKU, COUPONS, COUPON_MOVES}
)

_ALSO = {"Review": "review", "Backfill": "backfill"}
"""Metrics in timelines of input records that are not events."""

RecordAddress = tuple[str, int, int]
"""Topic, partition, offset."""


def _relevant(reader: TopicReader, key: bytes, since: Instant | None) -> Iterator[TopicRecord]:
    yield from reader.read(
        reader.starts([(CONTROL, 0)])
    )  # the set in force may be older than `since`
    inputs = [_place(reader, topic, key) for topic in _OF_CUSTOMERS]
    places = [*inputs, *(_place(reader, topic, key) for topic in _ADD)]
    places.append((LATE_RECORDS, inputs[0][1]))  # a task writes to its own partition of it
    yield from reader.read(reader.starts(places, since))
    yield from reader.read(reader.starts([_place(reader, CHANGELOG, key)]))


def _place(reader: TopicReader, topic: str, key: bytes) -> PartitionId:
    return topic, partition_of(key, reader.partitions(topic))


def _add_publication(history: CustomerHistory, record: Record) -> None:
    published = decode_control(record.value or b"")
    if isinstance(published, DefinitionsRecord):
        raw = json.loads(published.definitions)
        history.publications.append(Publication(record.time, published.version, raw))


def _add_late(late: dict[RecordAddress, Instant], record: Record, decode: Decode) -> None:
    fields = decode(record.value or b"")[1]
    late[fields["topic"], fields["partition"], fields["offset"]] = fields["effective_time"]


def _add_event(
    history: CustomerHistory, found: TopicRecord, late: dict[RecordAddress, Instant], decode: Decode
) -> None:
    record = found.record
    try:
        name, fields = decode(record.value or b"")
    except Undecodable:
        return  # it is among the dead letters, with the reason
    metric = METRIC_OF_RECORD.get(name) or _ALSO.get(name) or str(fields.pop("metric", name))
    if metric == JSON:
        metric = _ONLY_METRIC.get(found.topic, JSON)
    if found.topic == CUSTOM_METRICS_TOPIC:
        own = fields.pop("fields", None)
        fields.update(own if isinstance(own, dict) else {})
    elif name == JSON and metric in METRICS:
        try:
            fields = _check(metric)(fields)
        except WrongEvent:
            return  # it becomes a dead letter once a worker processes it
    if metric == "backfill":
        fields.pop("event", None)  # the event has a line of its own
    effective = late.get((found.topic, found.partition, record.offset))
    at = record.time if effective is None else effective
    judge = JUDGEMENTS.get(metric)
    if judge is not None:
        try:
            judge(fields, _door_at(history.publications, at))
        except WrongEvent:
            return  # as above
    history.events.append(
        PastEvent(
            at,
            (TOPIC_ORDER.index(found.topic), record.offset),
            metric,
            fields,
            effective is not None,
            is_history=any(name == HISTORY for name, _ in record.headers or ()),
        )
    )


def _door_at(publications: list[Publication], at: Instant) -> Door:
    """The judgement of events at that time. Without words that are no ids: such an event is among
    the dead letters, whichever words the workers know."""
    own: dict[str, Any] = {}
    for published in publications:
        if published.at <= at:
            own = (published.definitions.get("store") or {}).get("profile") or {}
    known = {name: FieldType(kind) for name, kind in own.items()}
    return Door(frozenset(), {**PROFILE_FIELDS, **custom_fields(known)}.get)


def _leave_out_before(since: Instant, history: CustomerHistory) -> None:
    """Drops events and decisions before `since`. In simulated time, record times of outputs may be
    years after the decisions in them, so that the reader cannot select by them."""
    history.since = since
    history.events = [event for event in history.events if event.at >= since]
    history.decisions = [decision for decision in history.decisions if decision.at >= since]
    history.commands = [one for one in history.commands if one["decided_at"] >= since]
    history.webhooks = [one for one in history.webhooks if one["decided_at"] >= since]
    history.segment_changes = [one for one in history.segment_changes if one["at"] >= since]
    history.unread = [one for one in history.unread if one.at >= since]
    history.dead_letters = [letter for letter in history.dead_letters if letter.at >= since]


@cache
def _check(metric: str) -> EventCheck:
    return event_check(METRICS[metric], shipped_schemas().of_metric(metric).schema)


_topics = [metric.topic for metric in METRICS.values()]
_ONLY_METRIC = {one.topic: name for name, one in METRICS.items() if _topics.count(one.topic) == 1}
_ONLY_METRIC |= {"reviews": "review", "backfills": "backfill"}
"""Metric of JSON without one, by topic."""


def _add_decisions(history: CustomerHistory, record: Record, decode: Decode) -> None:
    history.decisions.extend(
        PastDecision(
            at=fields["at"],
            offset=record.offset,
            flow=fields["flow"],
            flow_version=fields["flow_version"],
            journey_id=fields["journey_id"],
            step=fields["step"],
            outcome=Outcome(fields["outcome"]),
            reason=fields["reason"],
            evidence=fields["evidence"],
            event_id=fields["event_id"],
        )
        for fields in read_decisions(record.value or b"", decode)
    )


def _add_command(history: CustomerHistory, record: Record, decode: Decode) -> None:
    history.commands.append(decode(record.value or b"")[1])


def _add_webhook(history: CustomerHistory, record: Record, decode: Decode) -> None:
    history.webhooks.append(decode(record.value or b"")[1])


def _add_segment_change(history: CustomerHistory, record: Record, decode: Decode) -> None:
    history.segment_changes.append(decode(record.value or b"")[1])


def _add_dead_letter(history: CustomerHistory, record: Record, decode: Decode) -> None:
    history.dead_letters.append(read_dead_letter(record.value or b"", decode))


_ADD: dict[str, Callable[[CustomerHistory, Record, Decode], None]] = {
    DECISIONS: _add_decisions,
    SEND_COMMANDS: _add_command,
    WEBHOOKS: _add_webhook,
    SEGMENT_CHANGES: _add_segment_change,
    DEAD_LETTERS: _add_dead_letter,
}
"""By output topic: adds a record to a history."""
