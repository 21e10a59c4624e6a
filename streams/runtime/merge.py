"""The inputs of a task, merged by record time, topic order, offset (DESIGN 5.2).

An input that has a record buffered is at that record's place. One that has none is at the place
of the earliest record that could still come: its `complete_before` and its topic. The earliest
place of all decides: if it's a record's, that record is next; if not, nothing can be done
beyond it yet. So a search is never judged before an order that is older but unread.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from streams.engine import BETWEEN_TASKS, Instant
from streams.ports import Record
from streams.runtime.order import FIRST_TOPIC, NEVER, Place, place, place_of_late
from streams.runtime.timers import FAR_FUTURE


class Input:
    """One topic's partition of a task: what is buffered, and how much is known about the rest."""

    __slots__ = (
        "asked_end",
        "asked_time",
        "blocking_since",
        "buffered_bytes",
        "complete_before",
        "is_between_tasks",
        "is_given_up",
        "next_offset",
        "order",
        "place",
        "position",
        "records",
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
        self.asked_time: Instant = 0
        self.asked_end: int | None = None
        """A cut that isn't reached yet: once `next_offset` is `asked_end`, all that was appended
        before `asked_time` is here."""
        self.blocking_since: Instant | None = None
        """Wall time since when nothing has come of it, neither a record nor an end."""
        self.is_given_up = False
        """`complete_before` is a guess: it couldn't be read to its end for too long."""
        self.place: Place = place(0, order)
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
        self._reach_cut()
        self.refresh()

    def pop(self) -> Record:
        """Takes the next record off; the caller processes it now."""
        record = self.records.popleft()
        self.buffered_bytes -= 100 + len(record.value or b"")
        self.position = record.offset + 1
        # refresh(), written out: this runs for every record.
        if self.records:
            self.place = self.records[0].time << 8 | self.order
        else:
            self.place = self.complete_before << 8 | self.order
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

    def refresh(self) -> None:
        """Sets `place` after a change."""
        if self.records:
            self.place = place(self.records[0].time, self.order)
            self.unblock()
        else:
            self.place = place(self.complete_before, self.order)

    def ask(self, time: Instant, end: int) -> None:
        """A cut: at wall time `time + clock_skew` the partition ended at `end`."""
        self.asked_time, self.asked_end = time, end
        self._reach_cut()
        self.refresh()

    def complete(self, before: Instant) -> None:
        """All records before `before` are known to be here."""
        if before > self.complete_before:
            self.complete_before = before
            self.unblock()
            self.refresh()

    def give_up(self, until: Instant) -> None:
        """Goes on as if all records before `until` were here; those that aren't will be late."""
        self.complete_before = until
        self.is_given_up = True
        self.refresh()

    def unblock(self) -> None:
        """Holds nothing up, as far as is known."""
        self.blocking_since = None
        self.is_given_up = False

    def tail_time(self) -> Instant:
        """Up to when this input is known, buffered records included."""
        return max(self.complete_before, self.records[-1].time if self.records else 0)

    def _reach_cut(self) -> None:
        if self.asked_end is not None and self.next_offset >= self.asked_end:
            self.asked_end = None
            self.complete(self.asked_time)


class SortedInput(Input):
    """`control` in simulated time. Whoever publishes gives the time, and a set that was published
    for later in the year lies in front of the facts of the days before:

    offset   0          1               2           3              position 4
             set, t=1   set, t=day 90   fact, day 0 fact, day 1    skipped  [1]
    """

    __slots__ = ("skipped",)

    def __init__(self, topic: str, order: int, position: int, skipped: Iterable[int]) -> None:
        super().__init__(topic, order, position)
        self.skipped = set(skipped)
        """Offsets before `position` that weren't processed yet."""

    @property
    def resume_at(self) -> int:
        """See Input.resume_at."""
        return min(self.skipped, default=self.position)

    def is_done(self, record: Record) -> bool:
        """See Input.is_done."""
        return record.offset < self.position and record.offset not in self.skipped

    def feed(self, records: Iterable[Record], next_offset: int, end: int | None) -> None:
        """See Input.feed; they are taken in order of time."""
        super().feed(records, next_offset, end)
        self.records = deque(sorted(self.records, key=lambda one: (one.time, one.offset)))
        self.refresh()

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


class HeldInput(SortedInput):
    """What tasks write for each other, in simulated time. The time of a record is the midnight
    after it was written. Up to there no task waits for another, and what has come so far is an
    accident; so nothing is let in before that midnight, when all tasks are known to have committed
    their day and the partition is known to its end.

      fed       o t=M1   o t=M1 │ o t=M2            the end as it was asked for at M1
                                ▼
      at M1     let in: ● ●                         empty or not, it holds nobody up in between

    Which of two tasks wrote first is an accident too: what is let in is taken in order of what it
    is, not of offsets.
    """

    __slots__ = ("held", "until")

    def __init__(self, topic: str, order: int, position: int, skipped: Iterable[int]) -> None:
        super().__init__(topic, order, position, skipped)
        self.held: deque[Record] = deque()
        """Fed and not let in. Not counted as buffered: pausing the partition wouldn't help."""
        self.until: Instant = 0
        """The newest midnight at which it was let in."""
        self.complete_before = FAR_FUTURE
        self.refresh()

    def feed(self, records: Iterable[Record], next_offset: int, end: int | None) -> None:
        """See Input.feed."""
        self.held += [record for record in records if not self.is_done(record)]
        Input.feed(self, (), next_offset, end)

    def _reach_cut(self) -> None:
        if self.asked_end is not None and self.next_offset >= self.asked_end:
            self.asked_end = None
            self.until = self.asked_time
            let_in = []
            while self.held and self.held[0].time <= self.until:
                let_in.append(self.held.popleft())
            let_in.sort(key=lambda one: (one.time, one.key or b"", one.value or b"", one.offset))
            self.records += let_in
            self.buffered_bytes += sum(100 + len(one.value or b"") for one in let_in)


class Merge:
    """All inputs of one task, in the order of their topics (SEMANTICS 5.3)."""

    def __init__(
        self,
        topics: Iterable[str],
        positions: Mapping[str, int],
        skipped: Mapping[str, Iterable[int]] = MappingProxyType({}),
        held: Collection[str] = (),
    ) -> None:
        """`skipped`: the topics of a SortedInput, with what was skipped of each; `held`: those of
        them that are a HeldInput."""

        def input_of(topic: str, order: int) -> Input:
            position = positions.get(topic, 0)
            if topic in held:
                return HeldInput(topic, order, position, skipped.get(topic, ()))
            if topic in skipped:
                return SortedInput(topic, order, position, skipped[topic])
            return Input(topic, order, position)

        self.inputs = [input_of(topic, order) for order, topic in enumerate(topics, FIRST_TOPIC)]
        self.by_topic = {one.topic: one for one in self.inputs}
        self._held = [one for one in self.inputs if isinstance(one, HeldInput)]

    def choose(self, clock: Place) -> tuple[Input, Place, Place]:
        """The input that comes first, its place, and the place of the one after it.

        If the first has no record, it's what the task waits for. If it has one, its records up to
        the second place may be taken one after the other. A record that is too late for its
        own place, because `clock` has passed it, is placed by `place_of_late`.
        """
        first = self.inputs[0]
        first_place = second_place = NEVER
        for one in self.inputs:
            at = one.place
            if at < clock and one.records:
                at = place_of_late(clock)
            if at < first_place:
                first, second_place, first_place = one, first_place, at
            elif at < second_place:
                second_place = at
        return first, first_place, second_place

    def count_anew(self) -> None:
        """How long inputs have held the task up counts from the next wait on."""
        for one in self.inputs:
            one.unblock()

    def beyond(self, wall: Instant) -> Input | None:
        """An input whose next record is dated after `wall`, other than by a task."""
        for one in self.inputs:
            if one.records and one.records[0].time > wall and not one.is_between_tasks:
                return one
        return None

    def not_let_in(self, midnight: Instant) -> list[HeldInput]:
        """Those of which it isn't known yet what came of it up to `midnight`."""
        return [one for one in self._held if one.until < midnight]

    def skipped(self) -> dict[str, list[int]]:
        """What was skipped, by topic."""
        return {
            one.topic: sorted(one.skipped)
            for one in self.inputs
            if isinstance(one, SortedInput) and one.skipped
        }

    def positions(self) -> dict[str, int]:
        """Next offset to process, by topic."""
        return {one.topic: one.position for one in self.inputs}
