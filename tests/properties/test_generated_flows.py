"""Any flows over any history: what comes out is the same, bit for bit, if memory and store are lost
after each record and each timer and come back from the changelog."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.contracts.fields import all_fields
from streams.engine import METRICS, Definitions, read_definitions, successors
from streams.local import LocalParts, LocalTask
from streams.ports import CONTROL, OutputRecord, TaskSettings
from streams.programs import SEMANTICS, Programs
from streams.store.memory import MemoryStore
from tests.harness.customer import DAY, MONDAY
from tests.harness.examples import examples
from tests.properties.generated import Happening, Raw, histories, sets

pytestmark = pytest.mark.slow

AFTERWARDS = 10 * DAY


class Ran(msgspec.Struct):
    """All that can be seen of a run."""

    output: list[OutputRecord]
    changelog: list[tuple[bytes, bytes | None]]
    stored: dict[bytes, bytes]


class Run:
    """One task in memory, which may lose it."""

    def __init__(self, *, restores: bool) -> None:
        self._restores = restores
        parts = LocalParts(
            MemoryStore,
            EventDecoder(all_fields),
            EffectEncoder(),
            Programs(),
            TaskSettings(clock_skew=0),
        )
        self.local = LocalTask(parts)

    def until(self, at: int) -> None:
        """All before `at`, one due time after the other."""
        while True:
            due = self.local.task.next_due
            wall = at if due is None or due >= at else due + 1
            self.local.advance(wall)
            self.local.commit(wall)
            if self._restores:
                self.local.restart(keep_store=False)
            if wall == at:
                return

    def ran(self) -> Ran:
        local = self.local
        return Ran(local.output, local.changelog, dict(local.store.items()))


def run(first: Raw, then: Raw | None, history: list[Happening], *, restores: bool) -> Ran:
    """The first set from before all on, the other one from the middle of the history on."""
    one = Run(restores=restores)
    control = _records_of(first, then)
    one.local.append(CONTROL, MONDAY - 1, b"definitions", control[0])
    published_at = history[len(history) // 2].at
    for at, happenings in itertools.groupby(history, key=lambda happening: happening.at):
        one.until(at)
        if at == published_at and len(control) > 1:
            one.local.append(CONTROL, at, b"definitions", control[1])
        for happening in happenings:
            value = encode_event(happening.metric, happening.fields)
            topic = METRICS[happening.metric].topic
            one.local.append(topic, at, happening.customer.encode(), value)
        one.until(at + 1)
    one.until(history[-1].at + AFTERWARDS)
    return one.ran()


def _records_of(first: Raw, then: Raw | None) -> list[bytes]:
    known = _read(first)
    records = [_record("first", first, {})]
    if then is not None:
        records.append(_record("then", then, successors(known, _read(then), {})))
    return records


def _read(raw: Raw) -> Definitions:
    definitions = read_definitions(raw)
    assert isinstance(definitions, Definitions)
    return definitions


def _record(version: str, raw: Raw, known: dict[str, dict[str, str | None]]) -> bytes:
    record = DefinitionsRecord(MONDAY, version, SEMANTICS[-1], "test", json.dumps(raw), known)
    return encode_definitions(record)


def test_a_restore_on_a_day_on_which_nothing_happens_changes_nothing() -> None:
    """Nobody is in the audience: that day has no report, with or without a restore in it."""
    once = {"once": "2026-03-04 12:00", "audience": {"profile": "country", "equals": "FR"}}
    flow = {"flow": "f", "trigger": once, "steps": [{"send": "email", "template": "t"}]}
    fields = {"event_id": "1", "customer_id": "ada", "occurred_at": MONDAY, "sku": "A"}
    history = [Happening(MONDAY, "ada", "view.item", fields)]
    live = run({"flows": [flow]}, None, history, restores=False)
    assert live.output
    assert run({"flows": [flow]}, None, history, restores=True) == live


@examples(40)
@given(sets, histories())
def test_a_restore_after_everything_that_happens_changes_nothing(
    definitions: Raw, history: list[Happening]
) -> None:
    live = run(definitions, None, history, restores=False)
    assert live.stored
    assert run(definitions, None, history, restores=True) == live


@examples(40)
@given(sets, sets, histories())
def test_nor_does_it_if_another_set_is_published_on_the_way(
    first: Raw, then: Raw, history: list[Happening]
) -> None:
    live = run(first, then, history, restores=False)
    assert run(first, then, history, restores=True) == live


@examples(40)
@given(sets, histories(), st.integers(2, 9))
def test_what_is_decided_in_one_go_is_decided_as_well(
    definitions: Raw, history: list[Happening], budget: int
) -> None:
    """In catch-up many records and timers go into one transaction."""
    live = run(definitions, None, history, restores=False)
    local = Run(restores=False).local
    local.append(CONTROL, MONDAY - 1, b"definitions", _records_of(definitions, None)[0])
    for happening in history:
        value = encode_event(happening.metric, happening.fields)
        topic = METRICS[happening.metric].topic
        local.append(topic, happening.at, happening.customer.encode(), value)
    end = history[-1].at + AFTERWARDS
    while local.step(end, budget):
        pass
    local.commit(end)
    assert commands(local.output) == commands(live.output)
    assert customers(dict(local.store.items())) == customers(live.stored)


def commands(output: list[OutputRecord]) -> dict[str, list[bytes | None]]:
    """By topic: which of two topics a slice is written to first says nothing."""
    return {
        topic: [record.value for record in output if record.topic == topic]
        for topic in ("send-commands", "webhooks")
    }


def customers(stored: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in stored.items() if not key.startswith(b"\x00")}
