"""The transactions of one task: begun lazily, ended within a bound, or given up.

              open                 begin
    NEW ────────────────► READY ◄──────────► OPEN
     │                      │     commit,      │
     │ open fails           │     abort        │ end not confirmed, or fatal
     │                      │                  ▼
     │                      │ begin fails   UNKNOWN
     │                      ├─────────────────►│
     │                      │ close            │ close
     └─────────────────► CLOSED ◄──────────────┘

librdkafka sends an EndTxn that wasn't answered again by itself, over a new connection, and lacks
the epoch of KIP-890 by which a broker tells the copies apart: the first copy, arriving late, could
end a *later* transaction (KAFKA-17754, PITFALLS 1 and 10). It waits RETRY_AFTER_MS ± 20 % before it
does so. So an end that takes END_WITHIN counts as unknown even if it was confirmed in the end, and
from UNKNOWN the only way is to CLOSED.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any

import msgspec
from confluent_kafka import KafkaException, Message, Producer

from streams.errors import Aborted, Fenced, OutcomeUnknown, Refused, SendflowError
from streams.kafka.failures import error_of, failure
from streams.kafka.options import MAX_RECORD_BYTES, RETRY_AFTER_MS, Options
from streams.ports import OutputRecord

logger = logging.getLogger(__name__)

END_WITHIN = 0.75 * RETRY_AFTER_MS / 1000
"""Seconds in which the end of a transaction must be confirmed, so that it was sent once."""

ANY = -1
"""In a route: the partition that murmur2 of the key names."""

_ROOM_FOR_FRAME = 512  # what Kafka's format adds to a record, and its batch
_QUEUE_POLL = 0.02  # seconds


class ProducerState(Enum):
    """Where a producer stands; the drawing is above."""

    NEW = "new"
    READY = "ready"  # no transaction
    OPEN = "open"  # in a transaction
    UNKNOWN = "unknown"  # what became of the last transaction isn't known
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
    """Where records of a logical topic go: its name on the brokers, and the task's partition of it
    (ANY where its partitions aren't those of the inputs)."""

    topic: str
    partition: int


class TransactionalProducer:
    """One task's producer. Every call blocks, within a bound: none belongs on the event loop."""

    def __init__(
        self, options: Options, routes: Mapping[str, Route], changelog: str = "customers-changelog"
    ) -> None:
        """`routes`: logical topic -> where its records go; `changelog`: the logical name of the
        topic whose next offset `commit` returns."""
        self.transactional_id: str = options["transactional.id"]
        self.state = ProducerState.NEW
        self._routes = {name: (route.topic, route.partition) for name, route in routes.items()}
        self._changelog = changelog
        self._delivered: int | None = None
        self._producer: Producer | None = Producer({**options, "logger": logger})

    def open(self, timeout: float) -> None:
        """Fences every older producer of this task and ends its transaction; then, and only then,
        is the end of the changelog final (DESIGN 4.1). `timeout` in seconds.

        Raises Fenced, Refused, or OutcomeUnknown where nobody answered in time: the producer is
        closed then, and a new one may be tried."""
        self._require(ProducerState.NEW)
        try:
            self._client().init_transactions(timeout)
        except KafkaException as exception:
            self.close()
            raise self._failure("opening", exception) from exception
        self._move(ProducerState.READY)

    def commit(self, records: Sequence[OutputRecord], timeout: float) -> int:
        """One transaction with all `records`, in their order; returns the offset of the changelog
        that follows its last record among them. `timeout`: seconds for everything before the end
        of the transaction, which has END_WITHIN.

            1. sizes    Refused: nothing was begun, the producer stays READY
            2. begin, produce, flush
                        Aborted: ended without a trace, READY for the same records again; Refused:
                        likewise, but they would fail again
            3. end      OutcomeUnknown: it may be committed, the producer is of no use any more
            2. and 3.   Fenced: another worker owns the task
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
        except KafkaException as exception:
            raise self._given_up("producing", exception) from exception
        self._end()
        if self._delivered is None:
            raise AssertionError("a transaction was committed without a report of its changelog")
        return self._delivered + 1

    def close(self) -> None:
        """Lets go of the client. A transaction that is open is left to the next `open` of this
        task, or to the brokers: aborting could end one that isn't ours any more."""
        if self.state is ProducerState.CLOSED:
            return
        if self.state is ProducerState.OPEN:
            self._move(ProducerState.UNKNOWN)
        self._move(ProducerState.CLOSED)
        # Not Producer.close(): that aborts, of its own accord, whatever isn't finished.
        self._producer = None

    # ── Before the transaction ────────────────────────────────────────────────────────────────

    def _last_of_changelog(self, records: Sequence[OutputRecord]) -> int:
        for index in range(len(records) - 1, -1, -1):
            if records[index].topic == self._changelog:
                return index
        raise ValueError("a transaction of a task holds at least its position record")

    def _check_sizes(self, records: Sequence[OutputRecord]) -> None:
        """PITFALLS 19: found before the transaction, or it would be aborted for ever."""
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
        self._delivered = None
        self._produce_in_order(records[:last], deadline)
        # The only report that is asked for: a record that fails makes the whole transaction fail.
        self._produce_in_order(records[last : last + 1], deadline, on_delivery=self._on_delivery)
        self._produce_in_order(records[last + 1 :], deadline)

    def _produce_in_order(
        self, records: Sequence[OutputRecord], deadline: float, **reporting: Any
    ) -> None:
        """Where the queue is full, waits and goes on with the same record (PITFALLS 18)."""
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
                    raise self._aborted(
                        Aborted(f"{self.transactional_id}: producing: the queue stays full")
                    ) from None
                client.poll(_QUEUE_POLL)

    def _on_delivery(self, error: object, message: Message) -> None:
        """Reports of purged records come after an abort and are no failures (PITFALLS 16); those
        of failed ones aren't needed: the end of the transaction fails with their reason."""
        if error is None:
            self._delivered = message.offset()

    def _flush(self, deadline: float) -> None:
        left = self._client().flush(max(0.0, deadline - time.monotonic()))
        if left:
            raise self._aborted(
                Aborted(f"{self.transactional_id}: producing: {left} records weren't taken in time")
            )

    # ── The end ───────────────────────────────────────────────────────────────────────────────

    def _end(self) -> None:
        started = time.monotonic()
        try:
            self._client().commit_transaction(END_WITHIN)
        except KafkaException as exception:
            raise self._given_up("committing", exception) from exception
        took = time.monotonic() - started
        if took >= END_WITHIN:
            self._move(ProducerState.UNKNOWN)
            raise OutcomeUnknown(
                f"{self.transactional_id}: committing took {took:.1f} s, so the request may be on "
                "its way a second time"
            )
        self._move(ProducerState.READY)

    def _given_up(self, doing: str, exception: KafkaException) -> SendflowError:
        """What to raise after librdkafka refused something. Aborts if, and only if, it says that
        the transaction wants to be aborted: then no end of it is under way."""
        reason = self._failure(doing, exception)
        error = error_of(exception)
        if error.txn_requires_abort() and not error.fatal():
            return self._aborted(reason)
        self._move(ProducerState.UNKNOWN)
        if isinstance(reason, Fenced | Refused):
            return reason
        return OutcomeUnknown(str(reason))

    def _aborted(self, reason: SendflowError) -> SendflowError:
        """Aborts; returns `reason`, or what is worse."""
        started = time.monotonic()
        try:
            self._client().abort_transaction(END_WITHIN)
        except KafkaException as exception:
            self._move(ProducerState.UNKNOWN)
            failed = self._failure(f"aborting after {reason}", exception)
            return failed if isinstance(failed, Fenced) else OutcomeUnknown(str(failed))
        if time.monotonic() - started >= END_WITHIN:
            self._move(ProducerState.UNKNOWN)
            return OutcomeUnknown(f"{reason}; and aborting took too long")
        self._move(ProducerState.READY)
        return reason

    # ── State ─────────────────────────────────────────────────────────────────────────────────

    def _failure(self, doing: str, exception: KafkaException) -> SendflowError:
        return failure(error_of(exception), f"{self.transactional_id}: {doing}")

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
                f"{self.transactional_id}: there is no way from {self.state.value} to {to.value}"
            )
        logger.debug("%s: %s -> %s", self.transactional_id, self.state.value, to.value)
        self.state = to
