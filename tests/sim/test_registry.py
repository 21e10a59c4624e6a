"""A schema registry that is away delays events; it never makes dead letters of them."""

import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.record_writer import dict_writer
from streams.contracts.registry import RegistryUnreachable, SchemaRegistry
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import confluent_header
from streams.local import LocalParts, LocalTask
from streams.programs import Programs
from streams.store.memory import MemoryStore
from streams.task import TaskSettings
from tests.contracts.registry_server import RegistryServer

NOON = 1_772_452_800_000
ERASED = shipped_schemas().of_metric("customer.erased")
FIELDS = {"event_id": "e1", "customer_id": "ada", "occurred_at": NOON}


def test_pitfall_58_a_record_waits_for_the_registry_and_is_no_dead_letter() -> None:
    with RegistryServer() as server:
        schema_id = server.add(ERASED.source)
    decoder = EventDecoder(registry=SchemaRegistry(server.url))
    parts = LocalParts(MemoryStore, decoder, EffectEncoder(), Programs(), TaskSettings())
    local = LocalTask(parts)
    value = confluent_header(schema_id) + dict_writer(ERASED.schema)(FIELDS)
    local.append("customers", NOON, b"ada", value)
    with pytest.raises(RegistryUnreachable):
        local.advance(NOON + 1000)
    local.restart()
    with server:
        local.advance(NOON + 1000)
    local.commit(NOON + 1000)
    assert local.task.positions["customers"] == 1
    assert local.task.counts["dead_letters"] == 0
    assert local.output == []
