"""Events get through in order, or the producer says why not."""

import pytest

from streams.embedded.broker_process import BrokerProcess
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer, tick_record
from streams.kafka.partition import partition_of
from streams.ports import OutputRecord
from streams.settings import Settings
from tests.harness.topics import create_topics, records_of, settings_for


@pytest.fixture
def settings(broker: BrokerProcess, topic_prefix: str) -> Settings:
    # For ever: what is dated back to 1970 is older than any retention.
    create_topics(broker, [f"{topic_prefix}orders"], 3, retention_ms="-1")
    return settings_for(broker, topic_prefix, broker_timeout=3_000)


def found(settings: Settings) -> list:
    return records_of(settings, "orders")


@pytest.mark.smoke
def test_records_keep_their_order_time_and_headers_in_javas_partition(settings: Settings) -> None:
    with EventProducer(settings) as producer:
        for number in range(1_000):
            key = b"customer-%d" % (number % 7)
            producer.produce(OutputRecord("orders", key, b"%d" % number, time=1_000 + number))
        producer.produce(tick_record("orders", 2, 5_000))
    records = found(settings)
    assert len(records) == 1_001
    last = dict.fromkeys(range(3), -1)
    for one in records:
        record = one.record
        if record.value is None:
            assert (one.partition, record.time) == (2, 5_000)
            assert record.headers == [("sendflow-tick", b"")]
            continue
        number = int(record.value)
        assert one.partition == partition_of(record.key, 3)
        assert number > last[one.partition]
        assert record.time == 1_000 + number
        last[one.partition] = number


def test_more_than_the_queue_holds_gets_through(settings: Settings) -> None:
    with EventProducer(settings) as producer:
        for _ in range(250_000):
            producer.produce(OutputRecord("orders", b"ada", b"x"))
    assert len(found(settings)) == 250_000


def test_a_block_that_fails_does_not_wait_for_what_it_had_queued() -> None:
    patient = Settings(brokers="localhost:1", broker_timeout=600_000)  # longer than any test

    def fail_in_the_middle() -> None:
        with EventProducer(patient) as producer:
            producer.produce(OutputRecord("orders", b"ada", b"x"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle()


def test_an_unreachable_broker_is_refused_in_time() -> None:
    settings = Settings(brokers="localhost:1", broker_timeout=1_000)
    with (
        pytest.raises(Refused, match="localhost:1 accepted no record"),
        EventProducer(settings) as producer,
    ):
        producer.produce(OutputRecord("orders", b"ada", b"x"))


def test_a_missing_topic_is_refused_with_its_fix(settings: Settings) -> None:
    with pytest.raises(Refused, match="topics check"), EventProducer(settings) as producer:
        producer.produce(OutputRecord("orders", b"ada", b"x", partition=7))
