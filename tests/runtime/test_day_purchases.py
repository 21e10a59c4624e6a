"""Purchases of the day come back after a crash, and are gone when the day is told of."""

import pytest

from streams.engine import Purchase, counts_in
from streams.engine.customer.purchase_counts import Counts
from streams.engine.effects.purchase import Bought
from streams.ports import StoreBatch
from streams.runtime.day_purchases import BLOCK, PREFIX, DayPurchases
from streams.runtime.own_keys import OwnKeys
from streams.store.memory import MemoryStore


class Kept:
    """Own keys on a store, with commits by hand."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.pending: dict[bytes, bytes | None] = {}
        self.own = OwnKeys(self.store, lambda: [self.pending], lambda: self.pending)

    def commit(self) -> None:
        self.store.write(StoreBatch(dict(self.pending), 0, 0))
        self.pending.clear()

    def blocks(self) -> int:
        return len(self.own.page(PREFIX, b"", 1000))


def purchase(number: int) -> Purchase:
    return Purchase(number, [Bought(f"sku{number % 7}"), Bought(f"sku{number % 5 + 7}")])


def counted(purchases: int) -> Counts:
    counts = Counts()
    for number in range(purchases):
        counts.learn(purchase(number))
    return counts


@pytest.mark.parametrize("number", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
@pytest.mark.parametrize("commit_every", [1, 5, 1000])
def test_a_day_comes_back_whenever_it_was_committed(number: int, commit_every: int) -> None:
    kept = Kept()
    purchases = DayPurchases(kept.own)
    for done in range(number):
        purchases.learn(purchase(done))
        if (done + 1) % commit_every == 0:
            purchases.keep()
            kept.commit()
            purchases = DayPurchases(kept.own)
    purchases.keep()
    kept.commit()
    again = DayPurchases(kept.own)
    assert kept.blocks() == -(-number // BLOCK)
    packed = again.close()
    assert (counts_in(packed) if packed else Counts()) == counted(number)


def test_the_next_day_begins_without_anything() -> None:
    kept = Kept()
    purchases = DayPurchases(kept.own)
    for number in range(2 * BLOCK + 3):
        purchases.learn(purchase(number))
    purchases.keep()
    kept.commit()
    assert DayPurchases(kept.own).close() is not None
    kept.commit()
    assert kept.blocks() == 0
    assert DayPurchases(kept.own).close() is None


def test_what_was_not_committed_is_not_counted() -> None:
    kept = Kept()
    purchases = DayPurchases(kept.own)
    purchases.learn(purchase(0))
    purchases.keep()
    kept.commit()
    purchases.learn(purchase(1))
    kept.pending.clear()
    packed = DayPurchases(kept.own).close()
    assert packed is not None
    assert counts_in(packed) == counted(1)
