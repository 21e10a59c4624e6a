"""The codes of coupon pools, as `sendflow coupons` and publishing load and count them: the topic
`coupons`, and what the tasks keep of it in the changelog."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from streams.contracts.coupons import COUPONS, coupon_record, inline_codes
from streams.contracts.decode import EventDecoder, decode_asking
from streams.contracts.registry import registry_in
from streams.engine import Definitions, Instant
from streams.engine.content import CouponPool, rule_like, rule_that_makes
from streams.engine.values import is_code, may_make
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.kafka.topics import CHANGELOG
from streams.ports import CouponCode
from streams.runtime.coupons import POOL, SERIES, PoolState, decode_pool, read_series_key
from streams.settings import RecordTime, Settings

BEFORE_ALL: Instant = 1
"""The record time of definitions and codes in simulated time, unless told otherwise: before the
first record (DESIGN 5.7)."""


class PoolCounts(msgspec.Struct, frozen=True):
    """What one task has of one pool. `left` is None for a pool whose codes are made by rule."""

    pool: str
    partition: int
    loaded: int
    given: int
    left: int | None
    duplicates: int


class LoadedCodes(msgspec.Struct, frozen=True):
    """Every code that was ever loaded, with its pool; and whether simulated time has gone on."""

    pool_of: dict[str, str]
    has_ticks: bool


def loaded_codes(settings: Settings) -> LoadedCodes:
    """What the topic holds. Raises Refused."""
    decoder = EventDecoder(registry=registry_in(settings))
    pools: dict[str, str] = {}
    has_ticks = False
    with TopicReader(settings, "coupons") as reader:
        for found in reader.read(reader.starts(reader.places(COUPONS))):
            code = decode_asking(decoder, COUPONS, found.record)
            if isinstance(code, CouponCode):  # else a tick, or a dead letter
                pools.setdefault(code.code, code.pool)
            has_ticks = has_ticks or found.record.value is None
    return LoadedCodes(pools, has_ticks)


def code_problems(
    pool: str, codes: Sequence[str], loaded: dict[str, str], pools: Sequence[CouponPool]
) -> Iterator[str]:
    """Why codes can't be loaded: no code may go to two people (SEMANTICS 7.1). `pools`: those whose
    rules are, or ever were, in force."""
    seen: set[str] = set()
    for number, code in enumerate(codes, start=1):
        where = f"code {number} ({code[:40]!r})"
        rule = rule_that_makes(code, pools)
        owner = loaded.get(code, pool)
        if not code:
            yield f"code {number} is empty"
        elif not is_code(code):
            yield f"{where} has line ends or spaces around it, or more than 100 characters"
        elif code in seen:
            yield f"{where} is there twice"
        elif owner != pool:
            yield f"{where} was loaded for the pool {owner!r}"
        elif rule is not None:
            yield f"{where} may be made one day by the rule of {rule.coupons!r}"
        seen.add(code)


def load(settings: Settings, codes: Iterable[CouponCode], at: Instant = BEFORE_ALL) -> int:
    """Writes codes to the topic; how many. `at` is the record time where time is simulated."""
    written = 0
    is_simulated = settings.record_time is RecordTime.CREATE
    with EventProducer(settings, "coupons") as producer:
        for code in codes:
            record = coupon_record(code)
            record.time = at if is_simulated else None
            producer.produce(record)
            written += 1
    return written


def load_inline(
    settings: Settings,
    definitions: Definitions,
    earlier: Sequence[CouponPool],
    now: Instant,
    at: Instant = BEFORE_ALL,
) -> None:
    """Loads the codes that stand in definitions, before they're published: as soon as they're in
    force somebody may want one. `earlier`: the pools of the sets before. Raises Refused where a
    code could go to two people."""
    if not definitions.coupons:
        return
    pools = [*definitions.coupons, *earlier]
    codes = list(inline_codes(definitions.coupons, now))
    loaded = loaded_codes(settings)
    problems = [
        f"coupon pool {pool.coupons!r}: {problem}"
        for pool in definitions.coupons
        for problem in (
            *code_problems(pool.coupons, pool.codes or [], loaded.pool_of, pools),
            *_rule_problems(pool, loaded.pool_of, pools),
        )
    ]
    if problems:
        raise Refused("\n".join([*problems[:10], "nothing was published"]))
    new = [code for code in codes if code.code not in loaded.pool_of]
    if new:
        refuse_if_late(settings, loaded)
        load(settings, new, at)


def refuse_if_late(settings: Settings, loaded: LoadedCodes) -> None:
    """Raises Refused where time is simulated and has gone on: codes would come too late."""
    if loaded.has_ticks and settings.record_time is RecordTime.CREATE:
        raise Refused(
            "time is simulated here (record_time = create) and has gone on: coupon codes must be "
            "loaded before the first event"
        )


def _rule_problems(
    pool: CouponPool, loaded: dict[str, str], pools: Sequence[CouponPool]
) -> Iterator[str]:
    """What was given by other pools, or by this one with another prefix, mustn't be made anew."""
    if pool.rule is None:
        return
    other = rule_like(pool, pools)
    if other is not None:
        yield (
            f"codes with the prefix {pool.rule.prefix!r} may be the same as those that "
            f"{other.coupons!r} made or makes; give it another prefix"
        )
    code = next((code for code in loaded if may_make(pool.rule.prefix, code)), None)
    if code is not None:
        yield (
            f"its rule may make the code {code!r}, which was loaded for {loaded[code]!r}; give it "
            "another prefix"
        )


def counted(settings: Settings, pools: Sequence[CouponPool]) -> list[PoolCounts]:
    """What each task has of each pool, by pool and task, as of its last transaction. `pools`: the
    newest first. Raises Refused."""
    newest: dict[tuple[int, bytes], bytes] = {}
    with TopicReader(settings, "coupons") as reader:
        for found in reader.read(reader.starts(reader.places(CHANGELOG))):
            key, value = found.record.key, found.record.value
            if key is not None and value is not None and key.startswith((POOL, SERIES)):
                newest[found.partition, key] = value
    counts = []
    made: dict[tuple[int, str, int], int] = {}
    for (partition, key), value in newest.items():
        if key.startswith(POOL):
            counts.append(_of_loaded(key[len(POOL) :].decode(), partition, decode_pool(value)))
        else:
            prefix, length = read_series_key(key)
            made[partition, prefix, length] = int.from_bytes(value, "big")
    newest_of = {pool.coupons: pool for pool in reversed(pools)}
    for pool in newest_of.values():
        if pool.rule is not None:
            counts.extend(_of_rule(pool, made))
    return sorted(counts, key=lambda one: (one.pool, one.partition))


def _of_loaded(pool: str, partition: int, state: PoolState) -> PoolCounts:
    return PoolCounts(
        pool, partition, state.loaded, state.given, state.left, duplicates=state.duplicates
    )


def _of_rule(pool: CouponPool, made: dict[tuple[int, str, int], int]) -> Iterator[PoolCounts]:
    """Its codes grow longer when they run out; pools with the same rule count together."""
    rule = pool.rule
    assert rule is not None
    given: dict[int, int] = {}
    for (partition, prefix, length), number in made.items():
        if prefix == rule.prefix and length >= rule.length:
            given[partition] = given.get(partition, 0) + number
    for partition, number in given.items():
        yield PoolCounts(pool.coupons, partition, number, number, None, 0)
