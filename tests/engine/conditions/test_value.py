"""SEMANTICS 3.4, 7.2: values of a customer, against numbers and the store's mean."""

# ruff: noqa: E501 - tables of cases, one a line

from typing import Any

import pytest

from streams.engine.customer import stand_in_fact
from streams.engine.customer.situation import Situation
from tests.engine.conditions.asking import NOW, Asked


def holds(asked: Asked, **facts: Any) -> bool:
    truth, changes_at = asked.judge(Situation(asked.state, NOW, facts, asked.journey))
    assert changes_at is None
    return truth


def given(name: str, value: float) -> dict[str, float]:
    return {stand_in_fact("ada", name): value}


def test_historic_is_revenue_net_of_refunds() -> None:
    asked = Asked({"value": "clv.historic", "at_least": "100"})
    asked.state.revenue, asked.state.refunds = 11_000, 1_001
    assert not holds(asked)
    asked.state.refunds = 1_000
    assert holds(asked)
    assert asked.evidence() == {"value clv.historic": "100.00"}


@pytest.mark.parametrize(("value", "below", "above"), [(9_999, True, False), (10_000, False, False), (10_001, False, True)])  # fmt: skip
def test_against_the_stores_mean(value: int, below: bool, above: bool) -> None:
    facts = {"clv.total.mean": 10_000.0, **given("clv.total", value)}
    assert holds(Asked({"value": "clv.total", "below": "store_mean"}), **facts) == below
    assert holds(Asked({"value": "clv.total", "above": "store_mean"}), **facts) == above


@pytest.mark.parametrize(("word", "fact"), [("store_median", "p50"), ("store_p10", "p10"), ("store_p90", "p90")])  # fmt: skip
def test_against_a_quantile_of_the_store(word: str, fact: str) -> None:
    facts = {"clv.total.mean": 1.0, f"clv.total.{fact}": 10_000.4, **given("clv.total", 10_001)}
    above = Asked({"value": "clv.total", "above": word})
    assert holds(above, **facts)
    assert not holds(Asked({"value": "clv.total", "below": word}), **facts)
    evidence = {"value clv.total": "100.01", f"clv.total.{fact}": "100.00"}
    assert above.evidence(facts=facts) == evidence


def test_before_the_first_fact_a_comparison_with_the_mean_is_false() -> None:
    for name in ("below", "above"):
        asked = Asked({"value": "clv.historic", name: "store_mean"})
        assert not holds(asked)
        assert asked.evidence() == {"value clv.historic": "0.00", "clv.historic.mean": None}


@pytest.mark.parametrize(
    ("comparison", "passes"),
    [
        ({"lt": "0.5"}, (True, False, False)),
        ({"below": "0.5"}, (True, False, False)),
        ({"at_most": "0.5"}, (True, True, False)),
        ({"above": "0.5"}, (False, False, True)),
    ],
)
def test_against_a_number(comparison: dict[str, str], passes: tuple[bool, ...]) -> None:
    asked = Asked({"value": "orders.expected_90d", **comparison})
    values = (0.4999, 0.5, 0.5001)
    assert tuple(holds(asked, **given("orders.expected_90d", v)) for v in values) == passes


def test_what_the_model_has_not_said_is_missing() -> None:
    assert not holds(Asked({"value": "churn_risk", "at_least": "0"}))
    assert holds(Asked({"value": "churn_risk", "exists": "false"}))


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"value": "clv.totl", "gt": "1"}, "value", "unknown value 'clv.totl'"),
        ({"value": "clv.total"}, "", "'clv.total' needs a comparison"),
        ({"value": "clv.total", "below": "much"}, "below", "expected an amount of GBP such as 99.95, found 'much'"),
        ({"value": "clv.total", "below": "store_p15"}, "below", "unknown figure of the store 'store_p15'"),
        ({"value": "clv.total", "below": "store_mean", "above": "store_p20"}, "above", "'below' and 'above' exclude each other"),
        ({"value": "clv.total", "below": "1", "above": "2"}, "above", "'below' and 'above' exclude each other"),
        ({"value": "clv.total", "below": "1", "gt": "2"}, "gt", "'below' and 'gt' exclude each other"),
        ({"value": "order.expected_next_at", "below": "store_mean"}, "below", "'order.expected_next_at' is a moment: no mean, no quantile"),
    ],
)  # fmt: skip
def test_what_is_refused(raw: dict[str, object], path: str, message: str) -> None:
    assert (path, message) in Asked(raw).said()
