"""Conditions that exclude each other, and those that only seem to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.definitions.satisfiable import can_hold, implies
from streams.engine import Definitions, read_definitions
from streams.engine.conditions import compile_condition
from streams.engine.customer import Situation, new_state

ORDERS = {"count": "order.placed"}
PLAN = {"profile": "plan"}
TOTAL = {"trigger": "total"}
QUIET = {"since_last": "order.placed"}


@pytest.mark.parametrize(
    "conditions",
    [
        [{**ORDERS, "lt": "0"}],
        [{**ORDERS, "equals": "0"}, {**ORDERS, "at_least": "1"}],
        [{**ORDERS, "gt": "1"}, {**ORDERS, "lt": "2"}],
        [{"not": {**ORDERS, "at_least": "0"}}],
        [{**PLAN, "equals": "a"}, {**PLAN, "equals": "b"}],
        [{**PLAN, "in": ["a", "b"]}, {**PLAN, "not_in": ["b", "a", "c"]}],
        [{**PLAN, "not_equals": "a"}, {**PLAN, "exists": "false"}],
        [{**PLAN, "in": []}],
        [{**TOTAL, "gt": "100"}, {**TOTAL, "at_most": "100.0"}],
        [{**TOTAL, "between": ["1", "3"]}, {**TOTAL, "gt": "3"}],
        [{"profile": "on", "equals": "true"}, {"profile": "on", "equals": "false"}],
        [{"profile": "day", "gt": "2026-03-02"}, {"profile": "day", "lt": "2026-03-01"}],
        [{**QUIET, "at_least": "90d"}, {**QUIET, "lt": "12w"}],
        [{"value": "clv.total", "below": "5"}, {"value": "clv.total", "above": "7"}],
        [{"consent": "email"}, {"not": {"consent": "email"}}],
        [{"any": [{"segment": "a"}, {"consent": "sms"}]}, {"not": {"segment": "a"}},
            {"not": {"consent": "sms"}}],
        [{"all": [{**PLAN, "equals": "$profile.b"}, {"not": {**PLAN, "equals": "$profile.b"}}]}],
    ],
)  # fmt: skip
def test_what_can_not_hold(conditions: list[dict[str, Any]]) -> None:
    assert not can_hold(conditions)


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        [{**ORDERS, "equals": "0"}, {**ORDERS, "in_last": "7d", "at_least": "1"}],
        [{"sum": "order.placed", "of": "total", "gt": "1"}, {"sum": "order.placed", "of": "total",
            "lt": "2"}],
        [{**PLAN, "equals": "a"}, {**PLAN, "equals": "b", "ignore_case": "true"}],
        [{"not": {**PLAN, "equals": "a"}}, {**PLAN, "exists": "false"}],
        [{**PLAN, "starts_with": "a"}, {**PLAN, "equals": "b"}],
        [{**TOTAL, "gt": "$profile.score"}, {**TOTAL, "lt": "1"}],
        [{"trigger": "items", "any": {"sku": "A"}}, {"trigger": "items", "none": {"sku": "B"}}],
        [{"profile": "birthday", "before": "-30d"}, {"profile": "birthday", "after": "2026-01-01"}],
        [{"value": "clv.total", "below": "store_mean"}, {"value": "clv.total", "gt": "7"}],
        [{"any": [{"segment": "a"}, {"consent": "sms"}]}, {"not": {"segment": "a"}}],
        [{"in_flow": "a"}, {"not": {"in_flow": "a", "within": "7d"}}],
    ],
)  # fmt: skip
def test_what_may_hold(conditions: list[dict[str, Any]]) -> None:
    assert can_hold(conditions)


def test_what_follows() -> None:
    assert implies([{**TOTAL, "gt": "100"}], {**TOTAL, "gt": "50"})
    assert not implies([{**TOTAL, "gt": "50"}], {**TOTAL, "gt": "100"})
    assert implies([{**ORDERS, "gt": "0"}], {**ORDERS, "at_least": "1"})
    assert implies([], {**ORDERS, "at_least": "0"})
    assert not implies([], {**PLAN, "exists": "true"})


def test_too_many_things_may_hold() -> None:
    many = [{"profile": f"f{number}", "equals": "x"} for number in range(20)]
    assert can_hold([{"any": many}, {"not": {"any": many}}])


COMPARISONS = st.one_of(
    st.builds(lambda value: {"equals": value}, st.sampled_from(["1", "2", "3"])),
    st.builds(lambda value: {"not_equals": value}, st.sampled_from(["1", "2", "3"])),
    st.builds(lambda value: {"gt": value}, st.sampled_from(["1", "2", "3"])),
    st.builds(lambda value: {"at_most": value}, st.sampled_from(["1", "2", "2.5"])),
    st.builds(lambda value: {"exists": value}, st.sampled_from(["true", "false"])),
    st.just({"in": ["1", "3"]}),
    st.just({"not_in": ["2"]}),
    st.just({"between": ["1", "2"]}),
)
ATOMS = st.one_of(
    st.builds(
        lambda field, comparison: {"profile": field, **comparison},
        st.sampled_from(["score", "rank"]),
        COMPARISONS,
    ),
    st.just({"consent": "email"}),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda some: {"all": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda some: {"any": some}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "score": st.sampled_from([0, 1, 1.5, 2, 2.7, 3, 9]),
        "rank": st.sampled_from([0, 1, 2, 3]),
        "consent": st.sampled_from([[], ["email"]]),
    },
)


@given(st.lists(CONDITIONS, min_size=1, max_size=3), st.lists(PROFILES, max_size=20))
def test_no_customer_meets_what_can_not_hold(
    conditions: list[dict[str, Any]], profiles: list[dict[str, Any]]
) -> None:
    """Judged by the engine itself."""
    raw = {
        "segments": [{"segment": "s", "if": {"all": conditions}}],
        "store": {"profile": {"score": "number", "rank": "number"}},
    }
    definitions = read_definitions(raw)
    assert isinstance(definitions, Definitions), definitions
    condition = compile_condition(definitions.segments[0].if_, definitions.scope())
    met = []
    for profile in profiles:
        state = new_state("ada")
        state.profile.update(profile)
        met.append(condition(Situation(state, 0))[0])
    assert can_hold(conditions) or not any(met)
