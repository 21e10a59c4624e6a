"""The inputs of a task, merged by record time, topic order, offset (DESIGN 5.2).

An input that has a record buffered is at that record's place. One that has none is at the place
of the earliest record that could still come: its `complete_before` and its topic. The earliest
place of all decides: if it's a record's, that record is next; if not, nothing can be done
beyond it yet. So a search is never judged before an order that is older but unread.
"""

from collections import deque
from collections.abc import Iterable, Mapping

from streams.engine import BETWEEN_TASKS, Instant
from streams.ports import Record
from streams.runtime.order import FIRST_TOPIC, LAST_ORDER_KEY, OrderKey, late_order_key, order_key


class Input:
    """One topic's partition of a task: what is buffered, and how much is known about the rest."""

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
        """Next offset to process: what is committed, not the read-ahead (PITFALLS 20)."""
        self.next_offset = position
        """Next offset to be fed; past the markers of transactions once the end was reached."""
        self.records: deque[Record] = deque()
        self.buffered_bytes = 0
        self.complete_before: Instant = 0
        """Every record with a time before this is here or was processed."""
        self.requested_at: Instant = 0
        self.requested_end: int | None = None
        """The last requested end offset, if not reached yet: once `next_offset` is `requested_end`,
        all that was appended before `requested_at` is here."""
        self.blocking_since: Instant | None = None
        """Wall time since when nothing has come of it, neither a record nor an end."""
        self.is_incomplete = False
        """`complete_before` is a guess: it couldn't be read to its end for too long."""
        self.order_key: OrderKey = order_key(0, order)
        self.is_between_tasks = topic in BETWEEN_TASKS
        """Tasks write it themselves, ahead of the clock where time is simulated."""

    def feed(self, records: Iterable[Record], next_offset: int, end: int | None) -> None:
        """Adds fetched records; `end` is the end of the partition if the fetch reached it."""
        for record in records:
            # After a restart, the part of `control` that was processed is fed too.
            if not self.is_done(record):
                self.records.append(record)
                self.buffered_bytes += 100 + len(record.value or b"")
        self.next_offset = max(self.next_offset, next_offset, end or 0)
        self._check_requested_end()
        self.refresh()

    def pop(self) -> Record:
        """Takes the next record off; the caller processes it now."""
        record = self.records.popleft()
        self.buffered_bytes -= 100 + len(record.value or b"")
        self.position = record.offset + 1
        # refresh(), written out: this runs for every record.
        if self.records:
            self.order_key = self.records[0].time << 8 | self.order
        else:
            self.order_key = self.complete_before << 8 | self.order
        return record

    @property
    def resume_at(self) -> int:
        """The offset from which it must be read again after a restart."""
        return self.position

    def put_back(self, record: Record) -> None:
        """The end of `pop`: it wasn't processed after all, and is the next again."""
        self.records.appendleft(record)
        self.buffered_bytes += 100 + len(record.value or b"")
        self.position = record.offset
        self.refresh()

    def is_done(self, record: Record) -> bool:
        """Was it processed before the task was opened?"""
        return record.offset < self.position

    def in_order(self, records: list[Record]) -> list[Record]:
        """Fetched records in the order in which they are taken."""
        return records

    def refresh(self) -> None:
        """Sets `place` after a change."""
        if self.records:
            self.order_key = order_key(self.records[0].time, self.order)
            self.unblock()
        else:
            self.order_key = order_key(self.complete_before, self.order)

    def set_end_offset(self, time: Instant, end: int) -> None:
        """A cut: at wall time `time + clock_skew` the partition ended at `end`."""
        self.requested_at, self.requested_end = time, end
        self._check_requested_end()
        self.refresh()

    def complete(self, before: Instant) -> None:
        """All records before `before` are known to be here."""
        if before > self.complete_before:
            self.complete_before = before
            self.unblock()
            self.refresh()

    def skip_wait(self, until: Instant) -> None:
        """Goes on as if all records before `until` were here; those that aren't will be late."""
        self.complete_before = until
        self.is_incomplete = True
        self.refresh()

    def unblock(self) -> None:
        """Holds nothing up, as far as is known."""
        self.blocking_since = None
        self.is_incomplete = False

    def tail_time(self) -> Instant:
        """Up to when this input is known, buffered records included."""
        return max(self.complete_before, self.records[-1].time if self.records else 0)

    def _check_requested_end(self) -> None:
        if self.requested_end is not None and self.next_offset >= self.requested_end:
            self.requested_end = None
            self.complete(self.requested_at)


def plain_inputs(topics: Iterable[str], positions: Mapping[str, int]) -> list[Input]:
    """An input for each topic, in their order; `positions` holds their next offsets, if not 0."""
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
        """The input that comes first, its place, and the place of the one after it.

        If the first has no record, it's what the task waits for. If it has one, its records up to
        the second place may be taken one after the other. A record that is too late for its
        own place, because `clock` has passed it, is placed by `late_order_key`.
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
        """How long inputs have held the task up counts from the next wait on."""
        for one in self.inputs:
            one.unblock()

    def positions(self) -> dict[str, int]:
        """Next offset to process, by topic."""
        return {one.topic: one.position for one in self.inputs}
