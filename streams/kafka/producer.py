"""The transactions of one task: begun by `commit` and not before, ended within a bound, or
abandoned. `PartitionTask.commit_due` decides when, `worker/committing.py` calls.

              open                 begin
    NEW ────────────────► READY ◄──────────► OPEN
     │                      │     commit,      │
     │ open fails           │     abort        │ end not confirmed, fatal, or
     │                      │                  ▼ closed while open
     │                      │ begin fails   UNKNOWN
     │                      ├─────────────────►│
     │                      │ close            │ close
     └─────────────────► CLOSED ◄──────────────┘

librdkafka retries an unanswered EndTxn by itself, over a new connection, and lacks the epoch of
KIP-890 by which a broker tells the copies apart: the first copy, arriving late, could end a *later*
transaction (KAFKA-17754, PITFALLS fact 1, PITFALLS 10). It retries after RETRY_AFTER_MS ± 20 %. So
an end that takes END_WITHIN counts as unknown even if it was confirmed after all, and UNKNOWN leads
to CLOSED only.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.errors import Fenced, OutcomeUnknown, Refused, SendflowError
from streams.kafka.client_config import MAX_RECORD_BYTES, RETRY_AFTER_MS, Options
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.failures import error_of, kafka_error
from streams.ports import OutputRecord

logger = logging.getLogger(__name__)

END_WITHIN = 0.75 * RETRY_AFTER_MS / 1000
"""Seconds in which the end of a transaction must be confirmed, so that it was sent only once."""

ANY = -1
"""In a route: the partition by murmur2 of the key."""

_ROOM_FOR_FRAME = 512  # bytes that Kafka's format adds to a record and its batch
_QUEUE_POLL = 0.02  # seconds
_PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})


class ProducerState(Enum):
    """State of a producer; drawn above."""

    NEW = "new"
    READY = "ready"  # no transaction
    OPEN = "open"  # in a transaction
    UNKNOWN = "unknown"  # the outcome of the last transaction is unknown
    CLOSED = "closed"


SUCCESSORS: dict[ProducerState, frozenset[ProducerState]] = {
    ProducerState.NEW: frozenset({ProducerState.READY, ProducerState.CLOSED}),
    ProducerState.READY: frozenset(
        {ProducerState.OPEN, ProducerState.UNKNOWN, ProducerState.CLOSED}
    ),
    ProducerState.OPEN: frozenset({ProducerState.READY, ProducerState.UNKNOWN}),
    ProducerState.UNKNOWN: frozenset({ProducerState.CLOSED}),
    ProducerState.CLOSED: frozenset(),
}


class Route(msgspec.Struct, frozen=True):
    """Target of the records of a logical topic: its name on the brokers, and the task's partition
    (ANY where its partitions are not those of the inputs)."""

    topic: str
    partition: int


class TransactionalProducer:
    """Producer of one task. Every call blocks, within a bound: none belongs on the event loop."""

    def __init__(
        self, options: Options, routes: Mapping[str, Route], changelog: str = "customers-changelog"
    ) -> None:
        """`routes`: by logical topic; `changelog`: logical name of the topic whose next offset
        `commit` returns."""
        self.transactional_id: str = options["transactional.id"]
        self.state = ProducerState.NEW
        self._routes = {name: (route.topic, route.partition) for name, route in routes.items()}
        self._changelog = changelog
        self._delivered: int | None = None  # offset of the changelog's last record
        self._lost: KafkaError | None = None  # error of an undelivered record
        self._reports_all = False
        with signals_deferred():
            self._producer: Producer | None = Producer({**options, "logger": logger})

    def open(self, timeout: float) -> None:
        """Fences every older producer of this task and ends its transaction. Only then the end of
        the changelog is final (DESIGN 4.1). `timeout` in seconds.

        Raises Fenced, Refused, or OutcomeUnknown on a timeout: the producer is closed then, and a
        new one may be tried."""
        self._require(ProducerState.NEW)
        try:
            self._client().init_transactions(timeout)
        except KafkaException as exception:
            self.close()
            raise self._failure("opening", exception) from exception
        self._move(ProducerState.READY)

    def commit(self, records: Sequence[OutputRecord], timeout: float) -> int:
        """Commits all `records` in order in one transaction. Returns the offset after its last
        changelog record. `timeout`: seconds for everything before the end of the transaction,
        which has END_WITHIN.

            1. sizes    Refused: nothing has begun, the producer stays READY
            2. begin, produce, flush
            3. end
                        Aborted: rolled back, READY for the same records again
                        Refused: rolled back, the same records would fail again
                        OutcomeUnknown: possibly committed, close the producer
                        Fenced: another worker owns the task, close the producer
        """
        self._require(ProducerState.READY)
        last = self._last_of_changelog(records)
        self._check_sizes(records)
        deadline = time.monotonic() + timeout
        try:
            self._client().begin_transaction()
            self._move(ProducerState.OPEN)
            self._produce(records, last, deadline)
            self._flush(deadline)
        except (KafkaException, SystemError) as exception:
            cause = _cause(exception)
            if error_of(cause).fatal() or self._left_after_flush(deadline):
                raise self._abandoned("producing", cause) from exception
            raise self._rejected("producing", cause) from exception
        self._end()
        if self._delivered is None:
            raise AssertionError("a transaction was committed without a report of its changelog")
        return self._delivered + 1

    def close(self) -> None:
        """Closes the client. An open transaction is left to the next `open` of this task or to the
        brokers: an abort could end the transaction of a newer owner."""
        if self.state is ProducerState.CLOSED:
            return
        if self.state is ProducerState.OPEN:
            self._move(ProducerState.UNKNOWN)
        self._move(ProducerState.CLOSED)
        # Not Producer.close(): it aborts an unfinished transaction.
        self._producer = None

    # ── Before the transaction ────────────────────────────────────────────────────────────────

    def _last_of_changelog(self, records: Sequence[OutputRecord]) -> int:
        for index in range(len(records) - 1, -1, -1):
            if records[index].topic == self._changelog:
                return index
        raise ValueError("a transaction of a task holds at least its position record")

    def _check_sizes(self, records: Sequence[OutputRecord]) -> None:
        """PITFALLS 19: checked before the transaction, which would be aborted again and again."""
        limit = MAX_RECORD_BYTES - _ROOM_FOR_FRAME
        for record in records:
            size = len(record.value or b"") + len(record.key or b"")
            if record.headers:
                size += sum(len(name) + len(value) for name, value in record.headers)
            if size > limit:
                raise Refused(
                    f"{self.transactional_id}: a record for {record.topic} with key "
                    f"{(record.key or b'')[:64]!r} has {size:,} bytes, expected at most {limit:,}"
                )

    # ── In the transaction ────────────────────────────────────────────────────────────────────

    def _produce(self, records: Sequence[OutputRecord], last: int, deadline: float) -> None:
        """Requests one delivery report, that of the last changelog record: a report costs as much
        as half a record, and if any record fails, so does the end of the transaction. That error
        does not always name the cause, so a retry of the same records requests all reports."""
        self._delivered = self._lost = None
        if self._reports_all:
            self._produce_in_order(records, deadline, on_delivery=self._on_delivery)
            return
        self._produce_in_order(records[:last], deadline)
        self._produce_in_order(records[last : last + 1], deadline, on_delivery=self._on_delivery)
        self._produce_in_order(records[last + 1 :], deadline)

    def _produce_in_order(
        self, records: Sequence[OutputRecord], deadline: float, **reporting: Any
    ) -> None:
        """Waits while the queue is full and continues with the same record (PITFALLS 18). One by
        one: `produce_batch` takes no headers, and 0.42 µs a record for 0.35."""
        client = self._client()
        produce = client.produce
        routes = self._routes
        done = 0
        while done < len(records):
            try:
                for record in islice(records, done, None):
                    topic, partition = routes[record.topic]
                    if record.partition is not None:
                        partition = record.partition
                    if record.headers is None and record.time is None:
                        produce(topic, record.value, record.key, partition, **reporting)
                    else:
                        produce(
                            topic,
                            record.value,
                            record.key,
                            partition,
                            headers=[*record.headers] if record.headers else None,
                            timestamp=record.time or 0,
                            **reporting,
                        )
                    done += 1
            except BufferError:
                if time.monotonic() > deadline:
                    raise self._abandoned("producing", "delivery queue full") from None
                client.poll(_QUEUE_POLL)

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        """Reports of purged records follow an abort and are no failures (PITFALLS 16)."""
        if error is None:
            if message.topic() == self._routes[self._changelog][0]:
                self._delivered = message.offset()
        elif error.code() not in _PURGED:
            self._lost = self._lost or error

    def _flush(self, deadline: float) -> None:
        left = self._left_after_flush(deadline)
        if left:
            raise self._abandoned("producing", f"{left} records not delivered in time")

    def _left_after_flush(self, deadline: float) -> int:
        return self._client().flush(max(0.0, deadline - time.monotonic()))

    # ── The end ───────────────────────────────────────────────────────────────────────────────

    def _end(self) -> None:
        started = time.monotonic()
        try:
            self._client().commit_transaction(END_WITHIN)
        except (KafkaException, SystemError) as exception:
            raise self._rejected("committing", _cause(exception)) from exception
        took = time.monotonic() - started
        if took >= END_WITHIN:
            self._move(ProducerState.UNKNOWN)
            raise OutcomeUnknown(
                f"{self.transactional_id}: commit took {took:.1f} s; a retried request may be in "
                "flight"
            )
        self._reports_all = False
        self._move(ProducerState.READY)

    def _rejected(self, doing: str, exception: KafkaException) -> SendflowError:
        """Error to raise after librdkafka rejected a call, with no request in flight. Aborts if,
        and only if, librdkafka requires an abort of the transaction."""
        error = error_of(exception)
        if not error.txn_requires_abort() or error.fatal():
            return self._abandoned(doing, exception)
        self._reports_all = self._lost is None
        return self._aborted(kafka_error(self._lost or error, f"{self.transactional_id}: {doing}"))

    def _abandoned(self, doing: str, cause: KafkaException | str) -> SendflowError:
        """Error to raise while a request may be in flight. No abort: an answer about partitions
        after it would end the process (an assertion in librdkafka)."""
        self._move(ProducerState.UNKNOWN)
        if isinstance(cause, str):
            return OutcomeUnknown(f"{self.transactional_id}: {doing}: {cause}")
        reason = self._failure(doing, cause)
        return reason if isinstance(reason, Fenced | Refused) else OutcomeUnknown(str(reason))

    def _aborted(self, reason: SendflowError) -> SendflowError:
        """Aborts; returns `reason`, or a worse error."""
        started = time.monotonic()
        try:
            self._client().abort_transaction(END_WITHIN)
        except (KafkaException, SystemError) as exception:
            return self._abandoned(f"aborting after: {reason}", _cause(exception))
        if time.monotonic() - started >= END_WITHIN:
            self._move(ProducerState.UNKNOWN)
            return OutcomeUnknown(f"{reason}; abort timed out")
        self._move(ProducerState.READY)
        return reason

    # ── State ─────────────────────────────────────────────────────────────────────────────────

    def _failure(self, doing: str, exception: KafkaException) -> SendflowError:
        return kafka_error(error_of(exception), f"{self.transactional_id}: {doing}")

    def _client(self) -> Producer:
        if self._producer is None:
            raise RuntimeError(f"{self.transactional_id}: the producer is closed")
        return self._producer

    def _require(self, state: ProducerState) -> None:
        if self.state is not state:
            raise RuntimeError(
                f"{self.transactional_id}: the producer is {self.state.value}, expected "
                f"{state.value}"
            )

    def _move(self, to: ProducerState) -> None:
        if to not in SUCCESSORS[self.state]:
            raise RuntimeError(
                f"{self.transactional_id}: invalid transition {self.state.value} -> {to.value}"
            )
        logger.debug("%s: %s -> %s", self.transactional_id, self.state.value, to.value)
        self.state = to


def _cause(exception: BaseException) -> KafkaException:
    """librdkafka's error. Its binding raises a fatal error and still calls back for deliveries,
    which Python reports as a SystemError with the fatal error as its cause."""
    found: BaseException | None = exception
    while found is not None:
        if isinstance(found, KafkaException):
            return found
        found = found.__cause__
    raise exception
