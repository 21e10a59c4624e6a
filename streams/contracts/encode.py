"""Encodes effects of the engine, and events of importers and producers.

Avro single-object encoding, or Confluent wire format where a registry is configured.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Any

import msgspec

from streams.contracts.codecs import dict_writer, struct_writer
from streams.contracts.coupon_moves import coupon_report_record, moved_codes_record
from streams.contracts.custom_events import CustomEventReader, no_custom_metrics
from streams.contracts.dead_letters import (
    TRUNCATED,
    DeadLetter,
    header_fields,
    record_size,
    truncated,
)
from streams.contracts.decisions import DecisionsWriter
from streams.contracts.fields import EventCheck, WrongEvent, all_fields, event_check, unknown_field
from streams.contracts.interests import INTERESTS
from streams.contracts.meaning import DEFAULT_DOOR, JUDGEMENTS, Door, id_problem
from streams.contracts.partition_facts import article_report_record, report_record
from streams.contracts.product_updates import judge_product
from streams.contracts.record_writer import RecordWriter
from streams.contracts.registry import SchemaRegistry
from streams.contracts.schemas import Contract, Schema, Schemas, record_name, shipped_schemas
from streams.contracts.trace import trace_headers
from streams.contracts.wire import confluent_header, single_object_header
from streams.engine import (
    METRICS,
    Decision,
    Instant,
    Interest,
    SegmentChange,
    SendCommand,
    WebhookCommand,
)
from streams.engine.values import NEWS, PRODUCT_METRICS, PRODUCT_UPDATED, Metric, next_midnight
from streams.ports import (
    ArticleReport,
    CouponReport,
    DayReport,
    MovedCodes,
    OutputRecord,
    Record,
    Rejection,
)

SEND_COMMANDS = "send-commands"
WEBHOOKS = "webhooks"
REVIEW_REQUESTS = "send-review"
DEAD_LETTERS = "dead-letters"
LATE_RECORDS = "late-records"
SEGMENT_CHANGES = "segment-changes"


class LateRecord(msgspec.Struct):
    """A late record, and the time at which it was processed instead (DESIGN 5.2)."""

    topic: str
    partition: int
    offset: int
    effective_time: Instant
    sequence: int


class EffectEncoder:
    """The `Encoder` of a task (`ports.py`).

    With a registry, the output schemas are registered on start, and the values carry their ids.
    Raises RegistryUnreachable, Refused (see `SchemaRegistry.register`).
    """

    def __init__(self, registry: SchemaRegistry | None = None) -> None:
        self._registry = registry
        self._command_header, command = self._output("SendCommand")
        self._decisions = DecisionsWriter(*self._output("Decisions"))
        self._dead_letter_header, dead_letter = self._output("DeadLetter")
        self._late_record_header, late_record = self._output("LateRecord")
        self._webhook_header, webhook = self._output("WebhookCommand")
        self._review_header, review = self._output("ReviewRequest")
        self._interest_header, interest = self._output("Interest")
        self._segment_header, segment_change = self._output("SegmentChange")
        self._news = {metric: self._writer_of(record_name(metric)) for metric in NEWS}
        self._write_interest = struct_writer(interest)
        self._write_segment_change = struct_writer(
            segment_change, {"change": _value_of, "cause": _value_of}
        )
        self._write_command = struct_writer(command)
        self._write_webhook = struct_writer(webhook)
        self._write_review = struct_writer(review, attributes={"requested_at": "decided_at"})
        self._write_dead_letter = struct_writer(dead_letter, {"headers": header_fields})
        self._write_late_record = struct_writer(late_record)

    def commands(self, commands: Iterable[SendCommand]) -> list[OutputRecord]:
        """Returns one record per command, in order; the key is the customer id."""
        return _by_customer(SEND_COMMANDS, self._command_header, self._write_command, commands)

    def webhooks(self, commands: Iterable[WebhookCommand]) -> list[OutputRecord]:
        """Returns one record per command, in order; the key is the customer id."""
        return _by_customer(WEBHOOKS, self._webhook_header, self._write_webhook, commands)

    def reviews(self, commands: Iterable[SendCommand]) -> list[OutputRecord]:
        """Returns one `ReviewRequest` per command that awaits review, in order; the key is the
        customer id."""
        return _by_customer(REVIEW_REQUESTS, self._review_header, self._write_review, commands)

    def interests(self, interests: Iterable[Interest]) -> list[OutputRecord]:
        """Returns one record per interest, in order; the key is the sku. The timestamp counts in
        simulated time only: records between tasks take effect at the midnight that follows."""
        header, write = self._interest_header, self._write_interest
        return [
            OutputRecord(
                INTERESTS,
                interest.sku.encode(),
                header + write(interest),
                time=next_midnight(interest.at),
            )
            for interest in interests
        ]

    def segment_changes(self, changes: Iterable[SegmentChange]) -> list[OutputRecord]:
        """Returns one record per change, in order; the key is the customer id."""
        header, write = self._segment_header, self._write_segment_change
        return [
            OutputRecord(SEGMENT_CHANGES, change.customer_id.encode(), header + write(change))
            for change in changes
        ]

    def news(self, metric: str, event: Mapping[str, Any], time: Instant) -> OutputRecord:
        """Returns news of an article for one customer, whose id is the key; `time` counts in
        simulated time only."""
        header, write = self._news[metric]
        key = event["customer_id"].encode()
        return OutputRecord(METRICS[metric].topic, key, header + write(event), time=time)

    def decisions(self, decisions: Iterable[Decision]) -> list[OutputRecord]:
        """Returns one record per event or timer of a customer with decisions, in order; the key is
        the customer id."""
        return self._decisions.records(decisions)

    def dead_letter(
        self, topic: str, partition: int, record: Record, rejection: Rejection, at: Instant
    ) -> OutputRecord:
        """Returns the dead letter of `record` of the input `topic`: the reason and the original
        record, truncated to MOST_KEPT bytes; the key is that of the record."""
        kept, reason = truncated(record), rejection.reason
        if kept is not record:
            reason += f"{TRUNCATED}{record_size(kept)} of {record_size(record)} bytes"
        letter = DeadLetter(
            at=at,
            topic=topic,
            partition=partition,
            offset=record.offset,
            time=record.time,
            reason=reason,
            schema=rejection.schema,
            key=kept.key,
            value=kept.value,
            headers=kept.headers or [],
        )
        value = self._dead_letter_header + self._write_dead_letter(letter)
        return OutputRecord(DEAD_LETTERS, kept.key, value)

    def late_record(
        self, topic: str, partition: int, offset: int, effective_time: Instant, sequence: int
    ) -> OutputRecord:
        """Returns the time and sequence at which a replay must process a late record; the key keeps
        those of one input in order."""
        late = LateRecord(topic, partition, offset, effective_time, sequence)
        value = self._late_record_header + self._write_late_record(late)
        return OutputRecord(LATE_RECORDS, f"{topic}-{partition}".encode(), value)

    def day_report(self, report: DayReport) -> OutputRecord:
        """Returns the report of a task for a day that has ended."""
        return report_record(report)

    def article_report(self, report: ArticleReport) -> OutputRecord:
        """Returns the report of a task about changed articles."""
        return article_report_record(report)

    def coupon_report(self, report: CouponReport) -> OutputRecord:
        """Returns the report of a task about coupon pools."""
        return coupon_report_record(report)

    def moved_codes(self, moved: MovedCodes, key: bytes, time: Instant) -> OutputRecord:
        """Returns codes for another task; `time` counts in simulated time only."""
        return moved_codes_record(moved, key, time)

    def _writer_of(self, name: str) -> tuple[bytes, RecordWriter]:
        header, schema = self._output(name)
        return header, dict_writer(schema)

    def _output(self, name: str) -> tuple[bytes, Schema]:
        contract = shipped_schemas().current[name]
        if self._registry is None:
            return single_object_header(contract), contract.schema
        return confluent_header(self._registry.register(contract)), contract.schema


def _value_of(member: Enum) -> Any:
    return member.value


def _by_customer(
    topic: str,
    header: bytes,
    write: RecordWriter,
    commands: Iterable[SendCommand] | Iterable[WebhookCommand],
) -> list[OutputRecord]:
    return [
        OutputRecord(
            topic,
            command.customer_id.encode(),
            header + write(command),
            headers=trace_headers(command.traceparent),
        )
        for command in commands
    ]


class EventEncoder:
    """Encodes events given as dicts, for importers and tests. Unknown fields are errors."""

    def __init__(self, schemas: Schemas) -> None:
        self._metrics: dict[str, tuple[EventCheck, bytes, RecordWriter]] = {
            metric: _event_writer(metric, known, schemas.of_metric(metric))
            for metric, known in _KNOWN.items()
        }
        contract = schemas.current[CustomEventReader.name]
        self._custom_events = CustomEventReader(contract, all_fields, no_custom_metrics)
        self._custom_header = single_object_header(contract)
        self._write_custom = dict_writer(contract.schema)

    def encode(
        self,
        metric: str,
        event: dict[str, Any],
        metrics: Mapping[str, Metric] = METRICS,
        door: Door = DEFAULT_DOOR,
    ) -> bytes:
        """Returns an event in Avro single-object encoding: `event_id`, `customer_id`, `occurred_at`
        and the fields of the metric (DESIGN 7), money in minor units. Optional fields may be left
        out, and lists and maps with a default. `metrics` includes custom ones. The event is judged
        as a worker will judge it (SEMANTICS 8), and written as it is meant. Raises WrongEvent,
        naming the field."""
        known = self._metrics.get(metric)
        if known is None:
            own = metrics.get(metric)
            if own is None:
                raise WrongEvent(
                    f"metric {metric!r} is not known, expected one of {', '.join(metrics)}"
                )
            written = self._custom_events.as_written(metric, own, event)
            _check_customer(written, door)
            return self._custom_header + _written(self._write_custom, written)
        check, header, write = known
        checked = check(event)
        # all known fields are valid: only unknown ones are left to check
        if problem := unknown_field(event, _KNOWN[metric]):
            raise WrongEvent(problem)
        if metric in METRICS:
            _check_customer(checked, door)
            meaning = JUDGEMENTS[metric]
            refused = None if meaning is None else meaning(checked, door)
            for name, found in (refused or {}).items():
                raise WrongEvent(found, f"set.{name}")
        elif metric == PRODUCT_UPDATED:
            judge_product(checked)
        return header + _written(write, checked)


def _check_customer(checked: dict[str, Any], door: Door) -> None:
    problem = id_problem("customer_id", checked["customer_id"], door.placeholder_ids)
    if problem is not None:
        raise WrongEvent(problem, "customer_id")


def _written(write: RecordWriter, checked: dict[str, Any]) -> bytes:
    try:
        return write(checked)
    except UnicodeEncodeError as error:
        raise WrongEvent(
            f"{error.object!r} contains an unpaired surrogate, not valid UTF-8"
        ) from error


_KNOWN = {**METRICS, **PRODUCT_METRICS}


def _event_writer(
    name: str, metric: Metric, contract: Contract
) -> tuple[EventCheck, bytes, RecordWriter]:
    check = event_check(metric, contract.schema)
    return check, single_object_header(contract), dict_writer(contract.schema)


@cache
def _shipped() -> EventEncoder:
    return EventEncoder(shipped_schemas())


def encode_event(
    metric: str,
    event: dict[str, Any],
    metrics: Mapping[str, Metric] = METRICS,
    door: Door = DEFAULT_DOOR,
) -> bytes:
    """Like `EventEncoder.encode`, with the schemas of this version."""
    return _shipped().encode(metric, event, metrics, door)
