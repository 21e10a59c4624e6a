"""What every job of the comparison reads: a shop's events, the same for all.

20 % orders with three items, 30 % carts with two, 50 % searches, of 100,000 customers, spread over
two partitions by the Java-compatible partitioner; Avro single-object encoding.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.contracts.encode import encode_event
from streams.engine import INPUTS, topic_of

PARTITIONS = 2
CUSTOMERS = 100_000
INPUTS_OF_THE_JOB = ("orders", "carts", "searches")


def events(count: int, seed: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """`count` pairs (metric, event); `occurred_at` is now."""
    chance = random.Random(seed)
    for number in range(count):
        event: dict[str, Any] = {
            "event_id": f"e{seed}-{number}",
            "customer_id": f"C{chance.randrange(CUSTOMERS):07}",
            "occurred_at": int(time.time() * 1000),
        }
        share = chance.random()
        if share < 0.2:
            yield "order.placed", event | _basket(chance, 3) | {"order_id": str(number), "tags": []}
        elif share < 0.5:
            yield "cart.updated", event | _basket(chance, 2) | {"cart_id": str(number)}
        else:
            found = {"query": "white hanging heart", "filters": {}, "results": 12}
            yield "search.performed", event | found


def _basket(chance: random.Random, lines: int) -> dict[str, Any]:
    items = [
        {
            "sku": f"SKU{chance.randrange(4000):05}",
            "name": "WHITE HANGING HEART T-LIGHT HOLDER",
            "quantity": chance.randrange(1, 9),
            "unit_price": chance.randrange(100, 5000),
            "category": "home",
        }
        for _ in range(lines)
    ]
    total = sum(item["quantity"] * item["unit_price"] for item in items)
    return {"total": total, "currency": "GBP", "items": items}


def create_inputs(bootstrap: str, prefix: str) -> None:
    """The input topics of one run, with the broker's append time as record time."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    appended = {"message.timestamp.type": "LogAppendTime"}
    topics = [NewTopic(prefix + topic, PARTITIONS, 1, config=appended) for topic in INPUTS]
    for future in admin.create_topics(topics).values():
        future.result(30)


def customer_profiles() -> Iterator[tuple[str, dict[str, Any]]]:
    """One `customer.updated` for each customer, so that everyone can be written to."""
    for number in range(CUSTOMERS):
        customer = f"C{number:07}"
        profile = {"email": f"{customer}@example.com", "consent": ["email"], "locale": "en"}
        yield (
            "customer.updated",
            {
                "event_id": f"p-{number}",
                "customer_id": customer,
                "occurred_at": int(time.time() * 1000),
                "set": profile,
                "unset": [],
            },
        )


def fill(bootstrap: str, prefix: str, what: Iterator[tuple[str, dict[str, Any]]]) -> int:
    """Produces all of `what`; how many there were."""
    producer = open_producer(bootstrap)
    count = 0
    for metric, event in what:
        produce(producer, prefix, metric, event)
        count += 1
        if count % 1000 == 0:
            producer.poll(0)
    producer.flush(60)
    return count


def open_producer(bootstrap: str) -> Producer:
    """A producer as docs/events-in.md asks for."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
        }
    )


def produce(
    producer: Producer,
    prefix: str,
    metric: str,
    event: dict[str, Any],
    delivered: Callable[[object, Message], None] | None = None,
) -> None:
    """One event to its topic; waits while the queue is full."""
    value = encode_event(metric, event)
    topic, key = prefix + topic_of(metric), event["customer_id"]
    while True:
        try:
            producer.produce(topic, value, key=key, on_delivery=delivered)
        except BufferError:
            producer.poll(0.1)
        else:
            return
