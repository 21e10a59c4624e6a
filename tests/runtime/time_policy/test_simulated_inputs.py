"""The inputs of simulated time: `control` by time, and what is held until midnight."""

from collections.abc import Iterable

from streams.ports import Record
from streams.runtime.merge import Merge, plain_inputs
from streams.runtime.order import FIRST_TOPIC, time_of
from streams.runtime.time_policy.simulated_inputs import MidnightInput, SortedInput

ORDER = FIRST_TOPIC + 1


def record(time: int, offset: int) -> Record:
    return Record(time, offset, b"ada", b"value")


def control(position: int = 0, skipped: Iterable[int] = ()) -> SortedInput:
    return SortedInput("control", FIRST_TOPIC, position, skipped)


def held_from(position: int = 0, skipped: Iterable[int] = ()) -> MidnightInput:
    return MidnightInput("orders", ORDER, position, skipped)


# ── Control ───────────────────────────────────────────────────────────────────────────────────────


def test_it_is_taken_in_order_of_time() -> None:
    one = control()
    one.feed([record(1, 0), record(90, 1), record(10, 2)], 3, 3)
    one.feed([record(20, 4), record(20, 3)], 5, 5)
    assert [one.pop().offset for _ in range(5)] == [0, 2, 3, 4, 1]


def test_what_was_skipped_is_known_after_a_restart() -> None:
    records = [record(1, 0), record(90, 1), record(10, 2), record(80, 3), record(20, 4)]
    one = control()
    one.feed(records, 5, 5)
    taken = []
    while one.records:
        taken.append(one.pop().offset)
        one = control(one.position, one.skipped)
        one.feed(records, 5, 5)
    assert taken == [0, 2, 4, 3, 1]
    assert (one.position, one.skipped) == (5, set())


def test_it_is_read_again_from_the_first_that_was_skipped() -> None:
    one = control()
    one.feed([record(90, 0), record(10, 1)], 2, 2)
    assert one.pop().offset == 1
    assert (one.position, one.skipped, one.resume_at) == (2, {0}, 0)
    assert [one.is_done(record(0, offset)) for offset in (0, 1, 2)] == [False, True, False]


def test_what_is_put_back_comes_again() -> None:
    one = control()
    one.feed([record(90, 0), record(10, 1)], 2, 2)
    one.put_back(one.pop())
    assert [one.pop().offset for _ in range(2)] == [1, 0]


def test_it_holds_the_others_back_until_it_was_read_to_an_end() -> None:
    one = control()
    one.feed([record(1, 0)], 1, None)
    one.pop()
    assert time_of(one.order_key) == 0
    one.feed([], 1, 1)
    assert time_of(one.order_key) > 1 << 50


# ── What tasks write for each other ───────────────────────────────────────────────────────────────


def test_records_are_released_up_to_a_midnight_once_the_end_is_reached() -> None:
    held = held_from()
    held.feed([record(100, 0), record(100, 1)], 2, 2)
    held.set_end_offset(100, 4)  # offset 3 is a marker
    assert held.released_until == 0
    assert not held.records
    held.feed([record(100, 2), record(200, 4)], 5, 5)
    assert held.released_until == 100
    assert [one.offset for one in held.records] == [0, 1, 2]
    held.set_end_offset(200, 5)
    assert held.released_until == 200
    assert [one.offset for one in held.records] == [0, 1, 2, 4]


def test_unreleased_records_block_nothing_and_are_not_counted_as_buffered() -> None:
    held = held_from()
    others = plain_inputs(("control", "carts"), {})
    merge = Merge([others[0], held, others[1]])
    held.feed([record(100, 0)], 1, 1)
    for one in others:
        one.complete(500)
    first, at, _ = merge.choose(0)
    assert (first.topic, time_of(at)) == ("control", 500)
    assert held.buffered_bytes == 0
    held.set_end_offset(100, 1)
    assert merge.choose(0)[0] is held
    assert held.buffered_bytes > 0
    held.pop()
    assert (held.position, held.buffered_bytes) == (1, 0)


def test_released_records_are_in_an_order_that_no_race_decides() -> None:
    """Two tasks wrote it, and either may have been first: a restart in between changes nothing."""
    one = [Record(100, 0, b"ada", b"lamp"), Record(100, 1, b"ada", b"vase")]
    other = [Record(100, 0, b"ada", b"vase"), Record(100, 1, b"ada", b"lamp")]
    for records in (one, other):
        held = held_from()
        taken = []
        for _ in range(2):
            held.feed(records[held.resume_at :], 2, 2)
            held.set_end_offset(100, 2)
            taken.append(held.pop().value)
            held = held_from(held.position, held.skipped)
        assert taken == [b"lamp", b"vase"]
        assert (held.position, held.skipped, held.resume_at) == (2, set(), 2)


def test_what_was_processed_before_is_not_held_again() -> None:
    held = held_from(1)
    held.feed([record(100, 0), record(100, 1)], 2, 2)
    held.set_end_offset(100, 2)
    assert [one.offset for one in held.records] == [1]
