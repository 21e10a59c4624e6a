"""Members of the past and sizes over time, from the records of a followed segment."""

from collections.abc import Iterable

import pytest

from streams.contracts.control import fact_record
from streams.contracts.encode import SEGMENT_CHANGES, EffectEncoder
from streams.contracts.wire import Undecodable, decode_any
from streams.engine import SegmentChange
from streams.engine.effects import MembershipChange, SegmentCause
from streams.kafka.topic_reader import TopicRecord
from streams.operations.segment_records import (
    DaySize,
    SegmentRecords,
    changes_in,
    sizes_in,
    with_members,
)
from streams.ports import CONTROL, Record
from streams.runtime.day_facts import DayFact
from tests.harness.local_shop import BEGIN, DAY, HOUR

NOON = BEGIN + 12 * HOUR
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")


def record(at: int, customer: str, change: str, segment: str = "loyal") -> bytes:
    told = SegmentChange(
        customer, segment, "v", MembershipChange(change), at, SegmentCause.EVENT, None
    )
    (encoded,) = EffectEncoder().segment_changes([told])
    assert encoded.value is not None
    return encoded.value


def read(*values: tuple[int, bytes], forgetful: Iterable[int] = ()) -> SegmentRecords:
    """`values`: partition and record."""
    records = [
        TopicRecord(SEGMENT_CHANGES, number, Record(0, offset, b"", value))
        for offset, (number, value) in enumerate(values)
    ]
    return changes_in(records, "loyal", set(forgetful), decode_any)


def test_members_at_a_moment_include_who_entered_in_it() -> None:
    found = read((0, record(NOON, "ada", "entered")), (0, record(NOON + 5, "ada", "left")))
    assert found.members_at(NOON - 1) == set()
    assert found.members_at(NOON) == found.members_at(NOON + 4) == {"ada"}
    assert found.members_at(NOON + 5) == set()


def test_changes_of_all_partitions_are_in_order_of_time_and_of_other_segments_left_out() -> None:
    found = read(
        (0, record(NOON + 9, "ada", "entered")),
        (1, record(NOON, "bob", "entered")),
        (1, record(NOON, "bob", "entered", "other")),
    )
    assert [change.customer for change in found.changes] == ["bob", "ada"]
    assert (found.before, found.since) == (frozenset(), 0)


def test_a_timer_of_the_past_comes_after_what_was_told_before_it() -> None:
    found = read((0, record(NOON, "ada", "entered")), (0, record(NOON - 5, "ada", "left")))
    assert found.members_at(NOON) == set()
    assert found.before == frozenset()


def test_who_leaves_first_was_a_member_before_and_so_is_who_has_no_record_left() -> None:
    found = with_members(
        read(
            (0, record(NOON, "ada", "left")),
            (1, record(NOON + DAY, "bob", "entered")),
            forgetful=[0],
        ),
        ["bob", "cyd"],
    )
    assert found.since == NOON + 1
    assert found.members_at(found.since) == {"cyd"}
    assert found.members_at(NOON + DAY) == {"bob", "cyd"}
    assert found.before == {"ada", "cyd"}


def test_sizes_are_those_at_the_ends_of_days() -> None:
    found = read(
        (0, record(NOON, "ada", "entered")),
        (0, record(NOON + 1, "bob", "entered")),
        (0, record(BEGIN + DAY, "ada", "left")),  # at midnight: the day that begins
    )
    assert list(found.days(NOON + 2 * DAY)) == [
        DaySize(DAYS[0], 2, 2, 0),
        DaySize(DAYS[1], 1, 0, 1),
        DaySize(DAYS[2], 1, 0, 0),
    ]
    assert list(read().days(NOON)) == []


def test_the_first_day_that_is_not_whole_is_left_out() -> None:
    kept = read(
        (0, record(NOON, "ada", "left")),
        (0, record(NOON + DAY, "bob", "entered")),
        forgetful=[0],
    )
    found = with_members(kept, ["cyd", "bob"])
    assert list(found.days(NOON + DAY)) == [DaySize(DAYS[1], 2, 1, 0)]


def test_days_that_the_topic_has_forgotten_have_the_sizes_of_the_facts() -> None:
    facts = [
        DayFact(BEGIN + DAY, 1, {"buyers": 5.0, "segments.loyal.members": 3.0}),
        DayFact(BEGIN + 2 * DAY, 1, {"segments.other.members": 9.0}),
        DayFact(BEGIN + 3 * DAY, 1, {"segments.loyal.members": 4.0}),
    ]
    records = [
        TopicRecord(CONTROL, 0, Record(0, offset, one.key, one.value))
        for offset, one in enumerate(map(fact_record, facts))
    ]
    assert sizes_in(records, "loyal") == [
        DaySize(DAYS[0], 3, None, None),
        DaySize(DAYS[2], 4, None, None),
    ]


def test_another_record_on_the_topic_is_named() -> None:
    with pytest.raises(Undecodable, match=r"segment-changes\[0\]@0"):
        read((0, b"\x01"))
