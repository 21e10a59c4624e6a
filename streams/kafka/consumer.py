"""Batches of records of the partitions that this worker was assigned.

librdkafka's consumer without its group: Faust decides who owns what (DESIGN 3), here
partitions are added and taken away one by one, so that those that stay aren't restarted.
"""

import logging

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.errors import Refused
from streams.kafka.client_config import Options
from streams.kafka.consumed_message import ConsumedMessage, consume
from streams.kafka.failures import CODES, kafka_error
from streams.ports import PartitionId, Record

logger = logging.getLogger(__name__)

_START_OVER = (
    "recreate the changelog (sendflow topics create); customer states are lost and the inputs are "
    "read from their beginning"
)
_WATERMARKS_WITHIN = 5.0  # seconds, for the text of an error


class Batch(msgspec.Struct, gc=False):
    """What one fetch brought of one partition.

    `next_offset` follows the last record, transaction markers included where they are known.
    `end`: everything before this offset has been handed out, as the brokers had it (None: they hold
    more). It is told once on reaching the end, and says nothing of later (PITFALLS facts 7, 8).
    """

    topic: str
    partition: int
    records: list[Record]
    next_offset: int
    end: int | None = None


class RecordConsumer:
    """Reads committed records from where it is told, and never from anywhere else.

    Topics are named as on the brokers. `fetch` blocks, in one thread; the other methods may be
    called from others meanwhile. What is unassigned, or sought away from, while a fetch runs may
    still be in its answer.
    """

    def __init__(self, options: Options) -> None:
        self._consumer = Consumer({**options, "logger": logger})
        self._next: dict[PartitionId, int] = {}  # for the text of an error
        self._paused: set[PartitionId] = set()

    def assign(self, topic: str, partition: int, offset: int) -> None:
        """Adds a partition, to be read from `offset`; the others go on undisturbed."""
        self._next[topic, partition] = offset
        self._paused.discard((topic, partition))
        self._consumer.incremental_assign([TopicPartition(topic, partition, offset)])

    def unassign(self, topic: str, partition: int) -> None:
        """Takes a partition away."""
        del self._next[topic, partition]
        self._paused.discard((topic, partition))
        self._consumer.incremental_unassign([TopicPartition(topic, partition)])

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Goes on at `offset`, paused or not as before."""
        was_paused = (topic, partition) in self._paused
        self.unassign(topic, partition)
        self.assign(topic, partition, offset)
        if was_paused:
            self.pause(topic, partition)

    def pause(self, topic: str, partition: int) -> None:
        """Fetches no more of a partition, and drops what was prefetched: at 50,000 records or 16 MB
        of buffer, not at every batch (DESIGN 3)."""
        self._paused.add((topic, partition))
        self._consumer.pause([TopicPartition(topic, partition)])

    def resume(self, topic: str, partition: int) -> None:
        """The end of `pause`: below a quarter of what it began at."""
        self._paused.discard((topic, partition))
        self._consumer.resume([TopicPartition(topic, partition)])

    def assignment(self) -> frozenset[PartitionId]:
        """The partitions that are read."""
        return frozenset(self._next)

    def fetch(self, max_records: int, timeout: float) -> list[Batch]:
        """Up to `max_records` records, by partition, each partition's in order. Waits up to
        `timeout` seconds for them. Raises Refused where a partition can't be read from the offset
        that was asked for (PITFALLS 48, 49), or not at all."""
        batches: dict[PartitionId, Batch] = {}
        last_topic: str | None = None
        last_partition = -1
        add = list[Record]().append
        make = Record
        # The hot path: runs of one partition are the rule, so its batch is looked up once a run.
        for message in consume(self._consumer, max_records, timeout):
            error = message.error()
            if error is not None:
                self._read_error(error, message, batches)
                continue
            partition = message.partition()
            if partition != last_partition or message.topic() != last_topic:
                last_partition = partition
                last_topic = message.topic()
                add = self._batch(last_topic, partition, batches).records.append
            add(
                make(
                    message.timestamp()[1],
                    message.offset(),
                    message.key(),
                    message.value(),
                    message.headers(),
                )
            )
        for partition_id, batch in batches.items():
            if batch.records:
                batch.next_offset = max(batch.next_offset, batch.records[-1].offset + 1)
            if partition_id in self._next:
                self._next[partition_id] = batch.next_offset
        return list(batches.values())

    def close(self) -> None:
        """Lets go of the client."""
        self._consumer.close()

    def _batch(self, topic: str, partition: int, batches: dict[PartitionId, Batch]) -> Batch:
        batch = batches.get((topic, partition))
        if batch is None:
            batch = batches[topic, partition] = Batch(
                topic, partition, [], self._next.get((topic, partition), 0)
            )
        return batch

    def _read_error(
        self,
        error: KafkaError,
        message: ConsumedMessage,
        batches: dict[PartitionId, Batch],
    ) -> None:
        topic, partition = message.topic(), message.partition()
        if error.code() == KafkaError._PARTITION_EOF:
            batch = self._batch(topic, partition, batches)
            batch.end = message.offset()
            batch.next_offset = max(batch.next_offset, message.offset())
        elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise self._out_of_range(topic, partition, error)
        elif error.code() in CODES or error.fatal():
            raise kafka_error(error, f"{topic}[{partition}]: reading")
        else:
            logger.warning("%s[%s]: %s; retrying", topic, partition, error.str())

    def _out_of_range(self, topic: str, partition: int, error: KafkaError) -> Refused:
        asked = self._next.get((topic, partition))
        try:
            first, end = self._consumer.get_watermark_offsets(
                TopicPartition(topic, partition), _WATERMARKS_WITHIN
            )
        except KafkaException:
            return Refused(f"{topic}[{partition}]: offset {asked} does not exist: {error.str()}")
        if asked is not None and asked > end:
            reason = f"topic recreated or truncated; restore it or start over: {_START_OVER}"
        else:
            reason = (
                "records expired before they were read; raise retention.ms, and restore the topic "
                f"or start over: {_START_OVER}"
            )
        return Refused(
            f"{topic}[{partition}]: next offset to read is {asked}, but only {first} to {end} "
            f"exist: {reason}"
        )
