"""Batches of records of assigned partitions.

librdkafka's consumer without its group: Faust assigns (DESIGN 3). Partitions are added and removed
one by one, so that the others are not restarted.
"""

import logging

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.errors import Refused
from streams.kafka.client_config import Options
from streams.kafka.consumed_message import ConsumedMessage, consume
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.failures import CODES, kafka_error
from streams.ports import PartitionId, Record

logger = logging.getLogger(__name__)

_START_OVER = (
    "recreate the changelog (sendflow topics create); customer states are lost and the inputs are "
    "read from their beginning"
)
_WATERMARKS_WITHIN = 5.0  # seconds, for the text of an error


class Batch(msgspec.Struct, gc=False):
    """Records of one partition from one fetch.

    `next_offset` follows the last record, transaction markers included where they are known.
    `end`: every committed record before this offset has been returned (None: the brokers hold
    more). It is reported once on reaching the end and says nothing about later (PITFALLS facts 7,
    8).
    """

    topic: str
    partition: int
    records: list[Record]
    next_offset: int
    end: int | None = None


class RecordConsumer:
    """Reads committed records from explicit offsets only.

    Topics have their names on the brokers. `fetch` blocks, in one thread; the other methods may be
    called from other threads meanwhile. Partitions that are unassigned or sought during a fetch may
    still be in its result.
    """

    def __init__(self, options: Options, gather: float = 0.0) -> None:
        """`gather`: seconds for which a fetch of few records waits for more."""
        self._gather = gather
        with signals_deferred():
            self._consumer = Consumer({**options, "logger": logger})
        self._next: dict[PartitionId, int] = {}  # for the text of an error
        self._paused: set[PartitionId] = set()

    def assign(self, topic: str, partition: int, offset: int) -> None:
        """Adds a partition, read from `offset`. The others are not interrupted."""
        self._next[topic, partition] = offset
        self._paused.discard((topic, partition))
        self._consumer.incremental_assign([TopicPartition(topic, partition, offset)])

    def unassign(self, topic: str, partition: int) -> None:
        """Removes a partition."""
        del self._next[topic, partition]
        self._paused.discard((topic, partition))
        self._consumer.incremental_unassign([TopicPartition(topic, partition)])

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Continues at `offset`, paused or not as before."""
        was_paused = (topic, partition) in self._paused
        self.unassign(topic, partition)
        self.assign(topic, partition, offset)
        if was_paused:
            self.pause(topic, partition)

    def pause(self, topic: str, partition: int) -> None:
        """Stops fetching a partition and drops its prefetched records: for a buffer of 12,500
        records or 4 MB, not for every batch (DESIGN 3)."""
        self._paused.add((topic, partition))
        self._consumer.pause([TopicPartition(topic, partition)])

    def resume(self, topic: str, partition: int) -> None:
        """Ends `pause`: below a quarter of the limit that caused it."""
        self._paused.discard((topic, partition))
        self._consumer.resume([TopicPartition(topic, partition)])

    def assignment(self) -> frozenset[PartitionId]:
        """The assigned partitions."""
        return frozenset(self._next)

    def fetch(self, max_records: int, timeout: float) -> list[Batch]:
        """Returns up to `max_records` records, by partition and in order within each. Waits up to
        `timeout` seconds for the first. Raises Refused where a partition cannot be read, or not
        from its offset (PITFALLS 48, 49)."""
        batches: dict[PartitionId, Batch] = {}
        last_topic: str | None = None
        last_partition = -1
        add = list[Record]().append
        make = Record
        # Hot path: runs of one partition are the rule, so its batch is looked up once per run.
        for message in consume(self._consumer, max_records, timeout, self._gather):
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
        """Closes the client."""
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
        position = self._next.get((topic, partition))
        try:
            first, end = self._consumer.get_watermark_offsets(
                TopicPartition(topic, partition), _WATERMARKS_WITHIN
            )
        except KafkaException:
            return Refused(f"{topic}[{partition}]: offset {position} does not exist: {error.str()}")
        if position is not None and position > end:
            reason = f"topic recreated or truncated; restore it or start over: {_START_OVER}"
        else:
            reason = (
                "records expired before they were read; raise retention.ms, and restore the topic "
                f"or start over: {_START_OVER}"
            )
        return Refused(
            f"{topic}[{partition}]: next offset to read is {position}, but only {first} to {end} "
            f"exist: {reason}"
        )
