"""Batches delivered to Faust: those of the current generation."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.contracts.partition_facts import PARTITION_FACTS
from streams.engine import INPUTS
from streams.kafka.consumer import Batch
from streams.ports import CONTROL
from streams.settings import Settings
from streams.worker.faust.app import WorkerApp, build_app
from streams.worker.faust.input_topics import InputTopics
from streams.worker.fetching import Fetched


class Records:
    """A fetch thread that brings what it's told, and calls back meanwhile."""

    def __init__(self) -> None:
        self.fetched: list[Fetched] = []
        self.control: list[Fetched] = []
        self.reports: list[Fetched] = []
        self.meanwhile: Any = lambda: None

    async def fetch(self, max_records: int, timeout: float) -> list[Fetched]:
        self.meanwhile()
        return self.fetched


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
async def app(records: Records) -> WorkerApp:
    member = SimpleNamespace(feed=None, fail=None)
    shared = {CONTROL: records.control.append, PARTITION_FACTS: records.reports.append}
    settings = Settings(application="test", prefix="shop.", partitions=3)
    app = build_app(settings, records, member, shared)  # type: ignore[arg-type]
    app.consumer_generation_id = 4
    app.consumer.resume_flow()
    return app


def fetched(topic: str, partition: int, start: int = 0) -> Fetched:
    return Fetched(start, Batch(topic, partition, [], start + 2))


async def messages(app: WorkerApp) -> list[tuple[TP, Any]]:
    return [pair async for pair in app.consumer.getmany(0.0)]


async def test_a_message_is_one_fetch_of_one_partition(app, records):
    records.fetched = [fetched("orders", 1, 7), fetched("carts", 1)]
    found = await messages(app)
    assert [tp for tp, _ in found] == [TP("shop.orders", 1), TP("shop.carts", 1)]
    message = found[0][1]
    assert message.value is records.fetched[0]
    assert (message.offset, message.generation_id) == (7, 4)


async def test_pitfall_39_a_fetch_of_an_old_generation_brings_nothing(app, records):
    records.fetched = [fetched("orders", 1)]

    def rebalance() -> None:
        app.consumer_generation_id = 5

    records.meanwhile = rebalance
    assert await messages(app) == []
    records.meanwhile = lambda: None
    assert [message.generation_id for _, message in await messages(app)] == [5]


async def test_pitfall_39_a_generation_that_begins_between_two_batches_ends_the_fetch(app, records):
    records.fetched = [fetched("orders", 1), fetched("carts", 1)]
    found = []
    async for tp, _ in app.consumer.getmany(0.0):
        found.append(tp.topic)
        app.consumer_generation_id = 5
    assert found == ["shop.orders"]


async def test_batches_of_control_go_to_the_tasks_whatever_the_generation(app, records):
    records.fetched = [fetched("control", 0), fetched("partition-facts", 0)]
    records.meanwhile = app.consumer.stop_flow
    assert await messages(app) == []
    assert [records.control, records.reports] == [[one] for one in records.fetched]


async def test_the_event_of_an_input_is_the_batch(app, records):
    records.fetched = [fetched("orders", 1)]
    [(_, message)] = await messages(app)
    topic = app.topic("shop.orders")
    event = await topic.decode(message)
    assert event.value is records.fetched[0]


async def test_faust_routes_by_the_partition_that_java_would_choose(app):
    topic = "shop.customers-changelog"
    java = -973932308 & 0x7FFFFFFF  # Utils.murmur2("21") of Kafka's client, made positive
    assert app.producer.key_partition(topic, b"21") == TP(topic, java % 3)


@pytest.fixture
def inputs() -> InputTopics:
    return InputTopics({topic: f"shop.{topic}" for topic in INPUTS}, 3)


def test_the_first_input_alone_decides_which_tasks_are_owned(inputs):
    assigned = {TP("shop.orders", 0), TP("shop.carts", 1), TP("shop.customers-changelog", 2)}
    assert inputs.first == "shop.orders"
    assert inputs.numbers(assigned) == {0}
    assert inputs.all_of({0}) == {TP(f"shop.{topic}", 0) for topic in INPUTS}


async def test_agents_get_the_batches_of_all_inputs_that_follow(app):
    for agent in app.agents.values():
        app.topics.add(agent.channel)
    await app.topics.on_partitions_assigned({TP("shop.orders", 2), TP("shop.carts", 0)})
    known = set(app.topics._tp_index)
    assert {TP(f"shop.{topic}", 2) for topic in INPUTS} <= known
