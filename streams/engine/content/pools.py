"""What can be wrong with the coupon pools of a set: no code may be one of two pools, for then it
could go to two people (SEMANTICS 7.1)."""

from collections.abc import Iterator, Sequence

from streams.engine.content.coupon_pool import CouponPool
from streams.engine.values import Path, Problem, may_make


def check_pools(pools: Sequence[tuple[Path, CouponPool]]) -> Iterator[Problem]:
    """Codes stand there once, and no rule may make them, nor another rule's. `pools`: each with
    where it stands."""
    rules = [pool for _, pool in pools if pool.rule is not None]
    owners: dict[str, str] = {}
    for path, pool in pools:
        if pool.rule is not None:
            yield from _like_another(pool, rules, (*path, "rule", "prefix"))
            continue
        for number, code in enumerate(pool.codes or ()):
            at = (*path, "codes", number)
            if code in owners:
                where = "here twice" if owners[code] == pool.coupons else f"in {owners[code]!r} too"
                yield Problem(at, f"the code {code!r} is {where}", found=code)
            owners[code] = pool.coupons
            yield from _made_by_rule(code, rules, at)


def rule_that_makes(code: str, pools: Sequence[CouponPool]) -> CouponPool | None:
    """The pool whose rule may one day make this code."""
    for pool in pools:
        if pool.rule is not None and may_make(pool.rule.prefix, code):
            return pool
    return None


def rule_like(pool: CouponPool, pools: Sequence[CouponPool]) -> CouponPool | None:
    """The pool whose rule may one day make a code that the rule of `pool` makes, too."""
    assert pool.rule is not None
    prefix = pool.rule.prefix
    for other in pools:
        if other.rule is None or other.rule.prefix == prefix:
            continue
        if may_make(prefix, other.rule.prefix) or may_make(other.rule.prefix, prefix):
            return other
    return None


def _made_by_rule(code: str, rules: Sequence[CouponPool], path: Path) -> Iterator[Problem]:
    other = rule_that_makes(code, rules)
    if other is not None:
        yield Problem(
            path, f"the rule of {other.coupons!r} may make the code {code!r} one day", found=code
        )


def _like_another(pool: CouponPool, rules: Sequence[CouponPool], path: Path) -> Iterator[Problem]:
    """One prefix begins the other, and what is left could have been made at random: however long
    the codes are now, they grow when they run out. The same prefix is fine: the codes are numbered
    together."""
    assert pool.rule is not None
    prefix = pool.rule.prefix
    for other in rules:
        assert other.rule is not None
        begins = other.rule.prefix
        if begins != prefix and may_make(begins, prefix):
            yield Problem(
                path,
                f"the rule of {other.coupons!r} may make the same codes: what they begin with, "
                f"{begins!r}, begins {prefix!r}; a '-' after it would keep them apart",
                found=prefix,
            )
