"""The merge of a task's inputs: feed, cut, choose."""

from streams.ports import Record
from streams.runtime.merge import HeldInput, Merge, SortedInput
from streams.runtime.order import FIRST_TOPIC, LATE, START, place, time_of

TOPICS = ("control", "orders", "carts")


def record(time: int, offset: int) -> Record:
    return Record(time, offset, b"ada", b"value")


def merged(merge: Merge, clock: int = 0) -> list[tuple[str, int]]:
    """Takes all that may be taken: (topic, offset) in order."""
    order: list[tuple[str, int]] = []
    while True:
        first, at, _ = merge.choose(clock)
        if not first.records:
            return order
        clock = at
        order.append((first.topic, first.pop().offset))


def test_the_older_record_comes_first_and_the_order_of_topics_breaks_ties() -> None:
    merge = Merge(TOPICS, {})
    merge.by_topic["carts"].feed([record(10, 0), record(20, 1)], 2, None)
    merge.by_topic["orders"].feed([record(10, 0), record(30, 1)], 2, None)
    merge.by_topic["control"].complete(100)
    assert merged(merge) == [("orders", 0), ("carts", 0), ("carts", 1)]
    # orders@30 must wait: a cart of 20 to 30 could still come
    assert merge.choose(0)[0].topic == "carts"


def test_an_empty_input_holds_the_others_back_until_a_cut_has_proved_it_idle() -> None:
    """PITFALLS 23: one input empty since creation, one at its end after a restart."""
    merge = Merge(TOPICS, {"carts": 7})
    merge.by_topic["orders"].feed([record(10, 0)], 1, None)
    assert merged(merge) == []
    merge.by_topic["control"].ask(11, 0)
    assert merged(merge) == []
    merge.by_topic["carts"].ask(11, 7)
    assert merged(merge) == [("orders", 0)]


def test_a_cut_proves_nothing_before_everything_below_the_end_was_fed() -> None:
    """PITFALLS 24: a lagging input must be waited for."""
    merge = Merge(TOPICS, {})
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(50, 0)], 1, None)
    carts = merge.by_topic["carts"]
    carts.ask(60, 3)
    assert merged(merge) == []
    carts.feed([record(40, 0), record(45, 1)], 2, None)
    assert merged(merge) == [("carts", 0), ("carts", 1)]
    carts.feed([], 3, 3)  # the third was the marker of a transaction
    assert merged(merge) == [("orders", 0)]


def test_the_time_of_a_cut_is_exclusive() -> None:
    merge = Merge(TOPICS, {})
    merge.by_topic["control"].complete(100)
    merge.by_topic["carts"].feed([record(49, 0), record(50, 1)], 2, None)
    merge.by_topic["orders"].ask(50, 0)
    # an order of 50 could still come, and comes before a cart of 50
    assert merged(merge) == [("carts", 0)]


def test_a_topic_that_comes_later_doesnt_hold_back_records_of_the_same_time() -> None:
    merge = Merge(TOPICS, {})
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(50, 0)], 1, None)
    merge.by_topic["carts"].ask(50, 0)
    assert merged(merge) == [("orders", 0)]


def test_positions_are_of_what_was_processed_not_of_what_was_read_ahead() -> None:
    """PITFALLS 20, also when only one of several inputs moved."""
    merge = Merge(TOPICS, {"orders": 5, "carts": 9})
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(10, 5), record(20, 6)], 7, None)
    merge.by_topic["carts"].ask(15, 9)
    assert merged(merge) == [("orders", 5)]
    assert merge.positions() == {"control": 0, "orders": 6, "carts": 9}


def test_a_record_that_the_clock_has_passed_is_late_and_comes_next() -> None:
    merge = Merge(TOPICS, {})
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(30, 0)], 1, None)
    merge.by_topic["carts"].ask(60, 0)
    clock = place(50, START)
    first, at, _ = merge.choose(clock)
    assert (first.topic, at) == ("orders", place(50, LATE))


def test_time_that_runs_backwards_within_a_partition_is_late_too() -> None:
    """PITFALLS 21."""
    merge = Merge(TOPICS, {})
    for topic in ("control", "carts"):
        merge.by_topic[topic].complete(100)
    merge.by_topic["orders"].feed([record(30, 0), record(20, 1), record(40, 2)], 3, None)
    first, at, _ = merge.choose(0)
    assert at == place(30, FIRST_TOPIC + 1)
    first.pop()
    first, at, _ = merge.choose(at)
    assert (first.records[0].offset, at) == (1, place(31, LATE))


def test_what_was_processed_before_a_restart_is_not_taken_again() -> None:
    merge = Merge(TOPICS, {"control": 2})
    merge.by_topic["control"].feed([record(1, 0), record(2, 1), record(3, 2)], 3, 3)
    assert [one.offset for one in merge.by_topic["control"].records] == [2]


def test_buffered_bytes_return_to_zero() -> None:
    merge = Merge(TOPICS, {})
    orders = merge.by_topic["orders"]
    orders.feed([record(1, 0), record(2, 1)], 2, None)
    assert orders.buffered_bytes > 0
    orders.pop()
    orders.pop()
    assert orders.buffered_bytes == 0


# ── Control in simulated time ─────────────────────────────────────────────────────────────────────


def control_of(merge: Merge) -> SortedInput:
    control = merge.by_topic["control"]
    assert isinstance(control, SortedInput)
    return control


def test_control_of_simulated_time_is_taken_in_order_of_time() -> None:
    merge = Merge(TOPICS, {}, {"control": []})
    for topic in ("orders", "carts"):
        merge.by_topic[topic].complete(100)
    control = control_of(merge)
    control.feed([record(1, 0), record(90, 1), record(10, 2)], 3, 3)
    control.feed([record(20, 4), record(20, 3)], 5, 5)
    assert merged(merge) == [("control", offset) for offset in (0, 2, 3, 4, 1)]


def test_what_was_skipped_of_control_is_known_after_a_restart() -> None:
    records = [record(1, 0), record(90, 1), record(10, 2), record(80, 3), record(20, 4)]
    control = control_of(Merge(TOPICS, {}, {"control": []}))
    control.feed(records, 5, 5)
    taken = []
    while control.records:
        taken.append(control.pop().offset)
        merge = Merge(TOPICS, {"control": control.position}, {"control": control.skipped})
        assert merge.skipped().get("control", []) == sorted(control.skipped)
        control = control_of(merge)
        control.feed(records, 5, 5)
    assert taken == [0, 2, 4, 3, 1]
    assert (control.position, control.skipped) == (5, set())


def test_live_control_is_taken_in_order_of_offset() -> None:
    merge = Merge(TOPICS, {})
    assert merge.skipped() == {}
    merge.by_topic["control"].feed([record(10, 0), record(9, 1)], 2, 2)
    for topic in ("orders", "carts"):
        merge.by_topic[topic].complete(100)
    assert merged(merge) == [("control", 0), ("control", 1)]


# ── What tasks write for each other, in simulated time ──


def held_of(merge: Merge) -> HeldInput:
    held = merge.by_topic["orders"]
    assert isinstance(held, HeldInput)
    return held


def test_what_is_held_is_let_in_up_to_a_midnight_once_its_end_is_reached() -> None:
    merge = Merge(TOPICS, {}, held=["orders"])
    held = held_of(merge)
    held.feed([record(100, 0), record(100, 1)], 2, 2)
    assert merge.not_let_in(0) == []
    assert merge.not_let_in(100) == [held]
    held.ask(100, 4)  # offset 3 is a marker
    assert merge.not_let_in(100) == [held]
    assert not held.records
    held.feed([record(100, 2), record(200, 4)], 5, 5)
    assert merge.not_let_in(100) == []
    assert [one.offset for one in held.records] == [0, 1, 2]
    held.ask(200, 5)
    assert [one.offset for one in held.records] == [0, 1, 2, 4]
    assert merge.not_let_in(200) == []
    assert merge.not_let_in(201) == [held]


def test_what_is_held_holds_nobody_up_and_is_not_counted_as_buffered() -> None:
    merge = Merge(TOPICS, {}, held=["orders"])
    held = held_of(merge)
    held.feed([record(100, 0)], 1, 1)
    for topic in ("control", "carts"):
        merge.by_topic[topic].complete(500)
    first, at, _ = merge.choose(0)
    assert (first.topic, time_of(at)) == ("control", 500)
    assert held.buffered_bytes == 0
    held.ask(100, 1)
    assert merge.choose(0)[0] is held
    assert held.buffered_bytes > 0
    held.pop()
    assert (held.position, held.buffered_bytes) == (1, 0)


def test_what_is_let_in_is_taken_in_an_order_that_no_race_decides() -> None:
    """Two tasks wrote it, and either may have been first: a restart in between changes nothing."""
    one = [Record(100, 0, b"ada", b"lamp"), Record(100, 1, b"ada", b"vase")]
    other = [Record(100, 0, b"ada", b"vase"), Record(100, 1, b"ada", b"lamp")]
    for records in (one, other):
        held = held_of(Merge(TOPICS, {}, held=["orders"]))
        taken = []
        for _ in range(2):
            held.feed(records[held.resume_at :], 2, 2)
            held.ask(100, 2)
            taken.append(held.pop().value)
            merge = Merge(TOPICS, {"orders": held.position}, {"orders": held.skipped}, ["orders"])
            held = held_of(merge)
        assert taken == [b"lamp", b"vase"]
        assert (held.position, held.skipped, held.resume_at) == (2, set(), 2)


def test_what_was_processed_before_is_not_held_again() -> None:
    merge = Merge(TOPICS, {"orders": 1}, held=["orders"])
    held = held_of(merge)
    held.feed([record(100, 0), record(100, 1)], 2, 2)
    held.ask(100, 2)
    assert [one.offset for one in held.records] == [1]
