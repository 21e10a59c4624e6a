"""What a task knows of codes: each is given once, whatever is loaded twice or thrown away."""

from collections import Counter

import msgspec

from streams.engine.values.codes import code_of, number_of, number_of_codes
from streams.ports import CouponCode, MovedCodes, StoreBatch
from streams.runtime.coupon_book import (
    POOL,
    CouponBook,
    PoolState,
    decode_pool,
    read_series_key,
    series_key,
)
from streams.runtime.own_keys import OwnKeys
from streams.runtime.timers import FAR_FUTURE
from streams.store.memory import MemoryStore

REPORT_AFTER = 30_000


class Task:
    """A store and what isn't committed yet."""

    def __init__(self, partition: int = 0) -> None:
        self.store = MemoryStore()
        self.pending: dict[bytes, bytes | None] = {}
        self.partition = partition
        self.open()

    def open(self) -> None:
        """As after a crash: what wasn't committed is gone."""
        self.pending.clear()
        self.counts: Counter[str] = Counter()
        keys = OwnKeys(self.store, lambda: [self.pending], lambda: self.pending)
        self.book = CouponBook(keys, self.partition, self.counts, lambda at: at + REPORT_AFTER)
        self.book.learn("key")

    def commit(self) -> None:
        self.store.write(StoreBatch(dict(self.pending), 1, 0))
        self.pending.clear()

    def load(self, *codes: str, pool: str = "ten") -> None:
        for code in codes:
            self.book.load(CouponCode(pool, code, None, 1), 1)

    def state(self, pool: str = "ten") -> PoolState:
        stored = self.store.get(POOL + pool.encode())
        assert stored is not None
        return decode_pool(stored)


def test_codes_are_given_in_the_order_in_which_they_came() -> None:
    task = Task()
    task.load("B", "A", "C")
    assert [task.book.next_loaded("ten", 0) for _ in range(4)] == ["B", "A", "C", None]
    task.commit()
    assert (task.state().loaded, task.state().given, task.state().left) == (3, 3, 0)
    assert task.counts == {"coupons_loaded": 3, "coupons_given": 3, "coupons_missing": 1}


def test_a_code_that_is_loaded_again_is_counted_and_not_given_again() -> None:
    task = Task()
    task.load("A", "B")
    assert task.book.next_loaded("ten", 0) == "A"
    task.commit()
    task.load("A", "B", "C")
    assert [task.book.next_loaded("ten", 0) for _ in range(3)] == ["B", "C", None]
    task.commit()
    assert (task.state().loaded, task.state().given, task.state().duplicates) == (3, 3, 2)


def test_pools_know_nothing_of_each_other() -> None:
    task = Task()
    task.load("A", pool="ten")
    task.load("B", pool="ten.two")
    assert task.book.next_loaded("ten", 0) == "A"
    assert task.book.next_loaded("ten", 0) is None
    assert task.book.next_loaded("ten.two", 0) == "B"
    assert task.book.next_loaded("other", 0) is None


def test_what_was_not_committed_was_never_given() -> None:
    task = Task()
    task.load("A", "B")
    task.commit()
    assert task.book.next_loaded("ten", 0) == "A"
    made = task.book.make("TEN-", 8)
    task.open()
    assert task.book.next_loaded("ten", 0) == "A"
    assert task.book.make("TEN-", 8) == made
    task.commit()
    task.open()
    assert task.book.next_loaded("ten", 0) == "B"
    assert task.book.make("TEN-", 8) != made


def test_a_code_that_was_given_is_gone_from_the_store() -> None:
    task = Task()
    task.load("A")
    task.commit()
    assert b"A" in dict(task.store.items()).values()
    task.book.next_loaded("ten", 0)
    task.commit()
    assert b"A" not in dict(task.store.items()).values()


def test_codes_made_by_rule_are_numbered_for_all_pools_with_the_rule() -> None:
    tasks = [Task(partition) for partition in (0, 1)]
    made = [task.book.make("TEN-", 8) for task in tasks for _ in range(2)]
    assert made == [
        code_of("key", "TEN-", 8, number_of(counter, partition))
        for partition in (0, 1)
        for counter in (0, 1)
    ]
    assert tasks[0].book.make("X-", 8) == code_of("key", "X-", 8, 0)


def test_codes_grow_when_they_run_out() -> None:
    """Task 1023 has the last number of two characters, task 1024 none at all."""
    last, none = Task(number_of_codes(2) - 1), Task(number_of_codes(2))
    codes = [last.book.make("", 2) for _ in range(3)]
    assert [len(code) for code in codes] == [2, 3, 3]
    assert codes[0] == code_of("key", "", 2, number_of_codes(2) - 1)
    assert len(none.book.make("", 2)) == 3


def test_the_first_key_counts() -> None:
    task = Task()
    task.book.learn("another")
    assert task.book.make("TEN-", 8) == code_of("key", "TEN-", 8, 0)


def test_the_key_of_a_series_can_be_read() -> None:
    assert read_series_key(series_key("A-", 8)) == ("A-", 8)
    assert read_series_key(series_key("", 12)) == ("", 12)


# ── Moves to other tasks ──────────────────────────────────────────────────────────────────────────


def moved(number: int, *codes: str) -> MovedCodes:
    return MovedCodes(number, "ten", 1, 0, list(codes))


def test_codes_leave_from_the_end_and_are_given_from_the_beginning() -> None:
    task = Task()
    task.load("A", "B", "C", "D")
    assert task.book.next_loaded("ten", 0) == "A"
    assert task.book.take_out("ten", 2, 1, 0) == ["D", "C"]
    task.load("E")
    assert task.book.left("ten") == 2
    assert [task.book.next_loaded("ten", 0) for _ in range(3)] == ["B", "E", None]
    task.commit()
    state = task.state()
    assert (state.loaded, state.given, state.moved_out, state.handed) == (5, 3, 2, 1)


def test_a_task_hands_out_no_more_than_it_has() -> None:
    task = Task()
    task.load("A", "B")
    assert task.book.next_loaded("ten", 0) == "A"
    assert task.book.take_out("ten", 5, 1, 0) == ["B"]
    assert task.book.take_out("ten", 5, 2, 0) == []
    assert task.book.take_out("other", 5, 3, 0) == []
    assert task.book.handed("ten") == 2
    assert task.book.handed("other") == 3


def test_codes_of_another_task_follow_its_own() -> None:
    task = Task()
    task.load("A")
    task.book.take_in(moved(4, "X", "Y"), 0)
    task.book.take_in(moved(4, "X", "Y"), 0)  # the same record again
    task.book.take_in(moved(3, "Z"), 0)
    task.load("X")  # which was loaded elsewhere and is a code of its own here
    assert [task.book.next_loaded("ten", 0) for _ in range(5)] == ["A", "X", "Y", "X", None]
    assert task.counts["coupon_duplicates"] == 3
    task.commit()
    state = task.state()
    assert (state.loaded, state.moved_in, state.received, state.left) == (2, 2, 4, 0)


def test_counts_of_an_older_version_are_read() -> None:
    task = Task()
    task.load("A", "B", "C")
    assert task.book.next_loaded("ten", 0) == "A"
    task.pending[POOL + b"ten"] = msgspec.msgpack.encode([3, 1, 2])
    task.commit()
    task.open()
    assert task.book.left("ten") == 2
    assert task.book.next_report == FAR_FUTURE
    task.book.begin_reports(1_000)  # nobody was told of it yet
    assert task.book.next_report == 1_000
    assert task.book.next_loaded("ten", 0) == "B"


# ── Reports ───────────────────────────────────────────────────────────────────────────────────────


def give(task: Task, number: int, at: int) -> None:
    for _ in range(number):
        code = task.book.next_loaded("ten", at)
        if code is not None:
            task.book.note_given("ada", "ten", code, at, None)


def test_a_change_is_reported_with_others_and_a_large_one_at_once() -> None:
    task = Task()
    task.load(*(f"A{number}" for number in range(10)))
    assert task.book.next_report == 1
    (report,) = task.book.reports(1, {"ten": 5})
    assert task.book.next_report == FAR_FUTURE
    give(task, 4, 40_000)
    assert task.book.next_report == 40_000 + REPORT_AFTER
    give(task, 1, 41_000)
    assert task.book.next_report == 41_000
    assert task.book.reports(40_999, {}) == []
    (report,) = task.book.reports(41_000, {})
    assert (report.left, report.low) == (5, None)
    task.commit()
    task.open()
    assert task.book.next_report == FAR_FUTURE


def test_what_is_due_is_due_after_a_restart() -> None:
    task = Task()
    task.load("A")
    task.commit()
    task.open()
    assert task.book.next_report == 1


def test_who_has_none_asks_at_once_and_then_with_the_others() -> None:
    task = Task()
    give(task, 1, 5_000)
    assert task.book.next_report == 5_000
    task.book.reports(5_000, {})
    give(task, 1, 6_000)
    assert task.book.next_report == 6_000 + REPORT_AFTER
    task.book.take_in(moved(1), 7_000)  # in vain
    assert task.book.next_report == 7_000
    (report,) = task.book.reports(7_000, {})
    assert (report.received, report.left) == (1, 0)


def test_all_pools_are_reported_at_the_end_of_a_day() -> None:
    task = Task()
    task.load("A")
    task.load("B", pool="other")
    task.book.reports(1, {})
    task.commit()
    told = task.book.reports(FAR_FUTURE, {})
    assert [report.pool for report in told] == ["other", "ten"]
    task.open()
    assert task.book.reports(FAR_FUTURE, {}) == told
