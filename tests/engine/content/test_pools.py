"""Pools of one set that could give the same code to two people."""

from typing import Any

import pytest

from streams.engine import Definitions, read_definitions
from streams.engine.content.coupon_pool import CodeRule, CouponPool
from streams.engine.content.pools import rule_like, rule_that_makes
from streams.engine.values.problem import path_text


def problems_of(*pools: dict[str, Any]) -> list[str]:
    read = read_definitions({"coupons": list(pools)})
    if isinstance(read, Definitions):
        return []
    return [f"{path_text(problem.path)}: {problem.sentence()}" for problem in read]


def loaded(name: str, *codes: str) -> dict[str, Any]:
    return {"coupons": name, "codes": list(codes)}


def made(name: str, prefix: str, length: str = "8") -> dict[str, Any]:
    return {"coupons": name, "rule": {"prefix": prefix, "length": length}}


def test_a_code_of_two_pools() -> None:
    assert problems_of(loaded("a", "A1", "A2"), loaded("b", "B1", "A1")) == [
        "coupons[1].codes[1]: the code 'A1' is in 'a' too"
    ]


def test_a_code_that_a_rule_may_make() -> None:
    assert problems_of(made("a", "TEN-"), loaded("b", "TEN-ABC", "TEN-O", "ten-abcd")) == [
        "coupons[1].codes[0]: the rule of 'a' may make the code 'TEN-ABC' one day",
        "coupons[1].codes[2]: the rule of 'a' may make the code 'ten-abcd' one day",
    ]


def test_rules_of_which_one_may_make_codes_of_the_other() -> None:
    assert problems_of(made("a", "TEN"), made("b", "TENX", "4")) == [
        "coupons[1].rule.prefix: the rule of 'a' may make the same codes: what they begin with, "
        "'TEN', begins 'TENX'; a '-' after it would keep them apart"
    ]
    assert len(problems_of(made("a", "TENX"), {"coupons": "b", "rule": {"length": "8"}})) == 1


@pytest.mark.parametrize(
    "prefixes", [("TEN-", "TENX-"), ("TEN", "TEN-"), ("TEN", "TEN0"), ("A", "B"), ("A-", "A-")]
)
def test_rules_whose_codes_never_meet(prefixes: tuple[str, str]) -> None:
    """The same prefix is fine: the codes are numbered together."""
    assert problems_of(made("a", prefixes[0]), made("b", prefixes[1], "9")) == []


def test_places_are_those_of_the_set_also_behind_a_pool_that_cannot_be_read() -> None:
    bad = {"coupons": "bad", "rule": {"prefix": "A", "length": "no"}}
    assert problems_of(bad, loaded("a", "A1"), loaded("b", "A1"))[-1].startswith(
        "coupons[2].codes[0]: "
    )


def test_rules_of_other_times() -> None:
    pool = CouponPool(coupons="b", rule=CodeRule(prefix="TENX", length=8))
    older = CouponPool(coupons="a", rule=CodeRule(prefix="TEN", length=8))
    codes = CouponPool(coupons="c", codes=["TENX-1"])
    assert rule_like(pool, [pool, codes, older]) is older
    assert rule_like(older, [older, codes, pool]) is pool
    assert rule_like(pool, [pool, codes]) is None
    assert rule_that_makes("TENABC", [codes, pool, older]) is older
    assert rule_that_makes("OTHER", [codes, pool, older]) is None
