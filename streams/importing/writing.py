"""Events as records of the input topics: live, or as a past with ticks (DESIGN 5.7)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from streams.engine import INPUTS, Instant, topic_of
from streams.errors import Refused
from streams.kafka.event_producer import tick_record
from streams.kafka.partition import partition_of
from streams.ports import OutputRecord

Event = dict[str, Any]
Encode = Callable[[str, Event], bytes]
"""The metric's name and its event's fields to the bytes of a record (contracts.encode_event)."""

TICK_INTERVAL: Instant = 24 * 3_600_000
TICK_EVENTS = 2_000
"""A round of ticks at the latest after so much simulated time, and after so many events: so often
that no task waits long for an input that rests, so seldom that ticks are a few in a hundred."""


class Produce(Protocol):
    """Where records go (EventProducer.produce)."""

    def __call__(self, record: OutputRecord) -> None: ...


class LiveWriter:
    """Appends events as they come; their record time is the broker's."""

    def __init__(self, produce: Produce, encode: Encode) -> None:
        self._produce = produce
        self._encode = encode

    def write(self, event: Event) -> None:
        """Writes one event (fields of DESIGN section 7, and its `metric`)."""
        self._produce(_record(event, self._encode, None, None))


class PastWriter:
    """Writes a past as one stream in order of time: the record time is `occurred_at`.

    events      o  o    c o     s   o        c
    ticks              |            |            |end
               a partition that had no record since the last round gets a tick, so that every
               input tells all the time how far it has come
    """

    def __init__(self, produce: Produce, encode: Encode, partitions: int) -> None:
        self.ticks = 0
        self.last_at: Instant | None = None
        """Of the newest event; None before the first."""
        self._produce = produce
        self._encode = encode
        self._partition_of = lru_cache(maxsize=100_000)(
            lambda customer: partition_of(customer.encode(), partitions)
        )
        self._everywhere = [(topic, number) for number in range(partitions) for topic in INPUTS]
        self._heard_of: set[tuple[str, int]] = set()
        self._round_at: Instant = 0
        self._since_round = 0

    def write(self, event: Event) -> None:
        """Writes one event (fields of DESIGN section 7, and its `metric`), not older than the one
        before it. Raises Refused otherwise."""
        at = event["occurred_at"]
        if self.last_at is None:
            self._round_at = at
        elif at < self.last_at:
            raise Refused(
                f"event {event['event_id']} happened at {at}, before the one in front of it "
                f"({self.last_at}); a past is written in order of time"
            )
        self.last_at = at
        if at - self._round_at >= TICK_INTERVAL or self._since_round >= TICK_EVENTS:
            self.tick(at)
        partition = self._partition_of(event["customer_id"])
        record = _record(event, self._encode, partition, at)
        self._produce(record)
        self._heard_of.add((record.topic, partition))
        self._since_round += 1

    def tick(self, at: Instant) -> None:
        """Tells every partition that nothing before `at` will follow."""
        for topic, partition in self._everywhere:
            if (topic, partition) not in self._heard_of:
                self._produce(tick_record(topic, partition, at))
                self.ticks += 1
        self._heard_of.clear()
        self._round_at = at
        self._since_round = 0

    def end(self, until: Instant) -> None:
        """The end of the past: timers that are due before `until` fire, nothing before it may
        follow."""
        self._heard_of.clear()
        self.tick(until)


def _record(
    event: Event, encode: Encode, partition: int | None, at: Instant | None
) -> OutputRecord:
    metric = event["metric"]
    key = event["customer_id"].encode()
    return OutputRecord(topic_of(metric), key, encode(metric, event), partition, None, at)
