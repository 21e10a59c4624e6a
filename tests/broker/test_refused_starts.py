"""Invalid surroundings are refused on start, with their fix."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from streams.embedded.broker_process import BrokerProcess
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer
from streams.kafka.topics import topic_name
from streams.ports import CHANGELOG, OutputRecord, StoreBatch
from streams.runtime.commit import POSITION_KEY
from streams.store.rocks import RocksStore, StoreMemory
from tests.harness.one_task import OneTask, wall_clock
from tests.harness.topics import create_topics, delete_records, read
from tests.harness.worker_shop import Shop
from tests.store.states import state

CUSTOMERS = 5


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """Of one task; its topics aren't made yet."""
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        yield shop


def opened(shop: Shop, folder: str = "data") -> OneTask:
    return OneTask(msgspec.structs.replace(shop.settings, data_dir=shop.folder / folder))


def decide_some(shop: Shop) -> None:
    """Topics, customers and an order of each, decided."""
    shop.create_topics()
    shop.publish()
    shop.register(CUSTOMERS)
    shop.order(CUSTOMERS)
    opened(shop).finish()


def test_pitfall_37_pitfall_43_topics_that_dont_fit_are_all_named_with_what_mends_them(
    shop: Shop,
) -> None:
    """Views were added later, by somebody else; the changelog was made by the brokers."""
    name = shop.settings.prefix
    create_topics(shop.broker, [name + "views"], 3, message_timestamp_type="LogAppendTime")
    create_topics(shop.broker, [name + CHANGELOG], 1)
    create_topics(shop.broker, [name + "carts"], 1, message_timestamp_type="CreateTime")
    shop.create_topics()
    worker = shop.start("one")
    assert worker.process.wait(20) == 2
    log = worker.log_tail()
    assert f"{name}views: partitions is 3, expected 1; keys would move to other partitions" in log
    assert f"--delete --topic {name}views, then sendflow topics create" in log
    assert f"{name}{CHANGELOG}: cleanup.policy is delete, expected compact" in log
    assert f"--topic {name}{CHANGELOG} --add-config cleanup.policy=compact" in log
    assert f"{name}carts: message.timestamp.type is CreateTime, expected LogAppendTime" in log
    assert "Traceback" not in log


@pytest.mark.smoke
def test_pitfall_37_where_all_topics_agree_the_setting_is_to_be_changed(shop: Shop) -> None:
    shop.create_topics()
    worker = shop.start("one", SENDFLOW_PARTITIONS="2")
    assert worker.process.wait(20) == 2
    assert (
        "partitions is 1, expected 2; all input topics have 1: set partitions = 1"
        in worker.log_tail()
    )


def test_pitfall_13_a_transaction_that_would_be_aborted_while_it_is_filled(shop: Shop) -> None:
    shop.create_topics()
    worker = shop.start("one", SENDFLOW_TRANSACTION_TIMEOUT="199ms")
    assert worker.process.wait(20) == 2
    assert "expected at least twice commit_interval (100ms)" in worker.log_tail()
    assert "raise transaction_timeout" in worker.log_tail()


def test_pitfall_49_state_without_a_position_is_an_error_and_no_reset(shop: Shop) -> None:
    """Beginning at the first record would count every event a second time."""
    decide_some(shop)
    producer = Producer({"bootstrap.servers": shop.broker.bootstrap})
    producer.produce(topic_name(shop.settings, CHANGELOG), None, POSITION_KEY, 0)
    assert producer.flush(20) == 0
    for folder in ("data", "another"):
        with pytest.raises(
            Refused, match=r"task 0: .*changelog has customer states but no input positions"
        ):
            opened(shop, folder)
    worker = shop.start("one")
    assert worker.process.wait(30) == 2
    assert "restore it from a backup, or recreate it" in worker.log_tail()
    assert len(shop.commands()) == CUSTOMERS


def test_pitfall_49_a_new_task_begins_with_the_first_record_that_there_is(shop: Shop) -> None:
    """Where nothing was ever decided, what was deleted before is no loss."""
    shop.create_topics()
    shop.publish()
    shop.register(CUSTOMERS)
    shop.order(CUSTOMERS)
    delete_records(shop.broker, topic_name(shop.settings, "orders"), before=2)
    opened(shop).finish()
    assert sorted(shop.commands()) == ["order.placed-3", "order.placed-4", "order.placed-5"]


def test_pitfall_48_what_was_deleted_before_it_was_read_is_an_error_with_both_numbers(
    shop: Shop,
) -> None:
    decide_some(shop)
    shop.order(CUSTOMERS)
    delete_records(shop.broker, topic_name(shop.settings, "orders"), before=7)
    with opened(shop) as one, pytest.raises(Refused, match=r"is 5, but only 7 to 10 exist:"):
        one.advance()


def test_pitfall_46_zero_is_an_offset_and_an_empty_changelog_is_no_reason_to_forget(
    shop: Shop,
) -> None:
    """It was deleted and made again, and the store still knows everybody: whom to believe is for
    people to say."""
    shop.create_topics()
    opened(shop).close()
    with opened(shop) as again:
        assert again.store.changelog_offset() == 0
        again.store.write(StoreBatch({b"c1": state(None)}, 0, wall_clock()))
    with pytest.raises(Refused, match="changelog has customer states but no input positions"):
        opened(shop)
    directory = shop.folder / "data" / f"{shop.settings.application}-0"
    store = RocksStore(directory, StoreMemory(1 << 20))
    store.write(StoreBatch({b"c1": state(None)}, 1, wall_clock()))
    store.close()
    with pytest.raises(Refused, match=r"ends at offset 0, but .* is at 1: the topic was rec"):
        opened(shop)


def test_pitfall_46_exactly_one_record_in_the_changelog(shop: Shop) -> None:
    """The position alone: dead letters change nobody."""
    shop.create_topics()
    with EventProducer(shop.settings) as producer:
        producer.produce(OutputRecord("orders", b"c1", b"{}", partition=0))
    opened(shop).finish()
    ((offset, key, _),) = read(shop.broker, topic_name(shop.settings, CHANGELOG))
    assert (offset, key) == (0, POSITION_KEY)
    for folder in ("data", "another"):
        with opened(shop, folder) as one:
            assert one.task.positions["orders"] == 1
            assert one.store.changelog_offset() == 2  # the marker has an offset, too
