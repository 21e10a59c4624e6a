"""Idempotent producer of events, ticks and definitions: in order, without transactions."""

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.engine import Instant
from streams.errors import Refused
from streams.kafka.client_config import RETRY_AFTER_MS, Options, connection_options
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.failures import UNREACHABLE, error_of, kafka_error
from streams.ports import OutputRecord
from streams.runtime.time_policy.ticks import TICK_HEADER
from streams.settings import Settings

_POLL_EVERY = 500  # records
_LARGEST_RECORD = 8 * 1024 * 1024  # the limit of `control` (DESIGN 3)


class EventProducer:
    """Writes records to topics given by logical name. A context manager: its exit waits until all
    records are written.

    A delivery error is raised by a later call: Refused where only the user can fix it.
    """

    def __init__(self, settings: Settings, client: str = "import") -> None:
        self._prefix = settings.prefix
        self._brokers = settings.brokers
        self._patience = settings.broker_timeout / 1000
        self._error: KafkaError | None = None
        self._since_poll = 0
        with signals_deferred():
            self._producer = Producer(_options(settings, client))
        self._names: dict[str, str] = {}

    def produce(self, record: OutputRecord) -> None:
        """Queues one record; blocks while the queue is full. A record without a partition goes by
        the murmur2 hash of its key."""
        name = self._names.get(record.topic)
        if name is None:
            name = self._names[record.topic] = self._prefix + record.topic
        while True:
            try:
                self._producer.produce(
                    name,
                    record.value,
                    record.key,
                    -1 if record.partition is None else record.partition,
                    on_delivery=self._delivered,
                    timestamp=record.time or 0,
                    headers=None if record.headers is None else [*record.headers],
                )
                break
            except BufferError:
                self._wait(lambda: len(self._producer) < 50_000)
            except KafkaException as error:
                raise kafka_error(error_of(error), f"writing to {name}") from error
        self._since_poll += 1
        if self._since_poll >= _POLL_EVERY:
            self._since_poll = 0
            self._producer.poll(0)
            self._check()

    def flush(self) -> None:
        """Waits until every record is written."""
        self._wait(lambda: len(self._producer) == 0)
        self._check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            with contextlib.suppress(KafkaException):  # the first error is more informative
                self._producer.purge()  # the rest cannot be delivered: no waiting for it
                self._producer.close()

    def _wait(self, is_done: Callable[[], bool]) -> None:
        """Waits until `is_done`. Each delivered record extends the deadline."""
        left = len(self._producer)
        deadline = time.monotonic() + self._patience
        while not is_done():
            self._producer.poll(0.05)
            self._check()
            if len(self._producer) < left:
                left = len(self._producer)
                deadline = time.monotonic() + self._patience
            elif time.monotonic() > deadline:
                raise Refused(
                    f"{self._brokers} accepted no record for {self._patience:g} s ({left} queued); "
                    "check brokers and broker_timeout"
                )

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._error is None:
            self._error = error

    def _check(self) -> None:
        if self._error is None:
            return
        if self._error.code() in UNREACHABLE or self._error.code() == KafkaError._MSG_TIMED_OUT:
            raise Refused(
                f"{self._brokers} accepted no record: {self._error.str()}; check brokers and "
                "broker_timeout"
            )
        raise kafka_error(self._error, "writing events")


def tick_record(topic: str, partition: int, at: Instant) -> OutputRecord:
    """Punctuation of one partition: all its records before `at` have been written (DESIGN 5.7)."""
    return OutputRecord(topic, None, None, partition, [(TICK_HEADER, b"")], at)


def _options(settings: Settings, client: str) -> Options:
    return {
        **connection_options(settings, client),
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.max.bytes": _LARGEST_RECORD,
        "partitioner": "murmur2_random",
        "queue.buffering.max.messages": 200_000,
        "delivery.timeout.ms": max(settings.broker_timeout, 1_000),
        "retry.backoff.max.ms": RETRY_AFTER_MS,
        "delivery.report.only.error": True,  # no callback per delivered record
        "log_level": 3,
    }
