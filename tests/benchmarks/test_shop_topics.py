import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks import shop_topics, workload
from streams.embedded.broker_process import BrokerProcess


@pytest.fixture
def prefix() -> str:
    return f"topics-{time.time_ns()}-"


def records_of(broker: BrokerProcess, topic: str) -> int:
    """Records in the partitions of a topic."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "test"})
    try:
        bounds = [
            consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=10)
            for one in range(workload.PARTITIONS)
        ]
    finally:
        consumer.close()
    return sum(high - low for low, high in bounds)


def topics_of(broker: BrokerProcess) -> set[str]:
    return set(AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=10).topics)


def test_outputs_are_emptied_and_inputs_stay(broker: BrokerProcess, prefix: str) -> None:
    shop_topics.create(broker.bootstrap, prefix)
    count = workload.fill(broker.bootstrap, [prefix], workload.events(300))
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    producer.produce(prefix + "customers-changelog", b"state", key=b"C1")
    assert producer.flush(10) == 0
    shop_topics.clear_outputs(broker.bootstrap, prefix)
    kept = sum(records_of(broker, prefix + topic) for topic in workload.INPUTS_OF_THE_JOB)
    assert (count, kept) == (300, 300)
    assert records_of(broker, prefix + "customers-changelog") == 0


def test_what_a_job_added_for_itself_goes_too(broker: BrokerProcess, prefix: str) -> None:
    added = f"changelog__{prefix}quixstreams-0--orders--default"
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(added, 1, 1)])[added].result(10)
    shop_topics.delete(broker.bootstrap, prefix)
    assert added not in topics_of(broker)


def test_one_pass_fills_all_prefixes_alike(broker: BrokerProcess, prefix: str) -> None:
    prefixes = [prefix, f"{prefix}b-"]
    for one in prefixes:
        shop_topics.create(broker.bootstrap, one)
    workload.fill(broker.bootstrap, prefixes, workload.events(200))
    found = [
        [records_of(broker, one + topic) for topic in workload.INPUTS_OF_THE_JOB]
        for one in prefixes
    ]
    assert found[0] == found[1]
    assert sum(found[0]) == 200
