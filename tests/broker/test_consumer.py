"""The record consumer on a broker: order, ends, pausing, seeking, positions out of range."""

import time

import pytest
from confluent_kafka import Producer

from streams.errors import Refused
from streams.kafka.client_config import consumer_options, producer_options
from streams.kafka.consumer import Batch, RecordConsumer
from streams.settings import Settings
from tests.harness.eventually import eventually
from tests.harness.topics import create_topics, delete_records, settings_for


@pytest.fixture
def topic(broker, topic_prefix) -> str:
    create_topics(broker, [topic_prefix + "orders"], retention_ms="-1")  # one test dates far back
    return topic_prefix + "orders"


@pytest.fixture
def consumer(broker, topic_prefix):
    options = consumer_options(settings_for(broker, topic_prefix), "test")
    consumer = RecordConsumer(options)
    yield consumer
    consumer.close()


def produce(broker, topic, count, partition=0, start=0, **kwargs) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 0})
    for number in range(start, start + count):
        producer.produce(topic, b"%d" % number, b"k", partition, **kwargs)
    assert producer.flush(20) == 0


def fetch_until(consumer, is_enough, most=1_000) -> list[Batch]:
    """All batches that were fetched until `is_enough(batches)`."""
    batches: list[Batch] = []

    def more() -> bool:
        batches.extend(consumer.fetch(most, 0.1))
        return is_enough(batches)

    eventually(more, within=20, every=0, message=lambda: f"only {batches}")
    return batches


def fetch_to_end(consumer, topic, partition=0, end=None) -> list[Batch]:
    def is_at_end(batches: list[Batch]) -> bool:
        ends = [b.end for b in batches if (b.topic, b.partition) == (topic, partition)]
        return any(one is not None and (end is None or one >= end) for one in ends)

    return fetch_until(consumer, is_at_end)


def values(batches, partition=0) -> list[bytes]:
    return [r.value for batch in batches if batch.partition == partition for r in batch.records]


@pytest.mark.smoke
def test_records_come_by_partition_in_order_with_what_follows_them(broker, consumer, topic):
    produce(broker, topic, 5, partition=0)
    produce(broker, topic, 3, partition=1, start=100)
    consumer.assign(topic, 0, 0)
    consumer.assign(topic, 1, 1)
    batches = fetch_until(
        consumer,
        lambda found: len(values(found, 0)) == 5 and len(values(found, 1)) == 2,
    )
    assert values(batches, 0) == [b"0", b"1", b"2", b"3", b"4"]
    assert values(batches, 1) == [b"101", b"102"]
    for batch in batches:
        assert batch.topic == topic
        if batch.records:
            assert batch.next_offset >= batch.records[-1].offset + 1


def test_key_time_and_headers_are_those_of_the_record(broker, consumer, topic):
    produce(broker, topic, 1, timestamp=1_234_567, headers=[("sendflow-tick", b"")])
    produce(broker, topic, 1, start=1)
    consumer.assign(topic, 0, 0)
    first, second = (r for batch in fetch_to_end(consumer, topic, end=2) for r in batch.records)
    assert (first.offset, first.time, first.key) == (0, 1_234_567, b"k")
    assert first.headers == [("sendflow-tick", b"")]
    assert second.headers is None


def test_the_end_is_reported_on_reaching_it(broker, consumer, topic):
    produce(broker, topic, 3)
    consumer.assign(topic, 0, 0)
    last = fetch_to_end(consumer, topic)[-1]
    assert (last.end, last.next_offset) == (3, 3)
    produce(broker, topic, 1, start=3)
    more = fetch_to_end(consumer, topic, end=4)
    assert values(more) == [b"3"]
    assert more[-1].end == 4


def test_pitfall_23_an_empty_partition_has_an_end_too(consumer, topic):
    consumer.assign(topic, 0, 0)
    (batch,) = [batch for batch in fetch_to_end(consumer, topic) if batch.end is not None]
    assert (batch.records, batch.end, batch.next_offset) == ([], 0, 0)


def test_pitfall_45_the_end_lies_after_markers_and_aborted_records(
    broker, consumer, topic, topic_prefix
):
    settings = settings_for(broker, topic_prefix)
    producer = Producer({**producer_options(settings, topic_prefix + "t"), "log_level": 0})
    producer.init_transactions(20)
    for value, end in ((b"0", producer.commit_transaction), (b"x", producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(topic, value, b"k", 0)
        assert producer.flush(20) == 0
        end(20)
    consumer.assign(topic, 0, 0)
    batches = fetch_to_end(consumer, topic, end=4)  # two records and their two markers
    assert values(batches) == [b"0"]
    assert batches[-1].next_offset == 4


def test_an_open_transaction_hides_its_records_and_the_end(broker, consumer, topic, topic_prefix):
    settings = settings_for(broker, topic_prefix)
    producer = Producer({**producer_options(settings, topic_prefix + "t"), "log_level": 0})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"0", b"k", 0)
    assert producer.flush(20) == 0
    consumer.assign(topic, 0, 0)
    batches = fetch_to_end(consumer, topic)
    assert (values(batches), batches[-1].end) == ([], 0)
    producer.commit_transaction(20)
    assert values(fetch_to_end(consumer, topic, end=2)) == [b"0"]


def test_a_partition_that_is_added_leaves_the_others_alone(broker, consumer, topic):
    produce(broker, topic, 3, partition=0)
    consumer.assign(topic, 0, 0)
    assert values(fetch_to_end(consumer, topic, 0), 0) == [b"0", b"1", b"2"]
    produce(broker, topic, 1, partition=1)
    produce(broker, topic, 1, partition=0, start=3)
    consumer.assign(topic, 1, 0)
    batches = fetch_until(consumer, lambda found: values(found, 0) and values(found, 1))
    assert values(batches, 0) == [b"3"]
    assert consumer.assignment() == {(topic, 0), (topic, 1)}


def test_a_partition_that_was_taken_away_is_not_read(broker, consumer, topic):
    produce(broker, topic, 3, partition=0)
    produce(broker, topic, 3, partition=1)
    consumer.assign(topic, 0, 0)
    consumer.assign(topic, 1, 0)
    consumer.unassign(topic, 0)
    assert values(fetch_to_end(consumer, topic, 1), 0) == []
    assert consumer.assignment() == {(topic, 1)}


def test_pitfall_02_seeking_goes_back(broker, consumer, topic):
    """Kafka doesn't rewind a consumer when a transaction is aborted."""
    produce(broker, topic, 3)
    consumer.assign(topic, 0, 0)
    assert len(values(fetch_to_end(consumer, topic))) == 3
    consumer.seek(topic, 0, 1)
    assert values(fetch_to_end(consumer, topic)) == [b"1", b"2"]


def test_a_paused_partition_waits_and_goes_on_where_it_was(broker, consumer, topic):
    produce(broker, topic, 100, partition=0)
    consumer.assign(topic, 0, 0)
    first = fetch_until(consumer, lambda found: values(found), most=10)
    consumer.pause(topic, 0)
    produce(broker, topic, 1, partition=1)
    consumer.assign(topic, 1, 0)
    paused = fetch_to_end(consumer, topic, 1)
    assert values(paused, 0) == []
    consumer.resume(topic, 0)
    rest = fetch_to_end(consumer, topic, 0)
    assert values(first + rest, 0) == [b"%d" % number for number in range(100)]


def test_a_paused_partition_stays_paused_over_a_seek(broker, consumer, topic):
    produce(broker, topic, 3)
    consumer.assign(topic, 0, 0)
    fetch_to_end(consumer, topic)
    consumer.pause(topic, 0)
    consumer.seek(topic, 0, 0)
    consumer.assign(topic, 1, 0)
    assert values(fetch_to_end(consumer, topic, 1), 0) == []
    consumer.resume(topic, 0)
    assert len(values(fetch_to_end(consumer, topic))) == 3


def test_pitfall_48_a_position_below_what_is_kept_is_refused_with_both_numbers(
    broker, consumer, topic
):
    produce(broker, topic, 10)
    delete_records(broker, topic, before=6)
    consumer.assign(topic, 0, 2)
    with pytest.raises(Refused, match=r"next offset to read is 2, but only 6 to 10 exist"):
        fetch_to_end(consumer, topic)


def test_pitfall_49_a_position_beyond_the_end_is_refused_with_both_numbers(broker, consumer, topic):
    produce(broker, topic, 10)
    consumer.assign(topic, 0, 11)
    with pytest.raises(Refused, match=r"next offset to read is 11, but only 0 to 10 exist"):
        fetch_to_end(consumer, topic)


def test_the_end_itself_is_no_position_beyond_it(broker, consumer, topic):
    produce(broker, topic, 10)
    consumer.assign(topic, 0, 10)
    assert values(fetch_to_end(consumer, topic)) == []


def test_a_consumer_closes_at_once_without_an_answer(topic_prefix):
    settings = Settings(brokers="127.0.0.1:1")
    consumer = RecordConsumer({**consumer_options(settings, "test"), "log_level": 0})
    consumer.assign("orders", 0, 0)
    assert consumer.fetch(10, 0.1) == []
    started = time.monotonic()
    consumer.close()
    assert time.monotonic() - started < 5
