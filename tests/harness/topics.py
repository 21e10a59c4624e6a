"""Topics for a test, and the view of a reader of committed records."""

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.embedded.broker_process import BrokerProcess
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import offsets_options
from streams.kafka.failures import UNREACHABLE, error_of
from streams.kafka.topic_reader import TopicReader, TopicRecord
from streams.settings import Settings
from tests.harness.eventually import eventually


def settings_for(broker: BrokerProcess, prefix: str, **others: object) -> Settings:
    """Settings for this broker; `prefix` also names the application."""
    given = {"application": prefix.rstrip("."), "prefix": prefix, "partitions": 2, **others}
    return Settings(brokers=broker.bootstrap, **given)  # type: ignore[arg-type]


def create_topics(
    broker: BrokerProcess, names: list[str], partitions: int = 2, **config: str
) -> None:
    """Makes topics and waits until they are there."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    topics = [
        NewTopic(name, partitions, 1, config={k.replace("_", "."): v for k, v in config.items()})
        for name in names
    ]
    for created in admin.create_topics(topics).values():
        created.result(20)
    eventually(lambda: admin.list_topics(timeout=20).topics.keys() >= set(names), within=20)


def create_all_topics(settings: Settings) -> None:
    """Every topic that a worker needs."""
    admin = KafkaAdmin(settings)
    admin.create_topics()
    admin.close()


def delete_topics(broker: BrokerProcess, prefix: str) -> None:
    """Deletes all whose names begin with `prefix`, and doesn't wait until they are gone."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    names = [name for name in admin.list_topics(timeout=20).topics if name.startswith(prefix)]
    if names:
        for deleted in admin.delete_topics(names).values():
            deleted.result(20)


def records_of(settings: Settings, topic: str) -> list[TopicRecord]:
    """All records of a topic, by its logical name, that a reader of committed ones sees."""
    with TopicReader(settings, "test") as reader:
        return list(reader.read(reader.starts(reader.partition_ids(topic))))


def read(
    broker: BrokerProcess, topic: str, partition: int = 0, isolation: str = "read_committed"
) -> list[tuple[int, bytes | None, bytes | None]]:
    """(offset, key, value) of all records of a partition, for a reader of committed ones."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": topic,
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0)])
    found: list[tuple[int, bytes | None, bytes | None]] = []
    try:
        while True:
            message = consumer.poll(20)
            assert message is not None, "neither a record nor the end of the partition came"
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return found
            assert error is None, error
            found.append((message.offset() or 0, message.key(), message.value()))
    finally:
        consumer.close()


def values(broker: BrokerProcess, topic: str, partition: int = 0) -> list[bytes | None]:
    """The values of `read`."""
    return [value for _, _, value in read(broker, topic, partition)]


def high_watermark(broker: BrokerProcess, topic: str, partition: int = 0) -> int:
    """The end of a partition, open transactions included."""
    consumer = Consumer(offsets_options(Settings(brokers=broker.bootstrap), "test"))
    place = TopicPartition(topic, partition)

    def bounds() -> tuple[int, int] | None:
        try:
            return consumer.get_watermark_offsets(place, 20)
        except KafkaException as exception:
            if error_of(exception).code() not in UNREACHABLE:
                raise
            return None  # a new topic has no leader yet

    try:
        answer = eventually(bounds, within=20)
        assert answer is not None
        return answer[1]
    finally:
        consumer.close()


def delete_records(broker: BrokerProcess, topic: str, before: int) -> None:
    """Deletes what is before an offset of partition 0, as retention does."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for deleted in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        deleted.result(20)
