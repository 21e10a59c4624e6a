"""What the shop says of an article reaches the recommendations of another task within a minute
(SEMANTICS 7.4, D23), and the worker that takes over knows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.control import fact_record, read_changed_articles
from streams.contracts.encode import encode_event
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.engine import Counts, Purchase
from streams.engine.effects import Bought
from streams.engine.values import DAY
from streams.kafka.event_producer import EventProducer
from streams.ports import CONTROL, OutputRecord
from streams.runtime.day_facts import DayFact
from tests.harness.events import now
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

POPULAR = """\
flow: popular
trigger: {metric: search.performed}
steps: [{send: email, template: popular, smart_sending: false, items: {recommend: popular}}]
"""
SKUS = ("lamp", "vase", "bowl")


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=2) as shop:
        shop.create_topics()
        (shop.flows / "popular.yaml").write_text(POPULAR)
        shop.publish()
        shop.register(8)
        yield shop


def recommend(shop: Shop) -> None:
    """The facts of a day on which all articles were bought."""
    counts = Counts()
    counts.learn(Purchase(now(), [Bought(sku) for sku in SKUS]))
    midnight = now() // DAY * DAY
    with EventProducer(shop.settings) as producer:
        producer.produce(fact_record(DayFact(midnight, 2, {}, counts.packed())))


def tell(shop: Shop, stock: int) -> None:
    """All articles but the bowl have this stock from now on."""
    with EventProducer(shop.settings) as producer:
        for sku in SKUS[:2]:
            fields = {"sku": sku, "name": sku, "price": 1_000, "currency": "GBP", "stock": stock}
            event = {"event_id": f"{sku}-{stock}", "occurred_at": now(), **fields}
            value = encode_event("product.updated", event)
            producer.produce(OutputRecord("products", sku.encode(), value))


def known(shop: Shop) -> dict[str, bool]:
    """By article: whether it can be had, as the tasks are told."""
    records = [found.record for found in records_of(shop.settings, CONTROL)]
    changed = [article for record in records for article in read_changed_articles(record)]
    return {article.sku: article.is_available for article in changed}


def wait_until_known(shop: Shop, worker: WorkerProcess, *, is_available: bool) -> None:
    expected = dict.fromkeys(SKUS[:2], is_available)
    began = now()
    eventually(lambda: known(shop) == expected, within=60, every=0.2, message=worker.log_tail)
    assert now() - began < 45_000  # half a minute, and the way of the facts


def shown_to_all(shop: Shop, number: int, worker: WorkerProcess) -> set[tuple[str, ...]]:
    """The articles in the answers to a search of every customer, whose tasks are all."""
    with EventProducer(shop.settings) as producer:
        for customer in (f"c{place}" for place in range(8)):
            common = {"customer_id": customer, "occurred_at": now()}
            event = {"event_id": f"{customer}-{number}", **common, "query": "a", "results": 1}
            value = encode_event("search.performed", event)
            producer.produce(OutputRecord("searches", customer.encode(), value))

    def items() -> list[tuple[str, ...]]:
        values = [found.record.value for found in records_of(shop.settings, "send-commands")]
        commands = [decode_any(value)[1] for value in values if value]
        return [
            tuple(sorted(item["sku"] for item in command["items"]))
            for command in commands
            if command["trigger_event_id"].endswith(f"-{number}")
        ]

    eventually(lambda: len(items()) == 8, within=30, every=0.2, message=worker.log_tail)
    return set(items())


def test_d23_sold_out_and_back_reach_every_task_and_the_next_worker(shop: Shop) -> None:
    one = shop.start("one")
    one.wait_for(2)
    recommend(shop)
    assert shown_to_all(shop, 1, one) == {("bowl", "lamp", "vase")}
    tell(shop, 0)
    wait_until_known(shop, one, is_available=False)
    assert shown_to_all(shop, 2, one) == {("bowl",)}
    one.kill()
    two = shop.start("two")
    two.wait_for(2)
    assert shown_to_all(shop, 3, two) == {("bowl",)}
    tell(shop, 2)
    wait_until_known(shop, two, is_available=True)
    assert shown_to_all(shop, 4, two) == {("bowl", "lamp", "vase")}
    assert two.stop() == 0
    assert list(records_of(shop.settings, "dead-letters")) == []
