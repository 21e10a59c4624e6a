"""What `coupons status` makes of the tasks' own keys."""

from typing import Any

import msgspec
import pytest

from streams.engine.content.coupon_pool import CodeRule, CouponPool
from streams.engine.values import DAY
from streams.operations.coupon_counts import CodeCounts, counts_of_keys, rate_of
from streams.runtime.coupon_book import POOL, series_key
from streams.runtime.coupon_uses import EXPIRY, USES, UseCounts

NOW = 20_000 * DAY + DAY // 2
TODAY = NOW // DAY
TEN = CouponPool(coupons="ten")
MADE = CouponPool(coupons="made", rule=CodeRule(prefix="M-", length=8))


def packed(*fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


def uses(**given: Any) -> bytes:
    return msgspec.msgpack.encode(UseCounts(**given))


def of_partition(counts: list[CodeCounts], pool: str, partition: int | None) -> CodeCounts:
    (one,) = [one for one in counts if (one.pool, one.partition) == (pool, partition)]
    return one


def test_each_task_and_all_together() -> None:
    keys = {
        (0, POOL + b"ten"): packed(50, 10, 1, 0, 20),  # moved out: 20
        (1, POOL + b"ten"): packed(0, 8, 0, 15, 0),
        (0, USES + b"ten"): uses(since=NOW - 2 * DAY, redeemed=3, expired=2, by_day={TODAY: 10}),
        (1, USES + b"ten"): uses(since=NOW - 4 * DAY, by_day={TODAY - 1: 8}),
        (1, EXPIRY + b"ten\0" + (NOW - 1).to_bytes(8, "big")): b"\0\0\0\1",
        (1, EXPIRY + b"ten\0" + NOW.to_bytes(8, "big")): b"\0\0\0\2",
        (1, EXPIRY + b"ten\0" + (NOW + 1).to_bytes(8, "big")): b"\0\0\0\4",
    }
    counts = counts_of_keys(keys, [TEN], NOW)
    first, second, of_all = (of_partition(counts, "ten", number) for number in (0, 1, None))
    assert (first.left, first.redeemed, first.expired, first.per_day) == (20, 3, 2, 5.0)
    assert first.runs_dry_at == NOW + 4 * DAY
    assert (second.left, second.expired, second.per_day) == (7, 3, 2.0)
    assert (of_all.loaded, of_all.given, of_all.left, of_all.in_transit) == (50, 18, 27, 5)
    assert (of_all.redeemed, of_all.expired, of_all.duplicates) == (3, 5, 1)
    assert (of_all.since, of_all.per_day) == (NOW - 4 * DAY, 7.0)
    assert of_all.runs_dry_at == NOW + round(32 / 7 * DAY)  # with those on their way


def test_counts_of_an_older_version_are_read() -> None:
    (one, of_all) = counts_of_keys({(2, POOL + b"ten"): packed(5, 2, 1)}, [TEN], NOW)
    assert (one.loaded, one.given, one.left, one.duplicates) == (5, 2, 3, 1)
    assert (one.redeemed, one.expired, one.since) == (0, 0, None)
    assert (one.per_day, one.runs_dry_at, of_all.runs_dry_at) == (0, None, None)


def test_codes_made_by_rule_never_run_out() -> None:
    keys = {
        (0, series_key("M-", 8)): (6).to_bytes(8, "big"),
        (0, series_key("M-", 9)): (1).to_bytes(8, "big"),
        (0, series_key("M-", 7)): (9).to_bytes(8, "big"),  # of another rule
        (0, USES + b"made"): uses(since=NOW, redeemed=2, by_day={TODAY: 7}),
    }
    counts = counts_of_keys(keys, [MADE], NOW)
    for one in counts:
        assert (one.given, one.loaded, one.redeemed, one.left) == (7, 7, 2, None)
        assert (one.per_day, one.runs_dry_at) == (7.0, None)


@pytest.mark.parametrize(
    ("by_day", "since", "per_day"),
    [
        ({}, 0, 0),
        ({TODAY: 3}, NOW - 1, 3),  # less than a day counts as one
        ({TODAY: 3, TODAY - 1: 3}, NOW - 2 * DAY, 3),
        ({TODAY: 29}, NOW - 100 * DAY, 2),  # 14 days and a half
        ({TODAY - 14: 29, TODAY - 15: 1_000}, NOW - 100 * DAY, 2),
    ],
)
def test_the_rate_is_that_of_the_last_14_days(
    by_day: dict[int, int], since: int, per_day: float
) -> None:
    assert rate_of(UseCounts(since=since, by_day=by_day), NOW) == per_day


def test_an_empty_pool_has_run_dry_and_one_for_centuries_has_no_date() -> None:
    given = uses(since=NOW - 10 * DAY, by_day={TODAY: 10})
    keys = {(0, POOL + b"ten"): packed(5, 5), (0, USES + b"ten"): given}
    assert counts_of_keys(keys, [TEN], NOW)[0].runs_dry_at == NOW
    keys = {(0, POOL + b"ten"): packed(10**6, 0), (0, USES + b"ten"): given}
    assert counts_of_keys(keys, [TEN], NOW)[0].runs_dry_at is None
