"""The records of `segment-changes` about one followed segment: its members at any moment, and its
size over time.

The topic forgets its oldest records. The rest is known all the same: a customer with a record left
was the opposite of the first one before, and one without is still what the state says.

    forgotten    │ kept                             before: ada in, bob out
    ada entered  │      ada left      bob entered   cyd: no record, so as now
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from streams.contracts.control import FactsRecord, decode_control
from streams.contracts.encode import SEGMENT_CHANGES
from streams.contracts.wire import Decode, Undecodable
from streams.engine import Instant, decode_state
from streams.engine.customer import members_fact
from streams.engine.values import DAY
from streams.kafka.topic_reader import TopicReader, TopicRecord
from streams.operations.customer_states import read_states
from streams.ports import CONTROL, DAY_FACTS_KEY
from streams.runtime.days import day_end_of, day_that_ends


class ToldChange(msgspec.Struct, frozen=True, gc=False):
    """A customer enters the segment (`is_member`) or leaves it."""

    at: Instant
    customer: str
    is_member: bool


class DaySize(msgspec.Struct, frozen=True):
    """The members at the end of a day (UTC), and how many entered and left on it; None: the records
    of the day are gone, and its size is that of the store facts."""

    day: str
    members: int
    entered: int | None
    left: int | None


class SegmentRecords(msgspec.Struct, frozen=True):
    """The records of one segment. `before`: members when the first of `changes` came, which are in
    order of time. All changes from `since` on are there; 0: all that ever were."""

    before: frozenset[str]
    changes: list[ToldChange]
    since: Instant

    def members_at(self, at: Instant) -> set[str]:
        """The members at a moment from `since` on: what happened at `at` included."""
        members = set(self.before)
        for change in self.changes:
            if change.at > at:
                break
            (members.add if change.is_member else members.discard)(change.customer)
        return members

    def days(self, until: Instant) -> Iterator[DaySize]:
        """Every day to that of `until`, from the first complete one or that of the first change."""
        size, changes = len(self.before), iter(self.changes)
        change = next(changes, None)
        if change is None and not self.since:
            return
        first = change.at if change is not None and not self.since else self.since
        midnight = first - first % DAY
        while midnight <= until:
            entered = left = 0
            is_whole = midnight >= self.since
            midnight += DAY
            while change is not None and change.at < midnight:
                entered, left = entered + change.is_member, left + (not change.is_member)
                change = next(changes, None)
            size += entered - left
            if is_whole:
                yield DaySize(day_that_ends(midnight), size, entered, left)


def read_segment(reader: TopicReader, segment: str, decode: Decode) -> SegmentRecords:
    """Reads the records of a segment, and the states where the topic has forgotten some. Raises
    Refused, Undecodable."""
    starts = reader.starts(reader.partition_ids(SEGMENT_CHANGES))
    forgetful = {number for (_, number), first in starts.items() if first > 0}
    # The states first: who enters or leaves meanwhile has a record that says so.
    members = told_members(read_states(reader), segment) if forgetful else set()
    return with_members(changes_in(reader.read(starts), segment, forgetful, decode), members)


def changes_in(
    records: Iterable[TopicRecord], segment: str, forgetful: set[int], decode: Decode
) -> SegmentRecords:
    """The records of a segment. `forgetful`: partitions whose first records are gone."""
    changes: list[ToldChange] = []
    since: dict[int, Instant] = {}  # of forgetful partitions, the first record that is left
    newest: dict[int, Instant] = {}
    for found in records:
        number = found.partition
        fields = _fields_in(found, decode)
        # A timer of the past, set by a late record, is told after what came before it.
        at = newest[number] = max(fields["at"], newest.get(number, 0))
        if number in forgetful:
            since.setdefault(number, at + 1)
        if fields["segment"] == segment:
            changes.append(ToldChange(at, fields["customer_id"], fields["change"] == "entered"))
    changes.sort(key=lambda change: change.at)
    before = {change.customer for change in _first_of_each(changes) if not change.is_member}
    return SegmentRecords(frozenset(before), changes, max(since.values(), default=0))


def _fields_in(found: TopicRecord, decode: Decode) -> dict[str, Any]:
    where = f"{found.topic}[{found.partition}]@{found.record.offset}"
    try:
        name, fields = decode(found.record.value or b"")
    except Undecodable as error:
        raise Undecodable(f"{where}: {error}") from error
    if name != "SegmentChange":
        raise Undecodable(f"{where} is a {name}, expected SegmentChange")
    return fields


def with_members(records: SegmentRecords, members: Iterable[str]) -> SegmentRecords:
    """`records` with the members of now, by their states, who have no record left."""
    told = {change.customer for change in records.changes}
    before = records.before | {customer for customer in members if customer not in told}
    return msgspec.structs.replace(records, before=frozenset(before))


def told_members(states: Iterable[tuple[bytes, bytes | None]], segment: str) -> set[str]:
    """The customers whose newest state says that the topic has them as members."""
    members: set[str] = set()
    for key, data in states:
        membership = None if data is None else decode_state(data).memberships.get(segment)
        is_told = membership is not None and membership.is_told
        (members.add if is_told else members.discard)(key.decode())
    return members


def sizes_by_facts(reader: TopicReader, segment: str) -> list[DaySize]:
    """The sizes of a segment in the store facts of each day, in order. Raises Refused."""
    return sizes_in(reader.read(reader.starts([(CONTROL, 0)])), segment)


def sizes_in(records: Iterable[TopicRecord], segment: str) -> list[DaySize]:
    """The sizes of a segment in records of `control`, by day."""
    sizes: dict[str, DaySize] = {}
    for found in records:
        if found.record.key != DAY_FACTS_KEY:
            continue
        facts = decode_control(found.record.value or b"")
        if isinstance(facts, FactsRecord):
            size = _size_in(facts.values, segment)
            if size is not None:
                sizes[facts.day] = DaySize(facts.day, size, None, None)
    return [sizes[day] for day in sorted(sizes, key=day_end_of)]


def _size_in(facts: Mapping[str, Any], segment: str) -> int | None:
    size = facts.get(members_fact(segment))
    return None if size is None else round(size)


def _first_of_each(changes: list[ToldChange]) -> Iterator[ToldChange]:
    known: set[str] = set()
    for change in changes:
        if change.customer not in known:
            known.add(change.customer)
            yield change
