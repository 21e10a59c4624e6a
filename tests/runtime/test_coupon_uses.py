"""What becomes of given codes: each is redeemed, expired or valid, and never two of them."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.values import DAY
from streams.ports import StoreBatch
from streams.runtime.coupon_uses import (
    EXPIRY,
    RATE_DAYS,
    REDEEMABLE,
    USES,
    CouponUses,
    UseCounts,
    decode_uses,
    moment_of_expiry,
    pool_of_expiry,
)
from streams.runtime.own_keys import OwnKeys
from streams.store.memory import MemoryStore
from tests.harness.examples import examples

BEGIN = 20_000 * DAY


class Task:
    """A task's own keys, committed at once."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.pending: dict[bytes, bytes | None] = {}
        keys = OwnKeys(self.store, lambda: [self.pending], lambda: self.pending)
        self.uses = CouponUses(keys)

    def give(self, customer: str, code: str, expires_at: int | None, at: int = BEGIN) -> None:
        self.uses.give(customer, "ten", code, at, expires_at)

    def items(self) -> dict[bytes, bytes]:
        self.store.write(StoreBatch(dict(self.pending), 1, 0))
        self.pending.clear()
        return dict(self.store.items())

    def counts(self, pool: str = "ten") -> UseCounts:
        return decode_uses(self.items()[USES + pool.encode()])

    def redeemed_and_expired(self, now: int) -> tuple[int, int]:
        counts = self.counts()
        passed = sum(
            int.from_bytes(value, "big")
            for key, value in self.items().items()
            if key.startswith(EXPIRY) and moment_of_expiry(key) <= now
        )
        return counts.redeemed, counts.expired + passed


def test_a_code_expires_at_its_own_moment() -> None:
    task = Task()
    task.give("ada", "A1", BEGIN + DAY)
    task.give("bob", "A2", None)
    assert task.redeemed_and_expired(BEGIN + DAY - 1) == (0, 0)
    assert task.redeemed_and_expired(BEGIN + DAY) == (0, 1)


def test_a_redeemed_code_does_not_expire() -> None:
    task = Task()
    task.give("ada", "A1", BEGIN + DAY)
    task.uses.redeem("ada", " a1 ")
    assert task.redeemed_and_expired(BEGIN + 2 * DAY) == (1, 0)
    task.uses.redeem("ada", "A1")  # told by the order, too
    assert task.redeemed_and_expired(BEGIN + 2 * DAY) == (1, 0)


def test_a_code_that_is_reported_after_its_expiry_was_redeemed() -> None:
    for closes in (False, True):
        task = Task()
        task.give("ada", "A1", BEGIN + DAY)
        if closes:
            task.uses.close_day(BEGIN + DAY)
        assert task.redeemed_and_expired(BEGIN + DAY) == (0, 1)
        task.uses.redeem("ada", "A1")
        assert task.redeemed_and_expired(BEGIN + DAY) == (1, 0)


def test_only_the_customer_who_was_given_a_code_redeems_it() -> None:
    task = Task()
    task.give("ada", "A1", BEGIN + DAY)
    for other in ("bob", "ad", "adaA"):
        task.uses.redeem(other, "A1")
    task.uses.redeem("ada", "A2")
    assert task.redeemed_and_expired(BEGIN) == (0, 0)


def test_codes_that_differ_by_case_or_pool_alone_are_both_redeemed() -> None:
    task = Task()
    task.give("ada", "A1", BEGIN + DAY)
    task.give("ada", "a1", BEGIN + DAY)
    task.uses.give("ada", "ten.two", "A1", BEGIN, None)
    task.uses.redeem("ada", "A1")
    assert task.redeemed_and_expired(BEGIN + DAY) == (2, 0)
    assert task.counts("ten.two").redeemed == 1


def test_an_erased_customer_is_forgotten_and_the_codes_expire() -> None:
    task = Task()
    task.give("ada", "A1", BEGIN + DAY)
    task.give("ad", "A2", BEGIN + DAY)
    task.uses.forget("ada")
    assert not [key for key in task.items() if b"ada" in key]
    task.uses.redeem("ada", "A1")  # a new customer with the same id
    task.uses.redeem("ad", "A2")
    assert task.redeemed_and_expired(BEGIN + DAY) == (1, 1)


def test_what_has_expired_leaves_no_key_behind() -> None:
    task = Task()
    for number in range(10):
        task.give(f"c{number}", f"A{number}", BEGIN + number // 3)
    assert {pool_of_expiry(key) for key in task.items() if key.startswith(EXPIRY)} == {"ten"}
    task.uses.close_day(BEGIN + 2)
    assert task.counts().expired == 9
    assert len([key for key in task.items() if key.startswith(EXPIRY)]) == 1
    task.uses.close_day(BEGIN + DAY)
    assert task.counts().expired == 10
    assert not [key for key in task.items() if key.startswith(EXPIRY)]


def test_days_are_counted_as_long_as_the_rate_needs_them() -> None:
    task = Task()
    for day in range(30):
        task.give("ada", f"A{day}", None, BEGIN + day * DAY)
    counts = task.counts()
    assert sorted(counts.by_day) == list(range(20_000 + 29 - RATE_DAYS, 20_000 + 30))
    assert counts.since == BEGIN


def test_a_customer_who_is_given_codes_for_years_has_those_of_the_last() -> None:
    task = Task()
    for month in range(60):
        at = BEGIN + month * 30 * DAY
        task.give("ada", f"A{month}", at + 30 * DAY, at)
    assert [len(value) < 300 for key, value in task.items().items() if b"ada" in key] == [True]
    end = BEGIN + 60 * 30 * DAY
    task.uses.redeem("ada", "A0")  # too late
    task.uses.redeem("ada", "A50")
    assert task.redeemed_and_expired(end) == (1, 59)


def test_a_code_is_kept_until_it_expired_long_ago() -> None:
    for late, redeemed in ((0, 1), (1, 0)):
        task = Task()
        task.give("ada", "A1", BEGIN + DAY)
        task.give("ada", "A2", None, BEGIN + DAY + REDEEMABLE - 1 + late)
        task.uses.redeem("ada", "A1")
        assert task.counts().redeemed == redeemed


def test_one_who_was_given_nothing_leaves_no_key() -> None:
    task = Task()
    task.uses.redeem("ada", "A1")
    task.uses.forget("ada")
    assert not task.pending


def test_a_restored_task_adds_up_expiries_in_the_same_order() -> None:
    tasks = [Task(), Task()]
    for task in tasks:
        for pool in ("z", "a", "m"):
            task.uses.give("ada", pool, f"{pool}1", BEGIN, BEGIN + 1)
        task.items()
    tasks[1].uses = CouponUses(
        OwnKeys(tasks[1].store, lambda: [tasks[1].pending], lambda: tasks[1].pending)
    )
    for task in tasks:
        task.uses.close_day(BEGIN + DAY)
    assert list(tasks[0].pending.items()) == list(tasks[1].pending.items())


@examples(100)
@given(seed=st.integers(0, 2**32))
def test_every_given_code_is_redeemed_expired_or_valid(seed: int) -> None:
    chance = random.Random(seed)
    task, now = Task(), BEGIN
    expiry: dict[tuple[str, str], int | None] = {}
    owned: Counter[str] = Counter()
    redeemed: set[tuple[str, str]] = set()
    erased: set[tuple[str, str]] = set()
    for number in range(chance.randrange(1, 60)):
        now += chance.choice((0, 1, 1_000, DAY // 2))
        name = f"c{chance.randrange(4)}"
        match chance.randrange(6):
            case 0 | 1 | 2:
                code = name, f"A{number}"
                expiry[code] = chance.choice((None, now, now + 1_000, now + DAY))
                owned[name] += 1
                task.give(*code, expiry[code], now)
            case 3 if expiry:
                code = chance.choice(list(expiry))
                task.uses.redeem(*code)
                redeemed |= {code} - erased
            case 4:
                task.uses.forget(name)
                erased |= {code for code in expiry if code[0] == name} - redeemed
            case 5:
                task.uses.close_day(now)
    if expiry:
        over = {code for code, until in expiry.items() if until is not None and until <= now}
        assert task.redeemed_and_expired(now) == (len(redeemed), len(over - redeemed))
