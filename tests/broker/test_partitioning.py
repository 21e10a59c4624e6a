"""All of a customer is in one task, whoever writes it and whichever process reads it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.encode import encode_event
from streams.embedded.broker_process import BrokerProcess
from streams.engine import topic_of
from streams.kafka.event_producer import EventProducer
from streams.kafka.partition import partition_of
from streams.kafka.topics import topic_name
from streams.ports import CHANGELOG, OutputRecord
from tests.harness.apache_kafka.jars import java, kafka_jars
from tests.harness.events import event, now
from tests.harness.eventually import eventually
from tests.harness.topics import read
from tests.harness.worker_shop import Shop

PARTITIONS = 4
CUSTOMERS = 12
CART: dict[str, Any] = {"cart_id": "1", "total": 1, "currency": "GBP", "items": []}
ONE_OF_EACH_INPUT: dict[str, dict[str, Any]] = {
    "cart.updated": CART,
    "search.performed": {"query": "lamp", "filters": {}, "results": 3},
    "view.item": {"sku": "A1"},
    "message.opened": {"send_id": "s", "channel": "email"},
}


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=PARTITIONS) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        yield shop


def test_pitfall_37_all_inputs_of_a_task_are_read_by_the_worker_that_owns_it(shop: Shop) -> None:
    one, two = shop.start("one"), shop.start("two")

    def share() -> bool:
        tasks = one.running(), two.running()
        return [len(numbers) for numbers in tasks] == [2, 2] and len(set.union(*tasks)) == 4

    eventually(share, within=30, message=one.log_tail)
    with EventProducer(shop.settings) as producer:
        for customer in (f"c{number}" for number in range(CUSTOMERS)):
            for metric, fields in ONE_OF_EACH_INPUT.items():
                common = {"event_id": metric, "customer_id": customer, "occurred_at": now()}
                value = encode_event(metric, {**common, **fields})
                producer.produce(OutputRecord(topic_of(metric), customer.encode(), value))
    shop.order(CUSTOMERS)
    shop.wait_for_all(one.log_tail)
    expected = dict.fromkeys((*ONE_OF_EACH_INPUT, "customer.updated", "order.placed"), 1)

    def totals() -> list[Any]:
        customers = (f"c{number}" for number in range(CUSTOMERS))
        return [one.ask(f"/customers/{customer}")[1]["totals"] for customer in customers]

    eventually(lambda: totals() == [expected] * CUSTOMERS, message=lambda: str(totals()))
    assert (one.stop(), two.stop()) == (0, 0)


def assert_in_their_partitions(shop: Shop, topic: str) -> int:
    """Every record of a customer lies where murmur2 of the key says; how many there are."""
    found = 0
    for partition in range(PARTITIONS):
        for _, key, _ in read(shop.broker, topic_name(shop.settings, topic), partition):
            assert key is not None
            if not key.startswith(b"\x00"):
                assert partition_of(key, PARTITIONS) == partition, key
                found += 1
    return found


def test_pitfall_38_no_partition_depends_on_pythons_hash(shop: Shop) -> None:
    """Two workers in turn, whose Pythons hash texts differently."""
    for seed in ("0", "4711"):
        shop.order(CUSTOMERS)
        worker = shop.start(f"seed-{seed}", PYTHONHASHSEED=seed)
        shop.wait_for_all(worker.log_tail)
        assert worker.ask("/customers/c3")[0] == 200  # routed by the same partition
        assert worker.stop() == 0
    for topic in ("orders", "send-commands", CHANGELOG):
        assert assert_in_their_partitions(shop, topic) >= 2 * CUSTOMERS


@pytest.mark.kafka  # its jars bring the Java producer
def test_pitfall_38_java_s_events_meet_our_commands_and_states(shop: Shop) -> None:
    keys = [*(f"c{number}" for number in range(CUSTOMERS)), "ä", "zoë-" + "x" * 99, "客户-7"]
    lines = []
    with EventProducer(shop.settings) as producer:
        for number, customer in enumerate(keys, start=1):
            producer.produce(event("customer.updated", customer, 1_000 + number))
            lines.append(f"{customer}|{json.dumps(order(customer, number))}\n")
    tool = [
        *[java(), "-cp", f"{kafka_jars()}/*", "org.apache.kafka.tools.ConsoleProducer"],
        *["--bootstrap-server", shop.broker.bootstrap],
        *["--topic", topic_name(shop.settings, "orders")],
        *["--property", "parse.key=true", "--property", "key.separator=|"],
    ]
    ran = subprocess.run(tool, input="".join(lines).encode(), capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert assert_in_their_partitions(shop, "orders") == len(keys)
    shop.number = len(keys)
    worker = shop.start("one")
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0
    assert assert_in_their_partitions(shop, "send-commands") == len(keys)
    assert assert_in_their_partitions(shop, CHANGELOG) >= len(keys)


def order(customer: str, number: int) -> dict[str, Any]:
    """An order as a shop in Java may send it, in JSON."""
    return {
        "metric": "order.placed",
        "event_id": f"order.placed-{number}",
        "customer_id": customer,
        "occurred_at": now(),
        "order_id": f"o{number}",
        "total": 1_250,
        "currency": "GBP",
        "items": [],
        "tags": [],
    }
