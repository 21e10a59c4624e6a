"""A record that is acknowledged and not yet visible, because a follower doesn't answer: only where
records are replicated is there such a thing."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.contracts.wire import decode_any
from streams.kafka.topics import topic_name
from tests.broker.test_record_time import moment
from tests.harness.apache_kafka.broker import KafkaBroker
from tests.harness.apache_kafka.cluster import cluster_of
from tests.harness.events import event
from tests.harness.eventually import eventually
from tests.harness.one_task import OneTask
from tests.harness.topics import high_watermark, read, values
from tests.harness.worker_shop import Shop

CUSTOMERS = 3


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[list[KafkaBroker]]:
    """A leader, which runs, and a follower to be, which doesn't yet."""
    with ExitStack() as stack:
        brokers = cluster_of(2, tmp_path)
        for broker in brokers:
            stack.callback(broker.kill)
        brokers[0].start()
        yield brokers


@pytest.fixture
def shop(brokers: list[KafkaBroker], topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """All is on the leader alone, but for `orders`, which the follower has as well."""
    leader, follower = brokers
    with Shop(leader, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        shop.create_topics()
        open_a_transaction(leader)  # the topic of transactions, while there is but one broker
        shop.publish()
        shop.register(CUSTOMERS)
        admin = AdminClient({"bootstrap.servers": leader.bootstrap})
        orders = topic_name(shop.settings, "orders")
        admin.delete_topics([orders])[orders].result(20)
        follower.start()
        replicated = NewTopic(
            orders,
            num_partitions=1,
            replica_assignment=[[1, 2]],
            config={"message.timestamp.type": "LogAppendTime"},
        )

        def is_created() -> bool:
            try:
                admin.create_topics([replicated])[orders].result(10)
            except Exception as error:  # the follower isn't known yet, or the old topic still is
                raise AssertionError(str(error)) from error
            return True

        eventually(is_created, within=20, every=0.2)
        eventually(lambda: follows(admin, orders), within=20)
        yield shop


def open_a_transaction(broker: KafkaBroker) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": "first"})
    producer.init_transactions(20)


def follows(admin: AdminClient, topic: str) -> bool:
    partition = admin.list_topics(topic, timeout=10).topics[topic].partitions[0]
    return partition.leader == 1 and sorted(partition.isrs) == [1, 2]


def order(shop: Shop) -> int:
    """Writes an order, which the leader acknowledges alone; its record time."""
    record = event("order.placed", "c0", 1)
    times: list[int] = []

    def written(error: object, message: Message) -> None:
        assert error is None
        times.append(message.timestamp()[1])

    producer = Producer({"bootstrap.servers": shop.settings.brokers, "acks": "1"})
    name = topic_name(shop.settings, "orders")
    producer.produce(name, record.value, record.key, 0, on_delivery=written)
    assert producer.flush(20) == 0
    (at,) = times
    return at


def late_in(shop: Shop, isolation: str = "read_committed") -> list[dict[str, Any]]:
    found = read(shop.broker, topic_name(shop.settings, "late-records"), isolation=isolation)
    return [decode_any(value or b"")[1] for _, _, value in found]


@pytest.mark.kafka
def test_pitfall_21_a_record_that_a_stopped_follower_hides_is_late(
    shop: Shop, brokers: list[KafkaBroker]
) -> None:
    leader, follower = brokers
    orders = topic_name(shop.settings, "orders")
    settings = msgspec.structs.replace(shop.settings, data_dir=shop.folder / "data")
    with OneTask(settings) as one:
        one.advance()
        one.commit()
        follower.pause()
        at = order(shop)
        one.advance()  # cuts see the high watermark, which the follower holds back
        one.commit()
        clock = one.task.clock
        assert clock > at
        assert one.task.positions["orders"] == one.task.counts["late"] == 0
        assert high_watermark(leader, orders) == 0
        follower.resume()
        eventually(lambda: high_watermark(leader, orders) == 1, within=20)
        one.advance()
        assert one.task.counts["late"] == 1
        assert late_in(shop) == []
        flush = one.producer._flush

        def look(deadline: float) -> None:
            """Records of the open transaction, not visible yet."""
            flush(deadline)
            assert len(late_in(shop, isolation="read_uncommitted")) == 1
            assert late_in(shop) == []
            assert shop.commands() == []

        one.producer._flush = look  # type: ignore[method-assign]
        one.commit()
        assert one.task.clock >= clock
    (late,) = late_in(shop)
    assert (late["topic"], late["partition"], late["offset"]) == ("orders", 0, 0)
    (command,) = values(leader, topic_name(shop.settings, "send-commands"))
    decided_at = moment(decode_any(command or b"")[1]["decided_at"])
    assert at < clock <= late["effective_time"] == decided_at
