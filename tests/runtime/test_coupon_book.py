"""What a task knows of codes: each is given once, whatever is loaded twice or thrown away."""

from collections import Counter

from streams.engine.values.codes import code_of, number_of, number_of_codes
from streams.ports import CouponCode, StoreBatch
from streams.runtime.coupon_book import (
    POOL,
    CouponBook,
    PoolState,
    decode_pool,
    read_series_key,
    series_key,
)
from streams.runtime.own_keys import OwnKeys
from streams.store.memory import MemoryStore


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
        self.book = CouponBook(keys, self.partition, self.counts)
        self.book.learn("key")

    def commit(self) -> None:
        self.store.write(StoreBatch(dict(self.pending), 1, 0))
        self.pending.clear()

    def load(self, *codes: str, pool: str = "ten") -> None:
        for code in codes:
            self.book.load(CouponCode(pool, code, None, 0))

    def state(self, pool: str = "ten") -> PoolState:
        stored = self.store.get(POOL + pool.encode())
        assert stored is not None
        return decode_pool(stored)


def test_codes_are_given_in_the_order_in_which_they_came() -> None:
    task = Task()
    task.load("B", "A", "C")
    assert [task.book.next_loaded("ten") for _ in range(4)] == ["B", "A", "C", None]
    task.commit()
    assert task.state() == PoolState(loaded=3, given=3)
    assert task.state().left == 0
    assert task.counts == {"coupons_loaded": 3, "coupons_given": 3, "coupons_missing": 1}


def test_a_code_that_is_loaded_again_is_counted_and_not_given_again() -> None:
    task = Task()
    task.load("A", "B")
    assert task.book.next_loaded("ten") == "A"
    task.commit()
    task.load("A", "B", "C")
    assert [task.book.next_loaded("ten") for _ in range(3)] == ["B", "C", None]
    task.commit()
    assert task.state() == PoolState(loaded=3, given=3, duplicates=2)


def test_pools_know_nothing_of_each_other() -> None:
    task = Task()
    task.load("A", pool="ten")
    task.load("B", pool="ten.two")
    assert task.book.next_loaded("ten") == "A"
    assert task.book.next_loaded("ten") is None
    assert task.book.next_loaded("ten.two") == "B"
    assert task.book.next_loaded("other") is None


def test_what_was_not_committed_was_never_given() -> None:
    task = Task()
    task.load("A", "B")
    task.commit()
    assert task.book.next_loaded("ten") == "A"
    made = task.book.make("TEN-", 8)
    task.open()
    assert task.book.next_loaded("ten") == "A"
    assert task.book.make("TEN-", 8) == made
    task.commit()
    task.open()
    assert task.book.next_loaded("ten") == "B"
    assert task.book.make("TEN-", 8) != made


def test_a_code_that_was_given_is_gone_from_the_store() -> None:
    task = Task()
    task.load("A")
    task.commit()
    assert b"A" in dict(task.store.items()).values()
    task.book.next_loaded("ten")
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
