"""SEMANTICS 7.1: how many loaded codes of a pool are left in the store, a fact of `control`."""

from typing import Any

import pytest

from streams.engine.compiling.check import examine
from streams.engine.compiling.definition import Definitions
from streams.engine.conditions.dependence import dependence_of
from tests.engine.conditions.asking import Asked

POOLS: list[dict[str, Any]] = [
    {"coupons": "gift-card"},
    {"coupons": "made", "rule": {"length": "8"}},
]


def asked(
    left: dict[str, Any], pool: str = "gift-card", facts: dict[str, Any] | None = None
) -> Asked:
    return Asked({"coupons": pool, "left": left}, coupons=POOLS, facts=facts)


LEFT = "coupons.gift-card.left"


@pytest.mark.parametrize(("number", "holds"), [(99, True), (100, False), (0, True)])
def test_it_compares_the_codes_left_in_all_partitions(number: int, holds: bool) -> None:
    condition = asked({"lt": "100"}, facts={LEFT: number})
    assert condition.at() == (holds, None)
    assert condition.evidence() == {LEFT: number}
    assert condition.reads.facts == {LEFT}


def test_before_it_is_known_only_exists_false_holds() -> None:
    assert not asked({"lt": "100"}, facts={"coupons.other.left": 5}).holds()
    assert not asked({"at_least": "0"}).holds()
    assert asked({"exists": "false"}).holds()
    assert asked({"lt": "100"}).evidence() == {LEFT: None}


@pytest.mark.parametrize(
    ("pool", "left", "path", "says"),
    [
        ("gift-crad", {"lt": "100"}, "coupons", "unknown coupon pool 'gift-crad'"),
        ("made", {"lt": "100"}, "coupons", "'made' generates its codes by rule"),
        ("gift-card", {"lt": "few"}, "left.lt", "expected a number"),
        ("gift-card", {}, "left", "needs a comparison"),
        ("gift-card", {"lt": "1", "gt": "0"}, "left.lt", "exclude each other"),
        ("gift-card", {"contains": "1"}, "left.contains", "contains"),
    ],
)
def test_what_makes_no_sense_is_refused(
    pool: str, left: dict[str, Any], path: str, says: str
) -> None:
    ((at, message),) = asked(left, pool).said()
    assert at == path
    assert says in message


def test_a_change_of_the_number_concerns_segments_and_waits() -> None:
    codes_left = {"not": {"coupons": "gift-card", "left": {"lt": "100"}}}
    segment = {"segment": "codes-left", "if": codes_left}
    definitions, problems = examine({"segments": [segment], "coupons": POOLS})
    assert problems == []
    assert isinstance(definitions, Definitions)
    assert dependence_of(definitions.segments[0].if_, {}).values == {LEFT}
