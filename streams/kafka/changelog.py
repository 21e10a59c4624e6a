"""One partition of the changelog, read from an offset to its end.

1. the producer of the task has been opened: no older transaction can commit any more
2. low and high watermark are read: StoreUnusable if the offset is not between them
3. committed records are read
4. PARTITION_EOF at or after the high watermark: complete (PITFALLS fact 7, PITFALLS 45, 46)
"""

import logging
import time
from collections.abc import Callable, Iterator

import msgspec
from confluent_kafka import Consumer, KafkaError, TopicPartition

from streams.errors import Refused, StoreUnusable
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import Options
from streams.kafka.consumed_message import ConsumedMessage, consume
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.failures import UNREACHABLE, kafka_error

logger = logging.getLogger(__name__)

RESTORE_CHUNK = 5_000
"""Maximum records of one chunk: the number in memory at once (PITFALLS 47)."""

_CONSUME_WITHIN = 0.5  # seconds; bounds the reaction time to a stop
_REPORT_EVERY = 10.0  # seconds


class ChangelogChunk(msgspec.Struct):
    """Consecutive changelog records: the newest bytes of each key, None for a tombstone."""

    changes: dict[bytes, bytes | None]
    records: int
    next_offset: int  # of the changelog, after this chunk
    end: int  # of the changelog when reading began: progress is next_offset / end


class Stopped(Exception):
    """Reading was stopped before the end."""


class ChangelogReader:
    """Reads one partition. Blocks, so it belongs in a thread. Used once."""

    def __init__(
        self, options: Options, admin: KafkaAdmin, topic: str, partition: int, patience: float
    ) -> None:
        """`topic`: name on the brokers; `patience`: maximum seconds without progress."""
        self._options = options
        self._admin = admin
        self._topic = topic
        self._partition = partition
        self._patience = patience
        self.name = f"{topic}[{partition}]"

    def read(
        self, start: int | None, is_stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[ChangelogChunk]:
        """Yields all committed records from `start` (None: from the beginning, for a new store).

        There is at least one chunk, and the last reaches the end. Raises StoreUnusable where the
        changelog does not continue at `start` (PITFALLS 44); Refused after `patience`, with the
        cause of the delay (PITFALLS 50), or for a record of another producer; Stopped."""
        first, end = self._admin.bounds(self._topic, self._partition, self._patience)
        if start is None:
            start = first
        if not first <= start <= end:
            raise StoreUnusable(
                f"{self.name} has offsets {first} to {end}, but the store is at {start}: the topic "
                "was recreated or truncated"
            )
        with signals_deferred():
            consumer = Consumer({**self._options, "logger": logger})
        try:
            consumer.assign([TopicPartition(self._topic, self._partition, start)])
            yield from self._chunks(consumer, start, end, is_stopped)
        finally:
            consumer.close()

    def _chunks(
        self, consumer: Consumer, start: int, end: int, is_stopped: Callable[[], bool]
    ) -> Iterator[ChangelogChunk]:
        next_offset = start
        progress_at = report_at = time.monotonic()
        is_at_end = False
        while not is_at_end:
            if is_stopped():
                raise Stopped(f"{self.name}: stopped at {next_offset} of {end}")
            chunk = ChangelogChunk({}, 0, next_offset, end)
            for message in consume(consumer, RESTORE_CHUNK, _CONSUME_WITHIN):
                error = message.error()
                if error is None:
                    self._add(message, chunk)
                elif error.code() == KafkaError._PARTITION_EOF:
                    chunk.next_offset = max(chunk.next_offset, message.offset())
                    is_at_end = message.offset() >= end
                else:
                    self._read_error(error, start)
            now = time.monotonic()
            if chunk.next_offset > next_offset:
                next_offset = chunk.next_offset
                progress_at = report_at = now
            elif now - progress_at > self._patience:
                raise Refused(self._stalled(next_offset, end, now - progress_at))
            elif now - report_at > _REPORT_EVERY:
                report_at = now
                logger.warning("%s", self._stalled(next_offset, end, now - progress_at))
            if chunk.records or is_at_end:
                yield chunk

    def _add(self, message: ConsumedMessage, chunk: ChangelogChunk) -> None:
        key = message.key()
        if key is None:
            raise Refused(
                f"{self.name}@{message.offset()} has no key: another producer writes to the "
                "changelog; stop it or use another prefix"
            )
        chunk.changes[key] = message.value()
        chunk.records += 1
        chunk.next_offset = message.offset() + 1

    def _read_error(self, error: KafkaError, start: int) -> None:
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise StoreUnusable(f"{self.name}: offset {start} of the store no longer exists")
        if error.code() not in UNREACHABLE:
            raise kafka_error(error, f"{self.name}: reading")
        logger.warning("%s: %s; retrying", self.name, error.str())

    def _stalled(self, next_offset: int, end: int, seconds: float) -> str:
        return (
            f"{self.name}: no committed records past offset {next_offset} of {end} for "
            f"{seconds:.0f} s: brokers unreachable or an open transaction; find it with "
            f"`kafka-transactions.sh describe-producers --topic {self._topic} --partition "
            f"{self._partition}`, end it with `… abort`"
        )
