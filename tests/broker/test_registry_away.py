"""A worker process whose schema registry is away or hangs (PITFALLS 58, 67)."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.registry import SchemaRegistry
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import SINGLE_OBJECT_HEADER, confluent_header, decode_with
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from tests.contracts.registry_server import RegistryServer
from tests.harness.events import event
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

CUSTOMERS = 8
ORDER_PLACED = shipped_schemas().of_metric("order.placed")


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        yield shop


def order_in_confluent_form(shop: Shop, customer: str, schema_id: int) -> None:
    order = event("order.placed", customer, 1_000)
    assert order.value is not None
    order.value = confluent_header(schema_id) + order.value[SINGLE_OBJECT_HEADER:]
    with EventProducer(shop.settings) as producer:
        producer.produce(order)


def thanked(shop: Shop, registry: RegistryServer) -> list[str]:
    """The customers of all commands, which carry ids of the registry."""
    decode = decode_with(SchemaRegistry(registry.url))
    values = [found.record.value for found in records_of(shop.settings, "send-commands")]
    return [decode(value)[1]["customer_id"] for value in values if value]


def test_a_worker_waits_for_its_registry_record_by_record(shop: Shop) -> None:
    waiting = "c0"
    others = [
        f"c{number}"
        for number in range(CUSTOMERS)
        if shop.partition_of(f"c{number}") != shop.partition_of(waiting)
    ]
    with RegistryServer() as registry:
        registry.fails_with = 503
        worker = shop.start("one", SENDFLOW_SCHEMA_REGISTRY=registry.url)
        worker.wait_for_log("returned 503")
        assert worker.process.is_running()
        registry.fails_with = None
        worker.wait_for(4)
        schema_id = registry.add(ORDER_PLACED.source)
        registry.fails_with = 503
        order_in_confluent_form(shop, waiting, schema_id)
        worker.wait_for_log(
            f"is waiting for schema id {schema_id} of the registry at {registry.url}"
        )
        registry.answers.clear()  # from now on it hangs
        with EventProducer(shop.settings) as producer:
            for number, customer in enumerate(others):
                producer.produce(event("order.placed", customer, number))
        asked = time.monotonic()
        assert worker.ask("/health")[0] == 200
        assert time.monotonic() - asked < 2.0
        waits = {task["waits_for"] for task in worker.ask("/status")[1]["tasks"]}
        assert any("of the registry at" in (text or "") for text in waits)
        registry.fails_with = None
        registry.answers.set()
        expected = sorted([waiting, *others])
        eventually(
            lambda: sorted(thanked(shop, registry)) == expected,
            within=30,
            every=0.2,
            message=worker.log_tail,
        )
        (cache,) = (shop.folder / "one" / "schemas").iterdir()
        assert [path.name for path in cache.iterdir()] == [f"{schema_id}.json"]
        assert "restarting from" not in worker.log.read_text()
        assert worker.stop() == 0


def test_a_worker_that_is_stopped_while_its_registry_hangs_ends_in_time(shop: Shop) -> None:
    with RegistryServer() as registry:
        worker = shop.start("one", SENDFLOW_SCHEMA_REGISTRY=registry.url)
        worker.wait_for(4)
        registry.answers.clear()
        order_in_confluent_form(shop, "c0", 4_711)
        eventually(lambda: "/api/schemas/ids/4711" in registry.requests, within=30)
        assert worker.stop() == 0
