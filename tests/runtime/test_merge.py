"""The merge of a task's inputs: feed, cut, choose."""

from streams.ports import Record
from streams.runtime.merge import Merge, plain_inputs
from streams.runtime.order import FIRST_TOPIC, LATE, START, order_key

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
    merge = Merge(plain_inputs(TOPICS, {}))
    merge.by_topic["carts"].feed([record(10, 0), record(20, 1)], 2, None)
    merge.by_topic["orders"].feed([record(10, 0), record(30, 1)], 2, None)
    merge.by_topic["control"].complete(100)
    assert merged(merge) == [("orders", 0), ("carts", 0), ("carts", 1)]
    # orders@30 must wait: a cart of 20 to 30 could still come
    assert merge.choose(0)[0].topic == "carts"


def test_an_empty_input_blocks_the_others_until_its_end_offset_proves_it_idle() -> None:
    """PITFALLS 23: one input empty since creation, one at its end after a restart."""
    merge = Merge(plain_inputs(TOPICS, {"carts": 7}))
    merge.by_topic["orders"].feed([record(10, 0)], 1, None)
    assert merged(merge) == []
    merge.by_topic["control"].set_end_offset(11, 0)
    assert merged(merge) == []
    merge.by_topic["carts"].set_end_offset(11, 7)
    assert merged(merge) == [("orders", 0)]


def test_an_end_offset_proves_nothing_before_everything_below_it_was_fed() -> None:
    """PITFALLS 24: a lagging input must be waited for."""
    merge = Merge(plain_inputs(TOPICS, {}))
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(50, 0)], 1, None)
    carts = merge.by_topic["carts"]
    carts.set_end_offset(60, 3)
    assert merged(merge) == []
    carts.feed([record(40, 0), record(45, 1)], 2, None)
    assert merged(merge) == [("carts", 0), ("carts", 1)]
    carts.feed([], 3, 3)  # the third was the marker of a transaction
    assert merged(merge) == [("orders", 0)]


def test_the_time_of_an_end_offset_is_exclusive() -> None:
    merge = Merge(plain_inputs(TOPICS, {}))
    merge.by_topic["control"].complete(100)
    merge.by_topic["carts"].feed([record(49, 0), record(50, 1)], 2, None)
    merge.by_topic["orders"].set_end_offset(50, 0)
    # an order of 50 could still come, and comes before a cart of 50
    assert merged(merge) == [("carts", 0)]


def test_a_topic_that_comes_later_doesnt_hold_back_records_of_the_same_time() -> None:
    merge = Merge(plain_inputs(TOPICS, {}))
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(50, 0)], 1, None)
    merge.by_topic["carts"].set_end_offset(50, 0)
    assert merged(merge) == [("orders", 0)]


def test_positions_are_of_what_was_processed_not_of_what_was_read_ahead() -> None:
    """PITFALLS 20, also when only one of several inputs moved."""
    merge = Merge(plain_inputs(TOPICS, {"orders": 5, "carts": 9}))
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(10, 5), record(20, 6)], 7, None)
    merge.by_topic["carts"].set_end_offset(15, 9)
    assert merged(merge) == [("orders", 5)]
    assert merge.positions() == {"control": 0, "orders": 6, "carts": 9}


def test_a_record_that_the_clock_has_passed_is_late_and_comes_next() -> None:
    merge = Merge(plain_inputs(TOPICS, {}))
    merge.by_topic["control"].complete(100)
    merge.by_topic["orders"].feed([record(30, 0)], 1, None)
    merge.by_topic["carts"].set_end_offset(60, 0)
    clock = order_key(50, START)
    first, at, _ = merge.choose(clock)
    assert (first.topic, at) == ("orders", order_key(50, LATE))


def test_time_that_runs_backwards_within_a_partition_is_late_too() -> None:
    """PITFALLS 21."""
    merge = Merge(plain_inputs(TOPICS, {}))
    for topic in ("control", "carts"):
        merge.by_topic[topic].complete(100)
    merge.by_topic["orders"].feed([record(30, 0), record(20, 1), record(40, 2)], 3, None)
    first, at, _ = merge.choose(0)
    assert at == order_key(30, FIRST_TOPIC + 1)
    first.pop()
    first, at, _ = merge.choose(at)
    assert (first.records[0].offset, at) == (1, order_key(31, LATE))


def test_what_was_processed_before_a_restart_is_not_taken_again() -> None:
    merge = Merge(plain_inputs(TOPICS, {"control": 2}))
    merge.by_topic["control"].feed([record(1, 0), record(2, 1), record(3, 2)], 3, 3)
    assert [one.offset for one in merge.by_topic["control"].records] == [2]


def test_buffered_bytes_return_to_zero() -> None:
    merge = Merge(plain_inputs(TOPICS, {}))
    orders = merge.by_topic["orders"]
    orders.feed([record(1, 0), record(2, 1)], 2, None)
    assert orders.buffered_bytes > 0
    orders.pop()
    orders.pop()
    assert orders.buffered_bytes == 0


def test_an_input_is_taken_in_order_of_offset() -> None:
    merge = Merge(plain_inputs(TOPICS, {}))
    merge.by_topic["control"].feed([record(10, 0), record(9, 1)], 2, 2)
    for topic in ("orders", "carts"):
        merge.by_topic[topic].complete(100)
    assert merged(merge) == [("control", 0), ("control", 1)]
