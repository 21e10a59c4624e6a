"""The inputs of a task, merged by record time, topic order, offset (DESIGN 5.2).

The order key of an input is that of its first buffered record or, without one, of the earliest
record that may still come: its `complete_before` and its topic. The smallest key decides: if it is
a record's, that record is next; if not, nothing beyond it can be processed yet. So a search is
never processed before an order that is older but unread.

    reading ──► complete up to a requested end ──► reading ...
       └── blocked (`blocking_since`) ── max_idle ──► skipped (`is_incomplete`): late from now on
"""

from collections import deque
from collections.abc import Iterable, Mapping

from streams.engine import BETWEEN_TASKS, Instant
from streams.ports import Record
from streams.runtime.order import FIRST_TOPIC, LAST_ORDER_KEY, OrderKey, late_order_key, order_key


class Input:
    """One input partition of a task: buffered records, and the time up to which it is complete."""

    __slots__ = (
        "blocking_since",
        "buffered_bytes",
        "complete_before",
        "is_between_tasks",
        "is_incomplete",
        "next_offset",
        "order",
        "order_key",
        "position",
        "records",
        "requested_at",
        "requested_end",
        "topic",
    )

    def __init__(self, topic: str, order: int, position: int) -> None:
        self.topic = topic
        self.order = order
        self.position = position
        """Next offset to process: the committed one, not the read-ahead (PITFALLS 20)."""
        self.next_offset = position
        """Next offset to be fed; past transaction markers once the end was reached."""
        self.records: deque[Record] = deque()
        self.buffered_bytes = 0
        self.complete_before: Instant = 0
        """Every record before this time has been fed."""
        self.requested_at: Instant = 0
        self.requested_end: int | None = None
        """The last requested end offset, if not reached yet: once `next_offset` is `requested_end`,
        all that was appended before `requested_at` has been fed."""
        self.blocking_since: Instant | None = None
        """Wall time since which neither a record nor an end has come."""
        self.is_incomplete = False
        """`complete_before` is assumed: the input was unreadable for too long."""
        self.order_key: OrderKey = order_key(0, order)
        self.is_between_tasks = topic in BETWEEN_TASKS
        """True for a topic that tasks write: ahead of the clock in simulated time."""

    def feed(self, records: Iterable[Record], next_offset: int, end: int | None) -> None:
        """Adds fetched records; `end`: end offset of the partition, if the fetch reached it."""
        for record in records:
            # After a restart, the processed part of `control` is fed too.
            if not self.is_done(record):
                self.records.append(record)
                self.buffered_bytes += 100 + len(record.value or b"")
        self.next_offset = max(self.next_offset, next_offset, end or 0)
        self._check_requested_end()
        self.refresh()

    def pop(self) -> Record:
        """Removes and returns the next record; the caller processes it."""
        record = self.records.popleft()
        self.buffered_bytes -= 100 + len(record.value or b"")
        self.position = record.offset + 1
        # refresh(), inlined: this runs for every record.
        if self.records:
            self.order_key = self.records[0].time << 8 | self.order
        else:
            self.order_key = self.complete_before << 8 | self.order
        return record

    @property
    def resume_at(self) -> int:
        """Offset from which to read after a restart."""
        return self.position

    def put_back(self, record: Record) -> None:
        """Reverts `pop`: the record wasn't processed and is next again."""
        self.records.appendleft(record)
        self.buffered_bytes += 100 + len(record.value or b"")
        self.position = record.offset
        self.refresh()

    def is_done(self, record: Record) -> bool:
        """True if the record was processed before the task was opened."""
        return record.offset < self.position

    def in_order(self, records: list[Record]) -> list[Record]:
        """Fetched records in processing order."""
        return records

    def refresh(self) -> None:
        """Updates `order_key` after a change."""
        if self.records:
            self.order_key = order_key(self.records[0].time, self.order)
            self.unblock()
        else:
            self.order_key = order_key(self.complete_before, self.order)

    def set_end_offset(self, time: Instant, end: int) -> None:
        """Sets a requested end offset: all records before `time` have smaller offsets."""
        self.requested_at, self.requested_end = time, end
        self._check_requested_end()
        self.refresh()

    def complete(self, before: Instant) -> None:
        """All records before `before` have been fed."""
        if before > self.complete_before:
            self.complete_before = before
            self.unblock()
            self.refresh()

    def skip_wait(self, until: Instant) -> None:
        """Assumes that all records before `until` have been fed; missing ones will be late."""
        self.complete_before = until
        self.is_incomplete = True
        self.refresh()

    def unblock(self) -> None:
        """Marks the input as not blocking."""
        self.blocking_since = None
        self.is_incomplete = False

    def tail_time(self) -> Instant:
        """Time up to which this input is complete, buffered records included."""
        return max(self.complete_before, self.records[-1].time if self.records else 0)

    def _check_requested_end(self) -> None:
        if self.requested_end is not None and self.next_offset >= self.requested_end:
            self.requested_end = None
            self.complete(self.requested_at)


def plain_inputs(topics: Iterable[str], positions: Mapping[str, int]) -> list[Input]:
    """One input per topic, in order; `positions`: next offsets, default 0."""
    return [
        Input(topic, order, positions.get(topic, 0))
        for order, topic in enumerate(topics, FIRST_TOPIC)
    ]


class Merge:
    """All inputs of one task, in the order of their topics (SEMANTICS 5.3)."""

    def __init__(self, inputs: Iterable[Input]) -> None:
        self.inputs = list(inputs)
        self.by_topic = {one.topic: one for one in self.inputs}

    def choose(self, clock: OrderKey) -> tuple[Input, OrderKey, OrderKey]:
        """The first input, its order key, and the order key of the second.

        If the first has no record, the task waits for it. If it has, its records up to the second
        key may be processed in a row. A record whose key `clock` has passed is late, and gets
        `late_order_key`.
        """
        first = self.inputs[0]
        first_key = second_key = LAST_ORDER_KEY
        for one in self.inputs:
            at = one.order_key
            if at < clock and one.records:
                at = late_order_key(clock)
            if at < first_key:
                first, second_key, first_key = one, first_key, at
            elif at < second_key:
                second_key = at
        return first, first_key, second_key

    def restart_waits(self) -> None:
        """Restarts the measurement of how long inputs block the task."""
        for one in self.inputs:
            one.unblock()

    def positions(self) -> dict[str, int]:
        """Next offset to process, by topic."""
        return {one.topic: one.position for one in self.inputs}
