"""A schema registry that is away delays events; it never makes dead letters of them."""

import pytest

from streams.contracts.codecs import dict_writer
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.partition_facts import PARTITION_FACTS
from streams.contracts.registry import RegistryUnreachable, SchemaRegistry
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import confluent_header, single_object_header
from streams.local import LocalParts, LocalTask
from streams.ports import OutputRecord, TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.contracts.registry_server import RegistryServer

NOON = 1_772_452_800_000
ERASED = shipped_schemas().of_metric("customer.erased")
FIELDS = {"event_id": "e1", "customer_id": "ada", "occurred_at": NOON}


VALUE = dict_writer(ERASED.schema)(FIELDS)


def task_with(registry: SchemaRegistry) -> LocalTask:
    decoder = EventDecoder(registry=registry)
    parts = LocalParts(MemoryStore, decoder, EffectEncoder(), Programs(), TaskSettings())
    return LocalTask(parts)


def told(local: LocalTask) -> list[OutputRecord]:
    """What came out, without the ends of days."""
    return [record for record in local.output if record.topic != PARTITION_FACTS]


def test_pitfall_58_a_record_waits_for_the_registry_and_is_no_dead_letter() -> None:
    with RegistryServer() as server:
        schema_id = server.add(ERASED.source)
    local = task_with(SchemaRegistry(server.url))
    task = local.task
    local.append("customers", NOON, b"ada", confluent_header(schema_id) + VALUE)
    for _ in range(2):
        with pytest.raises(RegistryUnreachable):
            local.advance(NOON + 1000)
        assert task.waits_for == f"schema id {schema_id} of the registry at {server.url}"
        assert task.positions["customers"] == 0
    with server:
        local.advance(NOON + 1000)
    assert task.lookup_needed is None
    local.commit(NOON + 1000)
    assert task is local.task, "it wasn't opened again"
    assert task.positions["customers"] == 1
    assert task.counts["dead_letters"] == 0
    assert told(local) == []


def test_while_a_task_waits_for_the_registry_it_asks_and_nothing_changes() -> None:
    """No request on the event loop, no empty transaction, no ends of inputs, no input given up."""
    local = task_with(SchemaRegistry("http://127.0.0.1:1"))
    task = local.task
    local.append("customers", NOON, b"ada", confluent_header(1) + VALUE)
    for topic, log in local.logs.items():
        task.feed(topic, log, len(log), len(log))
    task.set_end_offsets(NOON + 1000, {topic: len(log) for topic, log in local.logs.items()})
    assert not task.run(NOON + 1000, 10)
    local.commit(NOON + 1000)  # the report of the day before
    clock, next_due = task.clock, task.next_due
    for wall in range(NOON + 2000, NOON + 200_000, 500):  # longer than max_idle
        assert not task.run(wall, 10)
        assert task.needs_end_offsets(wall) == []
        assert task.commit_due(wall) is None
    assert (task.clock, task.next_due, task.uncommitted) == (clock, next_due, 0)
    assert task.buffered("customers")[0] == 1
    assert task.counts["inputs_given_up"] == 0
    assert task.counts["late"] == 0


def test_what_comes_before_a_record_that_waits_is_decided_and_committed() -> None:
    local = task_with(SchemaRegistry("http://127.0.0.1:1"))
    known = single_object_header(ERASED) + VALUE
    local.append("customers", NOON, b"ada", known)
    local.append("customers", NOON + 1, b"ada", confluent_header(1) + VALUE)
    local.append("customers", NOON + 2, b"ada", known)
    with pytest.raises(RegistryUnreachable):
        local.advance(NOON + 1000)
    local.commit(NOON + 1000)
    local.restart()
    assert local.task.positions["customers"] == 1


def test_a_late_record_that_waits_is_recorded_once() -> None:
    with RegistryServer() as server:
        schema_id = server.add(ERASED.source)
    local = task_with(SchemaRegistry(server.url))
    local.advance(NOON + 10_000)
    local.append("customers", NOON, b"ada", confluent_header(schema_id) + VALUE)
    for _ in range(3):
        with pytest.raises(RegistryUnreachable):
            local.advance(NOON + 10_000)
    with server:
        local.advance(NOON + 20_000)
    local.commit(NOON + 20_000)
    assert [record.topic for record in told(local)] == ["late-records"]
    assert local.task.counts["late"] == 1


def test_lookups_change_no_decision() -> None:
    """The same logs with a registry that is away at first, and with one that is there."""
    outputs = []
    for is_away in (False, True):
        with RegistryServer() as server:
            schema_id = server.add(ERASED.source)
        local = task_with(SchemaRegistry(server.url))
        local.advance(NOON + 500)
        for number, topic in enumerate(("customers", "orders", "carts")):  # two on a wrong topic
            local.append(topic, NOON + number, b"ada", confluent_header(schema_id) + VALUE)
        if is_away:
            with pytest.raises(RegistryUnreachable):
                local.advance(NOON + 1000)
        with server:
            local.advance(NOON + 1000)
        local.commit(NOON + 1000)
        outputs.append(told(local))
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 5  # late all three, and two dead letters
