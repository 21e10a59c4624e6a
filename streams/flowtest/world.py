"""The world of a case: one task in memory, and what it has put out."""

from functools import cache
from typing import Any

import msgspec

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import REVIEW_REQUESTS, SEND_COMMANDS, WEBHOOKS, EffectEncoder
from streams.contracts.fields import FieldsRead
from streams.contracts.interests import INTERESTS
from streams.contracts.wire import decode_any
from streams.engine import METRICS, CustomerState, Instant, decode_state
from streams.engine.values import NEWS, Path, Problem
from streams.flowtest.events import Command, NotThere
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore


class Written(msgspec.Struct, frozen=True):
    """One record of an input, ready to be fed; `topic` None: a crash."""

    topic: str | None
    time: Instant
    key: bytes = b""
    value: bytes = b""


class Outcome(msgspec.Struct):
    """What a run came to, as a reader of the output topics sees it."""

    commands: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    dead_letters: list[str]
    interests: list[dict[str, Any]]
    news: list[dict[str, Any]]
    states: dict[str, CustomerState] = {}

    def written(self) -> dict[str, list[Any]]:
        """What was put out, by the name of one such thing; ways of running a case are compared by
        it."""
        return {
            "command": self.commands,
            "webhook": self.webhooks,
            "review request": self.reviews,
            "decision": self.decisions,
            "dead letter": self.dead_letters,
            "interest": self.interests,
            "piece of news": self.news,
        }


_FACTS_KEPT = 10_000
"""A case is run again with a restart after each of its records, and a task that opens takes the
facts of all days again: more than any case has."""


@cache
def _encoder() -> EffectEncoder:
    """It holds nothing of a run, and its writers are generated at some cost."""
    return EffectEncoder()


class World:
    """One local task and what it has put out."""

    def __init__(self, fields_read: FieldsRead) -> None:
        parts = LocalParts(
            MemoryStore,
            EventDecoder(
                fields_read, own_metric=lambda name: self.local.task.program.own_metric(name)
            ),
            _encoder(),
            Programs(_FACTS_KEPT),
            TaskSettings(clock_skew=0),
        )
        self.local = LocalTask(parts)

    def add(self, record: Written) -> None:
        """Adds a record to its input, or crashes."""
        if record.topic is None:
            self.settle(record.time)
            self.local.restart(keep_store=False)
        else:
            self.local.append(record.topic, record.time, record.key, record.value)

    def settle(self, until: Instant) -> None:
        """All that is due before `until` happens and is committed."""
        self.local.advance(until)
        self.local.commit(until)

    def newest(self, topic: str, customer: str, template: str, path: Path) -> Command:
        """The newest message on `topic` of a customer and template. Raises NotThere, at `path`."""
        for one in reversed(self._read(topic)):
            if one["customer_id"] == customer and one["template"] == template:
                return Command(customer, template, one["send_id"], one["channel"])
        message = f"no message {template!r} to {customer!r} was put up for review before"
        if topic == SEND_COMMANDS:
            message = f"no command {template!r} was sent to {customer!r} before"
        raise NotThere([Problem(path, message)])

    def outcome(self) -> Outcome:
        """What was put out and is known of customers, as committed."""
        states = {
            key.decode(): decode_state(value)
            for key, value in self.local.store.items()
            if not key.startswith(b"\x00")
        }
        letters = [letter["reason"] for letter in self._read("dead-letters")]
        decisions = [one for value in self._values(DECISIONS) for one in read_decisions(value)]
        return Outcome(
            commands=self._read(SEND_COMMANDS),
            webhooks=self._read(WEBHOOKS),
            reviews=self._read(REVIEW_REQUESTS),
            decisions=decisions,
            dead_letters=letters,
            interests=self._read(INTERESTS),
            news=self._read(METRICS[NEWS[0]].topic),
            states=states,
        )

    def _read(self, topic: str) -> list[dict[str, Any]]:
        return [decode_any(value)[1] for value in self._values(topic)]

    def _values(self, topic: str) -> list[bytes]:
        output = self.local.output
        return [one.value for one in output if one.topic == topic and one.value is not None]
