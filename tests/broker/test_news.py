"""News of articles between the tasks of two workers that are killed: once for each who waits."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.encode import encode_event
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.ports import CHANGELOG, OutputRecord
from tests.harness.events import now
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

CUSTOMERS, SKUS = 30, ("lamp", "vase", "bowl", "tray")
EVERYONE = {(f"c{customer}", sku): 1 for customer in range(CUSTOMERS) for sku in SKUS}
CHEAPER = """\
flow: cheaper
trigger: {metric: product.price_dropped}
key: sku
steps:
  - send: email
    template: cheaper
    smart_sending: false
    variables: {sku: $trigger.sku}
"""


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        (shop.flows / "cheaper.yaml").write_text(CHEAPER)
        shop.publish()
        shop.register(CUSTOMERS)
        yield shop


def update(shop: Shop, price: int, stock: int | None = None) -> None:
    """All articles cost this from now on."""
    with EventProducer(shop.settings) as producer:
        for sku in SKUS:
            fields = {"sku": sku, "name": sku, "price": price, "currency": "GBP", "stock": stock}
            event = {"event_id": f"{sku}-{price}-{stock}", "occurred_at": now(), **fields}
            value = encode_event("product.updated", event)
            producer.produce(OutputRecord("products", sku.encode(), value))


def wish(shop: Shop) -> None:
    """Every customer wishes for every article."""
    with EventProducer(shop.settings) as producer:
        for customer, sku in EVERYONE:
            common = {"customer_id": customer, "occurred_at": now()}
            event = {"event_id": f"{customer}-{sku}", **common, "sku": sku}
            value = encode_event("wishlist.added", event)
            producer.produce(OutputRecord("views", customer.encode(), value))


def read(shop: Shop, topic: str) -> list[dict[str, Any]]:
    found = records_of(shop.settings, topic)
    return [decode_any(one.record.value)[1] for one in found if one.record.value]


def waiting(shop: Shop) -> int:
    """Committed entries of those who wait, in all tasks."""
    keys = {found.record.key or b"" for found in records_of(shop.settings, CHANGELOG)}
    return sum(key.startswith(b"\0watch") for key in keys)


def test_workers_that_are_killed_tell_everyone_once(shop: Shop) -> None:
    one, two = shop.start("one"), shop.start("two")
    one.wait_for(2)
    two.wait_for(2)
    update(shop, 2_000)
    wish(shop)
    eventually(lambda: read(shop, "interests"), within=30, message=one.log_tail)
    one.kill()
    eventually(lambda: waiting(shop) == len(EVERYONE), within=40, every=0.2, message=two.log_tail)
    one = shop.start("one")
    one.wait_for(2)
    two.wait_for(2)
    update(shop, 1_500)
    eventually(lambda: read(shop, "product-news"), within=30, message=one.log_tail)
    two.kill()

    def sent() -> Counter[tuple[str, str]]:
        return Counter(
            (command["customer_id"], command["variables"]["sku"])
            for command in read(shop, "send-commands")
        )

    eventually(lambda: len(sent()) == len(EVERYONE), within=40, every=0.2, message=one.log_tail)
    assert one.stop() == 0
    assert sent() == EVERYONE
    for topic in ("interests", "product-news"):
        told = Counter((record["customer_id"], record["sku"]) for record in read(shop, topic))
        assert told == EVERYONE, topic
    assert read(shop, "dead-letters") == []


def news(shop: Shop) -> Counter[tuple[str, Any, Any, Any]]:
    """How many customers were told: metric, price seen, percent, lowest price of 30 days."""
    found = records_of(shop.settings, "product-news")
    decoded = [decode_any(one.record.value) for one in found if one.record.value]
    return Counter(
        (name, fields.get("seen_price"), fields.get("percent"), fields.get("lowest_30d"))
        for name, fields in decoded
    )


def test_d24_d25_a_drop_is_measured_against_what_was_seen_and_sold_out_is_told(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    update(shop, 2_000, 5)
    wish(shop)
    all_ = len(EVERYONE)
    eventually(lambda: waiting(shop) == all_, within=40, every=0.2, message=worker.log_tail)
    update(shop, 3_000, 6)
    update(shop, 2_000, 7)  # what everyone saw: no drop
    update(shop, 1_500, 8)
    update(shop, 1_500, 0)
    expected = {
        ("ProductPriceDropped", 2_000, 25, 2_000): all_,
        ("ProductSoldOut", None, None, None): all_,
    }
    eventually(lambda: news(shop).total() >= 2 * all_, within=40, message=worker.log_tail)
    assert worker.stop() == 0
    assert news(shop) == expected
    assert read(shop, "dead-letters") == []
