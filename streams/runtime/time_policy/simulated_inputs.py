"""Inputs of simulated time: `control` in order of time, and topics between tasks, buffered until
midnight."""

from collections import deque
from collections.abc import Iterable

from streams.engine import Instant
from streams.ports import Record
from streams.runtime.merge import Input
from streams.runtime.timers import FAR_FUTURE


class SortedInput(Input):
    """`control` in simulated time, in order of time. The publisher sets the time of a set, so a set
    published for later in the year precedes the facts of earlier days:

    offset   0          1               2           3              position 4
             set, t=1   set, t=day 90   fact, day 0 fact, day 1    skipped  [1]
    """

    __slots__ = ("skipped",)

    def __init__(self, topic: str, order: int, position: int, skipped: Iterable[int]) -> None:
        super().__init__(topic, order, position)
        self.skipped = set(skipped)
        """Unprocessed offsets before `position`."""

    @property
    def resume_at(self) -> int:
        """See Input.resume_at."""
        return min(self.skipped, default=self.position)

    def is_done(self, record: Record) -> bool:
        """See Input.is_done."""
        return record.offset < self.position and record.offset not in self.skipped

    def feed(self, records: Iterable[Record], next_offset: int, end: int | None) -> None:
        """See Input.feed; sorts by time. `control` has no ticks: it blocks the others only until it
        has been read to an end."""
        super().feed(records, next_offset, end)
        self.records = deque(self.in_order(list(self.records)))
        self.refresh()
        if end is not None:
            self.complete(FAR_FUTURE)

    def in_order(self, records: list[Record]) -> list[Record]:
        """See Input.in_order: by time."""
        return sorted(records, key=lambda one: (one.time, one.offset))

    def pop(self) -> Record:
        """See Input.pop."""
        position, record = self.position, super().pop()
        self.skipped.discard(record.offset)
        if record.offset < position:
            self.position = position
        else:
            self.skipped.update(
                one.offset for one in self.records if position <= one.offset < record.offset
            )
        return record

    def put_back(self, record: Record) -> None:
        """See Input.put_back."""
        position = self.position
        super().put_back(record)
        self.position = position
        self.skipped.add(record.offset)


class MidnightInput(SortedInput):
    """A topic between tasks, in simulated time. The time of a record is the midnight after it was
    written. Before it no task waits for another, so the records fed so far are arbitrary; none is
    released before that midnight, when all tasks have committed their day and the partition has
    been fed up to its end.

      fed       o t=M1   o t=M1 │ o t=M2            │ end offset requested at M1
                                ▼
      at M1     released: ● ●                       in between, the input blocks nothing

    The order in which tasks wrote is arbitrary too: released records are sorted by time, key and
    value before offset.
    """

    __slots__ = ("released_until", "unreleased")

    def __init__(self, topic: str, order: int, position: int, skipped: Iterable[int]) -> None:
        super().__init__(topic, order, position, skipped)
        self.unreleased: deque[Record] = deque()
        """Fed, not released. Not counted as buffered: pausing the partition wouldn't help."""
        self.released_until: Instant = 0
        """The newest midnight up to which records were released."""
        self.complete_before = FAR_FUTURE
        self.refresh()

    def feed(self, records: Iterable[Record], next_offset: int, end: int | None) -> None:
        """See Input.feed."""
        self.unreleased += [record for record in records if not self.is_done(record)]
        Input.feed(self, (), next_offset, end)

    def _check_requested_end(self) -> None:
        if self.requested_end is not None and self.next_offset >= self.requested_end:
            self.requested_end = None
            self.released_until = self.requested_at
            released = []
            while self.unreleased and self.unreleased[0].time <= self.released_until:
                released.append(self.unreleased.popleft())
            released.sort(key=lambda one: (one.time, one.key or b"", one.value or b"", one.offset))
            self.records += released
            self.buffered_bytes += sum(100 + len(one.value or b"") for one in released)
