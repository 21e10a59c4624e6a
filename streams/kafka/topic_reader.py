"""Committed records of whole topics or of their ends, in order per partition, for reports.

No event passes through here; tasks read through `consumer.py`.
"""

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.engine import Instant
from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import connection_options, consumer_options
from streams.kafka.consumer import RecordConsumer
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.failures import error_of, kafka_error
from streams.kafka.topics import topic_name
from streams.ports import PartitionId, Record
from streams.settings import Settings

_WITHIN = 10.0  # seconds per request
_FETCH = 5_000
_END = -1  # in librdkafka, the end of the partition in place of an offset or a time


class TopicRecord(msgspec.Struct, gc=False):
    """One record with its topic and partition."""

    topic: str
    partition: int
    record: Record


class TopicReader:
    """Reads topics given by logical name. A context manager."""

    def __init__(self, settings: Settings, client: str = "reader") -> None:
        self._settings = settings
        self._client = client
        self._admin = KafkaAdmin(settings)
        with signals_deferred():
            self._metadata = AdminClient({**connection_options(settings, client), "log_level": 0})
            self._offsets = Consumer({**consumer_options(settings, client), "log_level": 0})
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._admin.wait_for_broker()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._admin.close()
        self._offsets.close()
        with signals_deferred():
            del self._metadata  # its destructor closes it

    def partitions(self, topic: str) -> int:
        """Number of partitions of the topic. Raises Refused for an unknown topic."""
        name = topic_name(self._settings, topic)
        if name not in self._counts:
            try:
                # The whole list: a request for one topic by name may create it.
                topics = self._metadata.list_topics(timeout=_WITHIN).topics
            except KafkaException as exception:
                raise kafka_error(error_of(exception), f"looking up topic {name}") from exception
            self._counts = {known: len(found.partitions) for known, found in topics.items()}
        if not self._counts.get(name):
            raise Refused(
                f"topic {name} not found at {self._settings.brokers}; check with "
                "`sendflow topics check` (brokers, prefix)"
            )
        return self._counts[name]

    def partition_ids(self, topic: str) -> list[PartitionId]:
        """All partitions of the topic."""
        return [(topic, number) for number in range(self.partitions(topic))]

    def bounds(self, partition_id: PartitionId) -> tuple[int, int]:
        """The first existing offset, and the offset after the last record."""
        topic, partition = partition_id
        return self._admin.bounds(topic_name(self._settings, topic), partition, _WITHIN)

    def starts(
        self, partitions: Iterable[PartitionId], since: Instant | None = None
    ) -> dict[PartitionId, int]:
        """Offset of the first record of each partition, or of the first at or after `since`."""
        wanted = list(partitions)
        bounds = {partition_id: self.bounds(partition_id) for partition_id in wanted}
        if since is None:
            return {partition_id: first for partition_id, (first, _) in bounds.items()}
        names = {(topic_name(self._settings, topic), n): (topic, n) for topic, n in wanted}
        requests = [TopicPartition(name, number, since) for name, number in names]
        try:
            answers = self._offsets.offsets_for_times(requests, _WITHIN)
        except KafkaException as exception:
            raise kafka_error(error_of(exception), "reading offsets by time") from exception
        starts = {}
        for answer in answers:
            partition_id = names[answer.topic, answer.partition]
            starts[partition_id] = (
                bounds[partition_id][1] if answer.offset == _END else answer.offset
            )
        return starts

    def committed(self, partitions: Iterable[PartitionId]) -> dict[PartitionId, int]:
        """Next offsets committed by the consumer group of the workers, where there is one."""
        names = {(topic_name(self._settings, topic), n): (topic, n) for topic, n in partitions}
        options = {**consumer_options(self._settings, self._client), "log_level": 0}
        with signals_deferred():
            consumer = Consumer({**options, "group.id": self._settings.application})
        try:
            answers = consumer.committed([TopicPartition(*name) for name in names], _WITHIN)
        except KafkaException as exception:
            raise kafka_error(error_of(exception), "reading consumer-group offsets") from exception
        finally:
            consumer.close()
        return {
            names[answer.topic, answer.partition]: answer.offset
            for answer in answers
            if answer.error is None and answer.offset >= 0
        }

    def read(
        self, starts: dict[PartitionId, int], *, follow: bool = False
    ) -> Iterator[TopicRecord]:
        """Yields every committed record from these offsets to the current end of the partitions;
        with `follow`, new records too, without limit. Raises Refused where the brokers stop
        answering before the end."""
        if not starts:
            return
        names = {(topic_name(self._settings, topic), n): (topic, n) for topic, n in starts}
        consumer = RecordConsumer(consumer_options(self._settings, self._client))
        unfinished = set(names)
        patience = self._settings.broker_timeout / 1000
        heard_at = time.monotonic()
        try:
            for (name, number), partition_id in names.items():
                consumer.assign(name, number, starts[partition_id])
            while unfinished or follow:
                batches = consumer.fetch(_FETCH, 0.2)
                if batches:
                    heard_at = time.monotonic()
                elif unfinished and time.monotonic() - heard_at > patience:
                    raise Refused(self._silence(unfinished, patience))
                for batch in batches:
                    topic, partition = names[batch.topic, batch.partition]
                    for record in batch.records:
                        yield TopicRecord(topic, partition, record)
                    if batch.end is not None:
                        unfinished.discard((batch.topic, batch.partition))
        finally:
            consumer.close()

    def _silence(self, unfinished: set[PartitionId], patience: float) -> str:
        partitions = ", ".join(f"{name}[{number}]" for name, number in sorted(unfinished))
        return (
            f"{partitions}: no records for {patience:g} s before the end offset; check brokers "
            f"{self._settings.brokers} (brokers, broker_timeout)"
        )
