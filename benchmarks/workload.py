"""What every job of the comparison reads: a shop's events, the same for all.

20 % orders with three items, 30 % carts with two, 50 % searches, of 100,000 customers, spread over
two partitions by the Java-compatible partitioner; Avro single-object encoding.
"""

import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from confluent_kafka import Producer

from streams.contracts.encode import encode_event
from streams.engine import topic_of

PARTITIONS = 2
CUSTOMERS = 100_000
INPUTS_OF_THE_JOB = ("orders", "carts", "searches")
ORDERS, CARTS = 0.2, 0.5
"""Cumulative shares; the rest are searches."""

Named = tuple[str, dict[str, Any]]
"""Metric and event."""


class Encoded(msgspec.Struct, frozen=True):
    """An event as it is produced. `topic` is the logical name."""

    topic: str
    key: str
    value: bytes


def events(count: int, seed: int = 1, customers: int = CUSTOMERS, run: str = "") -> Iterator[Named]:
    """`count` events of so many customers, now. Their ids begin with `run`: an id that a job has
    seen before would make no command."""
    chance = random.Random(seed)
    for number in range(count):
        event: dict[str, Any] = {
            "event_id": f"{run or f'e{seed}'}-{number}",
            "customer_id": f"C{chance.randrange(customers):07}",
            "occurred_at": int(time.time() * 1000),
        }
        share = chance.random()
        if share < ORDERS:
            yield "order.placed", event | _basket(chance, 3) | {"order_id": str(number), "tags": []}
        elif share < CARTS:
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


def customer_profiles(customers: int = CUSTOMERS) -> Iterator[Named]:
    """One `customer.updated` for each customer, so that everyone can be written to."""
    for number in range(customers):
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


def encoded(named: Iterable[Named]) -> Iterator[Encoded]:
    """The same events as they are produced."""
    for metric, event in named:
        yield Encoded(topic_of(metric), event["customer_id"], encode_event(metric, event))


def fill(bootstrap: str, prefixes: Iterable[str], named: Iterable[Named]) -> int:
    """Produces every event to the topics of each prefix, made and encoded once for all; returns the
    number of events. Raises RuntimeError if some were not delivered."""
    producer, count, prefixes = open_producer(bootstrap), 0, list(prefixes)
    for one in encoded(named):
        for prefix in prefixes:
            _produce(producer, prefix + one.topic, one)
        count += 1
        if count % 1000 == 0:
            producer.poll(0)
    if left := producer.flush(120):
        raise RuntimeError(f"{left} of {count} events were not delivered within 120 s")
    return count


def _produce(producer: Producer, topic: str, one: Encoded) -> None:
    while True:
        try:
            producer.produce(topic, one.value, key=one.key)
        except BufferError:
            producer.poll(0.1)
        else:
            return


def open_producer(bootstrap: str) -> Producer:
    """A producer as docs/events-in.md asks for."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 0,  # new topics have no leader yet: it comes, or delivery fails
        }
    )
