"""The world of a case: one task in memory, and its outputs."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import (
    REVIEW_REQUESTS,
    SEGMENT_CHANGES,
    SEND_COMMANDS,
    WEBHOOKS,
    EffectEncoder,
)
from streams.contracts.fields import FieldsRead
from streams.contracts.interests import INTERESTS
from streams.contracts.meaning import Door
from streams.contracts.wire import decode_any
from streams.engine import METRICS, CustomerState, Instant, decode_state
from streams.engine.values import NEWS, Path, Problem
from streams.flowtest.events import MessageNotFound, SentMessage
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore


class InputRecord(msgspec.Struct, frozen=True):
    """One record of an input; `topic` None: a crash."""

    topic: str | None
    time: Instant
    key: bytes = b""
    value: bytes = b""


class CaseOutputs(msgspec.Struct):
    """Outputs of a run, as a consumer of the output topics reads them."""

    commands: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    dead_letters: list[str]
    interests: list[dict[str, Any]]
    news: list[dict[str, Any]]
    segment_changes: list[dict[str, Any]]
    states: dict[str, CustomerState] = {}
    facts: Mapping[str, Any] = {}  # of the store, the last ones

    def by_kind(self) -> dict[str, list[Any]]:
        """Outputs by kind, in the singular; ways of running a case are compared on them."""
        return {
            "command": self.commands,
            "webhook": self.webhooks,
            "review request": self.reviews,
            "decision": self.decisions,
            "dead letter": self.dead_letters,
            "interest": self.interests,
            "piece of news": self.news,
            "change of a segment": self.segment_changes,
        }


FACTS_KEPT = 10_000
"""By the reader of `control` of a case: the case is run again with a restart after each of its
records, and a task that opens takes the facts of all days again: more than any case has."""


@cache
def _encoder() -> EffectEncoder:
    """It holds nothing of a run, and its writers are generated at some cost."""
    return EffectEncoder()


class World:
    """One local task and its outputs."""

    def __init__(self, fields_read: FieldsRead, programs: Programs) -> None:
        parts = LocalParts(
            MemoryStore,
            EventDecoder(
                fields_read,
                custom_metric=lambda name: self.local.task.program.custom_metric(name),
                door=Door(profile_field=lambda name: self.local.task.program.profile_field(name)),
            ),
            _encoder(),
            programs,
            TaskSettings(clock_skew=0),
        )
        self.local = LocalTask(parts)

    def add(self, record: InputRecord) -> None:
        """Appends a record to its input, or crashes the task."""
        if record.topic is None:
            self.settle(record.time)
            self.local.restart(keep_store=False)
        else:
            self.local.append(record.topic, record.time, record.key, record.value)

    def settle(self, until: Instant) -> None:
        """Advances the task to `until` and commits."""
        self.local.advance(until)
        self.local.commit(until)

    def newest(self, topic: str, customer: str, template: str, path: Path) -> SentMessage:
        """The newest message on `topic` of a customer and template. Raises NotThere, at `path`."""
        for one in reversed(self._read(topic)):
            if one["customer_id"] == customer and one["template"] == template:
                return SentMessage(customer, template, one["send_id"], one["channel"])
        message = f"no earlier message {template!r} to {customer!r} awaits review"
        if topic == SEND_COMMANDS:
            message = f"no earlier command {template!r} to {customer!r}"
        raise MessageNotFound([Problem(path, message)])

    def outputs(self) -> CaseOutputs:
        """Committed outputs and customer states."""
        states = {
            key.decode(): decode_state(value)
            for key, value in self.local.store.items()
            if not key.startswith(b"\x00")
        }
        letters = [letter["reason"] for letter in self._read("dead-letters")]
        decisions = [one for value in self._values(DECISIONS) for one in read_decisions(value)]
        return CaseOutputs(
            commands=self._read(SEND_COMMANDS),
            webhooks=self._read(WEBHOOKS),
            reviews=self._read(REVIEW_REQUESTS),
            decisions=decisions,
            dead_letters=letters,
            interests=self._read(INTERESTS),
            news=self._read(METRICS[NEWS[0]].topic),
            segment_changes=self._read(SEGMENT_CHANGES),
            states=states,
            facts=self.local.task.program.facts,
        )

    def _read(self, topic: str) -> list[dict[str, Any]]:
        return [decode_any(value)[1] for value in self._values(topic)]

    def _values(self, topic: str) -> list[bytes]:
        output = self.local.output
        return [one.value for one in output if one.topic == topic and one.value is not None]
