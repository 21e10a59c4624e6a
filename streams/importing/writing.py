"""Writes events to the input topics: as history that triggers nothing, live, or as a past in
simulated time with ticks (DESIGN 5.7)."""

from collections.abc import Callable
from functools import lru_cache

from streams.contracts.imported import HISTORY_HEADERS
from streams.engine import BETWEEN_TASKS, INPUTS, Instant
from streams.engine.values import DAY
from streams.errors import Refused
from streams.importing.encoding import EventRecord
from streams.kafka.event_producer import tick_record
from streams.kafka.partition import partition_of
from streams.ports import OutputRecord

TICK_INTERVAL = DAY
TICK_EVENTS = 2_000
"""A round of ticks follows after this simulated time or this number of events: often enough that no
task waits long for an idle input, rarely enough that ticks are a few percent of all records."""


Produce = Callable[[OutputRecord], None]
"""Writes a record (EventProducer.produce)."""


def write_history(event: EventRecord, produce: Produce) -> None:
    """Writes an event now, marked as history: it changes state and triggers nothing (SEMANTICS
    8.10)."""
    produce(OutputRecord(event.topic, event.key.encode(), event.value, headers=[*HISTORY_HEADERS]))


def write_live(event: EventRecord, produce: Produce) -> None:
    """Writes an event now; its record time is the broker's."""
    produce(OutputRecord(event.topic, event.key.encode(), event.value))


class PastWriter:
    """Writes a history as one stream in time order: the record time is `occurred_at`.

    events       o  o    c o     s   o        c
    ticks       |       |            |            |end
                a partition without a record since the last round gets a tick (our punctuation),
                so that the watermark of every input advances
    """

    def __init__(self, produce: Produce, partitions: int) -> None:
        self.ticks = 0
        self.last_at: Instant | None = None
        """Time of the newest event; None before the first."""
        self._produce = produce
        self._partition_of = lru_cache(maxsize=100_000)(
            lambda key: partition_of(key.encode(), partitions)
        )
        topics = [topic for topic in INPUTS if topic not in BETWEEN_TASKS]
        self._everywhere = [(topic, number) for number in range(partitions) for topic in topics]
        self._written_to: set[tuple[str, int]] = set()
        self._round_at: Instant = 0
        self._since_round = 0

    def write(self, event: EventRecord) -> None:
        """Writes one event. Raises Refused if it is older than the previous one."""
        at = event.occurred_at
        if self.last_at is None:
            self.tick(at)  # all tasks start on the same day (runtime/days.py)
        elif at < self.last_at:
            raise Refused(
                f"event of {event.key} is at {at}, before the previous event ({self.last_at}); "
                "events must be in time order"
            )
        self.last_at = at
        if at - self._round_at >= TICK_INTERVAL or self._since_round >= TICK_EVENTS:
            self.tick(at)
        topic, key = event.topic, event.key
        partition = self._partition_of(key)
        self._produce(OutputRecord(topic, key.encode(), event.value, partition, None, at))
        self._written_to.add((topic, partition))
        self._since_round += 1

    def tick(self, at: Instant) -> None:
        """Writes a tick to every partition without a record since the last round: no record
        before `at` follows."""
        for topic, partition in self._everywhere:
            if (topic, partition) not in self._written_to:
                self._produce(tick_record(topic, partition, at))
                self.ticks += 1
        self._written_to.clear()
        self._round_at = at
        self._since_round = 0

    def end(self, until: Instant) -> None:
        """Ends the history: timers due before `until` fire, and no earlier event may follow."""
        self._written_to.clear()
        self.tick(until)
