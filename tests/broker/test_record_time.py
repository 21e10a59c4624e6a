"""The stream clock on brokers: idle inputs, late records, impossible timestamps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.contracts.dead_letters import read_dead_letter
from streams.contracts.encode import encode_event
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.engine import BETWEEN_TASKS, INPUTS
from streams.kafka.client_config import producer_options
from streams.kafka.event_producer import EventProducer, tick_record
from streams.kafka.topics import topic_name
from streams.ports import CONTROL, DAY_FACTS_KEY, OutputRecord
from streams.settings import RecordTime, Settings
from tests.harness.events import event
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey, KafkaProxy
from tests.harness.one_task import OneTask, wall_clock
from tests.harness.topics import create_topics, high_watermark, read, values
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

CUSTOMERS = 5
HOUR = 3_600_000
FAR = 4_102_444_800_000
"""The year 2100 begins."""


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """Of one task, with customers who can be written to."""
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        yield shop


def opened(shop: Shop, **settings: object) -> OneTask:
    folder = shop.folder / "data"
    return OneTask(msgspec.structs.replace(shop.settings, data_dir=folder, **settings))


def outputs(shop: Shop, topic: str) -> list[dict[str, Any]]:
    """Records of an output, as a reader of committed records sees them."""
    found = values(shop.broker, topic_name(shop.settings, topic))
    return [decode_any(value or b"")[1] for value in found]


def produce(settings: Settings, record: OutputRecord, at: int) -> None:
    """Writes a record with this timestamp, which isn't checked."""
    producer = Producer({"bootstrap.servers": settings.brokers})
    producer.produce(topic_name(settings, record.topic), record.value, record.key, 0, timestamp=at)
    assert producer.flush(20) == 0


# ── Idle inputs ───────────────────────────────────────────────────────────────────────────────────


def clock_of(worker: WorkerProcess) -> int:
    (task,) = worker.ask("/status")[1]["tasks"]
    return int(task["clock"] or 0)


def test_pitfall_14_pitfall_23_idle_inputs_stop_no_clock_and_commit_nothing(
    proxy: KafkaProxy, shop: Shop
) -> None:
    """Searches are empty since creation, customers at their end, orders have come meanwhile."""
    opened(shop).finish()
    shop.order(CUSTOMERS)
    worker = shop.start("worker", SENDFLOW_BROKERS=proxy.bootstrap)
    shop.wait_for_all(worker.log_tail)

    def has_passed(moment: int) -> None:
        eventually(lambda: clock_of(worker) > moment, within=20, message=worker.log_tail)

    # Yesterday's facts, which the first record brings, come in a transaction of their own.
    control = topic_name(shop.settings, CONTROL)
    eventually(lambda: DAY_FACTS_KEY in [key for _, key, _ in read(shop.broker, control)], 20)
    keys = (ApiKey.ADD_PARTITIONS_TO_TXN, ApiKey.PRODUCE, ApiKey.END_TXN)

    def nothing_is_written() -> bool:
        """For a second of the stream clock, many times the commit interval."""
        before = {key: proxy.requests(key) for key in keys}
        has_passed(wall_clock() + 1_000)
        return {key: proxy.requests(key) for key in keys} == before

    eventually(nothing_is_written, within=20)  # once what was decided is committed
    assert worker.stop() == 0
    shop.order(1)
    opened(shop).finish()
    shop.wait_for_all(worker.log_tail)


@pytest.mark.smoke
def test_pitfall_14_hours_without_an_event_hold_no_output_back(shop: Shop) -> None:
    with opened(shop) as one:
        one.advance()
        assert one.commit() is not None
        days = one.task.counts["days"]
        for hour in range(1, 10):
            wall = wall_clock() + hour * HOUR
            one.task.set_end_offsets(wall, dict.fromkeys(one.task.needs_end_offsets(wall), 0))
            assert not one.task.run(wall, 1_000)
            assert one.task.clock == wall - one.task.settings.clock_skew
            if one.task.counts["days"] > days:  # a midnight (UTC) was among them: it's told
                days = one.task.counts["days"]
                assert one.commit() is not None
            assert one.task.commit_due(wall) is None
        for topic in ("customers-changelog", "send-commands", "flow-decisions"):
            assert_nothing_is_open(shop, topic)


def assert_nothing_is_open(shop: Shop, topic: str) -> None:
    """The last stable offset is the end of the partition."""
    name = topic_name(shop.settings, topic)
    admin = AdminClient({"bootstrap.servers": shop.broker.bootstrap})

    def stable() -> int:
        latest = OffsetSpec.latest()
        answers = admin.list_offsets(
            {TopicPartition(name, 0): latest}, isolation_level=IsolationLevel.READ_COMMITTED
        )
        return int(next(iter(answers.values())).result().offset)

    eventually(lambda: stable() == high_watermark(shop.broker, name), within=20)


def test_pitfall_23_each_idle_input_is_proven_idle_by_a_cut(shop: Shop) -> None:
    opened(shop).finish()
    with opened(shop) as one:
        shop.order(CUSTOMERS)
        wall = wall_clock()
        assert not one.task.run(wall, 1_000)
        assert {*INPUTS} - {*BETWEEN_TASKS} <= {*one.task.needs_end_offsets(wall)}
        one.advance()
        assert one.task.positions["orders"] == CUSTOMERS
        assert one.task.positions["searches"] == one.task.positions["views"] == 0
        one.commit()
    shop.wait_for_all(str)


# ── Late records ──────────────────────────────────────────────────────────────────────────────────


def test_pitfall_21_a_record_that_becomes_visible_late_is_recorded_in_its_transaction(
    shop: Shop,
) -> None:
    """An open transaction upstream hides an order. A follower that was stopped does, too:
    test_late_records.py."""
    upstream = Producer(producer_options(shop.settings, f"{shop.settings.application}-upstream"))
    upstream.init_transactions(20)
    worker = shop.start("worker", SENDFLOW_MAX_IDLE="3s")  # a start takes a second
    worker.wait_for(1)
    upstream.begin_transaction()
    order = event("order.placed", "c0", 1)
    name = topic_name(shop.settings, "orders")
    upstream.produce(name, order.value, order.key, 0)
    assert upstream.flush(20) == 0
    hidden_at = wall_clock()
    eventually(lambda: clock_of(worker) > hidden_at, within=20, message=worker.log_tail)
    clock = clock_of(worker)
    assert outputs(shop, "late-records") == []
    upstream.commit_transaction(20)
    shop.number = 1
    shop.wait_for_all(worker.log_tail)
    (late,) = outputs(shop, "late-records")
    (command,) = outputs(shop, "send-commands")
    assert (late["topic"], late["partition"], late["offset"]) == ("orders", 0, 0)
    assert late["effective_time"] >= clock
    assert moment(command["decided_at"]) == late["effective_time"]
    counts = worker.ask("/status")[1]["tasks"][0]["counts"]
    assert counts["inputs_given_up"] >= 1
    assert counts["late"] == 1
    assert clock_of(worker) >= late["effective_time"]
    assert worker.stop() == 0


def moment(value: Any) -> int:
    """Milliseconds of a moment, which is decoded as a number or a datetime."""
    return value if isinstance(value, int) else round(value.timestamp() * 1_000)


# ── Timestamps that can't be ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("timestamp", [FAR, 1])
def test_pitfall_22_no_timestamp_of_a_producer_moves_the_clock(shop: Shop, timestamp: int) -> None:
    """The topic's are the brokers' own; the event says tomorrow, and is counted as of now (8.3)."""
    order = event("order.placed", "c0", 1)
    name, fields = decode_any(order.value or b"")
    assert name == "OrderPlaced"
    order.value = encode_event("order.placed", {**fields, "occurred_at": wall_clock() + 23 * HOUR})
    produce(shop.settings, order, timestamp)
    shop.number = 1
    with opened(shop) as one:
        one.advance()
        assert one.task.clock <= wall_clock()
        one.commit()  # events are counted with their transaction
        assert one.task.counts["clamped"] == 1
        assert one.task.counts["timers"] == one.task.counts["late"] == 0
    shop.wait_for_all(str)
    (command,) = outputs(shop, "send-commands")
    assert moment(command["decided_at"]) <= wall_clock()


@pytest.mark.parametrize("is_future", [True, False])
def test_pitfall_22_in_simulated_time_the_future_is_a_dead_letter(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, is_future: bool
) -> None:
    """And a timestamp that the clock has passed is late, whatever comes later."""
    past = wall_clock() - HOUR
    timestamp = FAR if is_future else past - HOUR
    with Shop(
        broker, topic_prefix, tmp_path / "shop", partitions=1, record_time=RecordTime.CREATE
    ) as shop:
        # Apache Kafka refuses the future by itself, unless it's told not to.
        create_topics(
            broker,
            [topic_name(shop.settings, "orders")],
            partitions=1,
            message_timestamp_type="CreateTime",
            message_timestamp_after_max_ms=str(2**63 - 1),
        )
        shop.create_topics()
        shop.publish()
        tick_all(shop, past)
        worker = shop.start("one")
        worker.wait_for(1, definitions=False)
        eventually(lambda: clock_of(worker) >= past, within=30, message=worker.log_tail)
        produce(shop.settings, event("order.placed", "c0", 1), timestamp)
        tick_all(shop, past + 1_000)
        put_out = topic_name(shop.settings, "dead-letters" if is_future else "late-records")
        eventually(lambda: values(broker, put_out), within=20, message=worker.log_tail)
        assert past <= clock_of(worker) <= past + 1_000
        assert worker.stop() == 0
        letters = [
            read_dead_letter(value or b"")
            for value in values(broker, topic_name(shop.settings, "dead-letters"))
        ]
        late = outputs(shop, "late-records")
        if is_future:
            assert [letter.where for letter in letters] == ["orders[0]@1"]
            assert f"record timestamp {FAR}" in letters[0].reason
            assert late == []
        else:
            assert letters == []
            assert [(one["topic"], one["offset"]) for one in late] == [("orders", 1)]


def tick_all(shop: Shop, at: int) -> None:
    """Nothing before `at` will follow, in any input."""
    with EventProducer(shop.settings) as producer:
        for topic in INPUTS:
            producer.produce(tick_record(topic, 0, at))
