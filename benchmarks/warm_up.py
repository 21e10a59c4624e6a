"""A warm broker: Apache Kafka's Java code is compiled by the JVM as it is used."""

import time

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks import shop_topics
from benchmarks.workload import PARTITIONS

PREFIX = "warm-up-"
RECORDS = 100
"""Of each transaction."""


def warm_broker(bootstrap: str, seconds: float) -> None:
    """Runs transactions on topics that no job uses, with a read_committed reader behind them, for
    so many seconds; deletes the topics."""
    shop_topics.create(bootstrap, PREFIX)
    quiet = {"bootstrap.servers": bootstrap, "log_level": 0}
    producer = Producer({**quiet, "transactional.id": PREFIX})
    producer.init_transactions(30)
    topics = [PREFIX + topic for topic in ("send-commands", "flow-decisions", "orders", "carts")]
    consumer = Consumer(
        {
            **quiet,
            "group.id": PREFIX,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(name, one, 0) for name in topics for one in range(PARTITIONS)])
    number, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        producer.begin_transaction()
        for _ in range(RECORDS):
            producer.produce(topics[number % len(topics)], b"." * 200, key=str(number))
            number += 1
        offset = TopicPartition(PREFIX + "orders", 0, number)
        producer.send_offsets_to_transaction([offset], consumer.consumer_group_metadata(), 30)
        producer.commit_transaction(30)
        consumer.consume(1_000, 0)
    consumer.close()
    shop_topics.delete(bootstrap, PREFIX)
