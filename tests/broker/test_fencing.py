"""Two workers that believe they own the same task: the one that opened it later does, and the other
writes nothing, neither to Kafka nor to its store (PITFALLS 11 to 13)."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams.embedded.broker_process import BrokerProcess
from streams.errors import Aborted, Fenced, OutcomeUnknown
from streams.kafka.topics import topic_name
from streams.store.rocks import RocksStore, StoreMemory
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey, KafkaProxy
from tests.harness.one_task import OneTask
from tests.harness.topics import high_watermark
from tests.harness.worker_shop import Shop

CUSTOMERS = 5


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """Of one task, with customers who can be written to and an order of each."""
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        shop.order(CUSTOMERS)
        yield shop


def opened(shop: Shop, worker: str, **settings: object) -> OneTask:
    """The task as this worker has it, with everything decided."""
    folder = shop.folder / worker
    one = OneTask(msgspec.structs.replace(shop.settings, data_dir=folder, **settings))
    one.advance()
    return one


def stored(one: OneTask) -> tuple[dict[bytes, bytes], int | None]:
    """Content of a closed task's store, whose lock is free."""
    directory = one.settings.data_dir / f"{one.settings.application}-0"
    store = RocksStore(directory, StoreMemory(1 << 20), lock_within=0.0)
    try:
        return dict(store.items()), store.changelog_offset()
    finally:
        store.close()


@pytest.mark.smoke
def test_pitfall_12_the_worker_that_opened_the_task_later_owns_it(shop: Shop) -> None:
    first = opened(shop, "first")
    first.commit()
    before = dict(first.store.items()), first.store.changelog_offset()
    shop.order(CUSTOMERS)
    first.advance()
    with opened(shop, "second") as second:
        with pytest.raises(Fenced, match="another worker owns this task"):
            first.commit()
        first.close()
        assert stored(first) == before
        second.commit()
    shop.wait_for_all(str)


def test_pitfall_11_a_zombie_in_the_middle_of_its_transaction_writes_nothing(shop: Shop) -> None:
    zombie = opened(shop, "zombie")
    flush = zombie.producer._flush
    owners: list[OneTask] = []

    def sleep_while_another_takes_the_task(deadline: float) -> None:
        flush(deadline)
        owners.append(opened(shop, "owner"))
        owners[0].commit()

    zombie.producer._flush = sleep_while_another_takes_the_task  # type: ignore[method-assign]
    with pytest.raises(Fenced):
        zombie.commit()
    zombie.close()
    (owner,) = owners
    with owner:
        assert stored(zombie) == ({}, 0)  # as it was opened on an empty changelog
        shop.order(CUSTOMERS)
        owner.advance()
        owner.commit()
    shop.wait_for_all(str)


def test_pitfall_11_a_zombie_wakes_and_its_transaction_was_on_the_way(
    broker: BrokerProcess, proxy: KafkaProxy, topic_prefix: str, tmp_path: Path
) -> None:
    given = {"partitions": 4, "transaction_timeout": 6_000}
    with Shop(broker, topic_prefix, tmp_path / "shop", **given) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(20)
        zombie = shop.start("zombie", SENDFLOW_BROKERS=proxy.bootstrap)
        other = shop.start("other")
        numbers = zombie.wait_for(2)
        other.wait_for(2)
        asleep_in = min(numbers)
        of_task = f"{shop.settings.application}-{asleep_in}".encode()
        held = proxy.hold_requests(ApiKey.END_TXN, containing=of_task, at_most=1)
        shop.order(20)
        held.wait()
        paused_at = time.monotonic()
        zombie.process.pause()
        shop.expire(zombie)
        other.wait_for(4)
        shop.order(20)
        shop.wait_for_all(other.log_tail)
        shop.outlive(paused_at)
        held.release()
        zombie.process.resume()
        # It hasn't crashed, is a member again, and the locks of its stores were free for it.
        zombie.wait_for(2)
        other.wait_for(2)
        # And what it was committing never counted as committed.
        log = zombie.log.read_text()
        assert re.search(f"task {asleep_in}: committing -> (revoking|fenced)", log), log
        shop.order(20)
        shop.wait_for_all(zombie.log_tail)
        assert (zombie.stop(), other.stop()) == (0, 0)


@pytest.mark.kafka  # the embedded broker lets transactions take as long as they like
def test_pitfall_13_a_batch_that_takes_longer_than_the_transaction_may(shop: Shop) -> None:
    """The brokers abort it; the task is opened again, and decides the same records once."""
    slow = opened(shop, "worker", transaction_timeout=1_000)
    flush = slow.producer._flush
    topic = topic_name(shop.settings, "customers-changelog")

    def outlast_the_timeout(deadline: float) -> None:
        flush(deadline)
        produced = high_watermark(shop.broker, topic)
        eventually(lambda: high_watermark(shop.broker, topic) > produced, within=30)

    slow.producer._flush = outlast_the_timeout  # type: ignore[method-assign]
    with pytest.raises((Fenced, OutcomeUnknown, Aborted)):
        slow.commit()
    slow.close()
    assert stored(slow) == ({}, 0)
    assert shop.commands() == []
    opened(shop, "worker").finish()
    shop.wait_for_all(str)
