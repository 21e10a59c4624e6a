"""Counts of coupon codes by what became of them, for `sendflow coupons status`: from the tasks' own
keys in the changelog, so whether workers run or not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from streams.engine import Instant
from streams.engine.content import CouponPool
from streams.engine.values import DAY
from streams.kafka.topic_reader import TopicReader
from streams.ports import CHANGELOG
from streams.runtime.coupon_book import POOL, SERIES, PoolState, decode_pool, read_series_key
from streams.runtime.coupon_uses import (
    EXPIRY,
    RATE_DAYS,
    USES,
    UseCounts,
    decode_uses,
    moment_of_expiry,
    pool_of_expiry,
)
from streams.settings import Settings

COUNTED_KEYS = (POOL, SERIES, USES, EXPIRY)
"""Beginnings of the keys that are read."""

LONGEST_FORECAST: Instant = 36_500 * DAY


class CodeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the codes of one pool, in one task (`partition`) or in all (None).

    `given` is `redeemed`, `expired` or still valid, except for codes given before uses were
    counted (`since`). `left`: loaded codes not given yet; None for a pool that generates its codes
    by rule. `in_transit`: codes on their way between two tasks, of all tasks only. `per_day`: codes
    given a day, of late (`rate_of`); `runs_dry_at`: when none will be left at that rate; None: not
    to be foreseen.
    """

    pool: str
    partition: int | None
    loaded: int
    moved_in: int
    moved_out: int
    in_transit: int
    given: int
    redeemed: int
    expired: int
    left: int | None
    duplicates: int
    since: Instant | None
    per_day: float
    runs_dry_at: Instant | None


class _Found(msgspec.Struct):
    """The counts of one pool in one task, as the changelog has them."""

    state: PoolState = msgspec.field(default_factory=PoolState)
    made: int = 0  # by rule
    uses: UseCounts = msgspec.field(default_factory=UseCounts)
    expired: int = 0


def coupon_counts(
    settings: Settings, pools: Sequence[CouponPool], now: Instant
) -> list[CodeCounts]:
    """The counts of each pool, by task and then of all tasks, as of their last transactions; `now`
    is the moment at which codes have expired. `pools`: newest first. Raises Refused."""
    newest: dict[tuple[int, bytes], bytes] = {}
    with TopicReader(settings, "coupons") as reader:
        for read in reader.read(reader.starts(reader.partition_ids(CHANGELOG))):
            key, value = read.record.key, read.record.value
            if key is not None and key.startswith(COUNTED_KEYS):
                if value is None:
                    newest.pop((read.partition, key), None)
                else:
                    newest[read.partition, key] = value
    return counts_of_keys(newest, pools, now)


def counts_of_keys(
    own_keys: Mapping[tuple[int, bytes], bytes], pools: Sequence[CouponPool], now: Instant
) -> list[CodeCounts]:
    """As `coupon_counts`, of own keys of tasks, by task and key."""
    newest_of = {pool.coupons: pool for pool in reversed(pools)}
    rules = {name: pool for name, pool in newest_of.items() if pool.rule is not None}
    return list(_counts(_found(own_keys, rules.values(), now), rules, now))


def _found(
    own_keys: Mapping[tuple[int, bytes], bytes], rules: Iterable[CouponPool], now: Instant
) -> dict[str, dict[int, _Found]]:
    """By pool and task."""
    found: dict[str, dict[int, _Found]] = {}

    def of(pool: str, partition: int) -> _Found:
        return found.setdefault(pool, {}).setdefault(partition, _Found())

    for (partition, key), value in own_keys.items():
        if key.startswith(POOL):
            of(key[len(POOL) :].decode(), partition).state = decode_pool(value)
        elif key.startswith(USES):
            of(key[len(USES) :].decode(), partition).uses = decode_uses(value)
        elif key.startswith(EXPIRY):
            if moment_of_expiry(key) <= now:
                one = of(pool_of_expiry(key), partition)
                one.expired += int.from_bytes(value, "big")
        else:  # codes grow longer when they run out; pools with the same rule count together
            prefix, length = read_series_key(key)
            for pool in rules:
                if pool.rule and prefix == pool.rule.prefix and length >= pool.rule.length:
                    of(pool.coupons, partition).made += int.from_bytes(value, "big")
    return found


def _counts(
    found: Mapping[str, Mapping[int, _Found]], rules: Mapping[str, CouponPool], now: Instant
) -> Iterator[CodeCounts]:
    for pool, by_task in sorted(found.items()):
        is_made = pool in rules
        counts = [
            _of_task(pool, partition, one, now, is_made=is_made)
            for partition, one in sorted(by_task.items())
        ]
        yield from counts
        yield _of_all(pool, counts, now)


def _of_task(
    pool: str, partition: int, found: _Found, now: Instant, *, is_made: bool
) -> CodeCounts:
    state, uses = found.state, found.uses
    left = None if is_made else state.left
    per_day = rate_of(uses, now)
    return CodeCounts(
        pool=pool,
        partition=partition,
        loaded=found.made if is_made else state.loaded,
        moved_in=state.moved_in,
        moved_out=state.moved_out,
        in_transit=0,
        given=found.made if is_made else state.given,
        redeemed=uses.redeemed,
        expired=uses.expired + found.expired,
        left=left,
        duplicates=state.duplicates,
        since=uses.since or None,
        per_day=per_day,
        runs_dry_at=_runs_dry_at(left, per_day, now),
    )


def _of_all(pool: str, counts: Sequence[CodeCounts], now: Instant) -> CodeCounts:
    def total(name: str) -> int:
        return sum(getattr(one, name) for one in counts)

    in_transit = total("moved_out") - total("moved_in")
    is_made = counts[0].left is None
    left = None if is_made else total("left")
    per_day = sum(one.per_day for one in counts)
    return CodeCounts(
        pool=pool,
        partition=None,
        loaded=total("loaded"),
        moved_in=total("moved_in"),
        moved_out=total("moved_out"),
        in_transit=in_transit,
        given=total("given"),
        redeemed=total("redeemed"),
        expired=total("expired"),
        left=left,
        duplicates=total("duplicates"),
        since=min((one.since for one in counts if one.since is not None), default=None),
        per_day=per_day,
        runs_dry_at=_runs_dry_at(None if left is None else left + in_transit, per_day, now),
    )


def rate_of(uses: UseCounts, now: Instant) -> float:
    """Codes given a day: the number given today and on the RATE_DAYS days (UTC) before, by the time
    since these began, or since the first code was given; at least a day."""
    first_day = now // DAY - RATE_DAYS
    given = sum(number for day, number in uses.by_day.items() if day >= first_day)
    began = max(first_day * DAY, uses.since)
    return given / (max(now - began, DAY) / DAY)


def _runs_dry_at(left: int | None, per_day: float, now: Instant) -> Instant | None:
    """The moment at which the last code is given at this rate."""
    if left is None or not (left and per_day):
        return now if left == 0 else None
    until = round(left / per_day * DAY)
    return now + until if until <= LONGEST_FORECAST else None
