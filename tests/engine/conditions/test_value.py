"""SEMANTICS 3.4, 7.2: values of a customer, against numbers and the store's mean."""

# ruff: noqa: E501 - tables of cases, one a line

from typing import Any

import pytest

from streams.engine.customer import MODEL as MODEL_FACT
from streams.engine.customer import stand_in_fact
from streams.engine.customer.situation import Situation
from streams.engine.forecast import Part, PurchaseModel
from tests.engine.conditions.asking import DAY, HOUR, NOW, Asked


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


MODEL = PurchaseModel("bg", (Part("bg_nbd", (0.243, 30.898, 0.793, 2.426)),), None, 0.1)
MBG = PurchaseModel("mbg", (Part("mbg_nbd", (0.525, 43.281, 0.891, 1.614)),))
MIDNIGHT = NOW - 10 * HOUR


def predicted(raw: dict[str, Any], model: PurchaseModel = MODEL, **facts: Any) -> Any:
    """The truth of a condition about a customer with three orders, at any moment."""
    asked = Asked(raw)
    state = asked.state
    state.orders, state.revenue = 3, 67_05
    state.first_order_at, state.last_order_at = NOW - 59 * DAY, NOW - 9 * DAY
    assert not asked.problems
    return lambda at: asked.judge(Situation(state, at, {MODEL_FACT: model, **facts}))


@pytest.mark.parametrize(
    ("raw", "model"),
    [
        ({"value": "orders.expected_90d", "lt": "1"}, MODEL),
        ({"value": "orders.expected_90d", "at_least": "0.75"}, MODEL),
        ({"value": "clv.predicted", "below": "30"}, MODEL),
        ({"value": "clv.total", "gt": "80"}, MODEL),
        ({"value": "clv.total", "below": "store_p40"}, MODEL),
        ({"value": "churn_risk", "above": "0.6"}, MBG),
        ({"value": "churn_risk", "at_most": "0.7"}, MBG),
        ({"value": "orders.expected_90d", "between": ["0.5", "0.9"]}, MODEL),
        ({"value": "orders.expected_90d", "equals": "0.5"}, MODEL),
        ({"profile": "score", "lt": "$value.orders.expected_90d"}, MODEL),
    ],
)
def test_between_two_announced_moments_the_truth_stays(
    raw: dict[str, Any], model: PurchaseModel
) -> None:
    """Every one is at the beginning of a day of the store; a threshold is passed at the very one."""
    judge = predicted(raw, model, **{"clv.total.p40": 7500.0})
    holds, announced = judge(NOW)
    for day in range(1, 800):
        at = MIDNIGHT + day * DAY
        assert judge(at - 1)[0] == holds, f"day {day}: changed before the announced moment"
        truth, next_announced = judge(at)
        assert truth == holds or announced == at, f"day {day}: not announced"
        if announced == at:
            holds, announced = truth, next_announced


def test_what_a_falling_value_comes_to_at_last_announces_nothing() -> None:
    assert predicted({"value": "orders.expected_90d", "lt": "1.5"})(NOW) == (True, None)
    assert predicted({"value": "orders.expected_90d", "gt": "1.5"})(NOW) == (False, None)
    assert predicted({"value": "churn_risk", "lt": "0.01"}, MBG)(NOW) == (False, None)


def test_a_change_far_ahead_is_looked_for_again_after_32_days() -> None:
    holds, announced = predicted({"value": "orders.expected_90d", "gt": "0.0001"})(NOW)
    assert (holds, announced) == (True, MIDNIGHT + 32 * DAY)


def test_the_moment_of_the_next_order_does_not_move() -> None:
    judge = predicted({"value": "order.expected_next_at", "lt": "2026-04-01"})
    assert judge(NOW) == judge(NOW + 90 * DAY)
    assert judge(NOW)[1] is None


@pytest.mark.parametrize(("word", "fact"), [("store_median", "p50"), ("store_p10", "p10"), ("store_p90", "p90")])  # fmt: skip
def test_against_a_quantile_of_the_store(word: str, fact: str) -> None:
    facts = {"clv.total.mean": 1.0, f"clv.total.{fact}": 10_000.4, **given("clv.total", 10_001)}
    above = Asked({"value": "clv.total", "above": word})
    assert holds(above, **facts)
    assert not holds(Asked({"value": "clv.total", "below": word}), **facts)
    evidence = {"value clv.total": "100.01", f"clv.total.{fact}": "100.00"}
    assert above.evidence(facts=facts) == evidence


def test_a_historic_value_against_a_quantile() -> None:
    asked = Asked({"value": "orders.count", "above": "store_p90"})
    asked.state.orders = 3
    assert not holds(asked)
    assert holds(asked, **{"orders.count.p90": 2.0})
    assert not holds(asked, **{"orders.count.p90": 3.0})


def test_evidence_names_the_model_and_the_figure_of_the_store() -> None:
    asked = Asked({"value": "clv.total", "below": "store_mean"})
    asked.state.orders, asked.state.revenue = 3, 67_05
    asked.state.first_order_at = asked.state.last_order_at = NOW
    facts = {MODEL_FACT: MODEL, "clv.total.mean": 12_345.6}
    found = asked.evidence(facts=facts)
    assert float(found.pop("value clv.total")) > 67.05
    assert found == {"clv.total.mean": "123.46", "model": "bg"}


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"value": "clv.totl", "gt": "1"}, "value", "unknown value 'clv.totl'"),
        ({"value": "clv.total"}, "", "'clv.total' needs a comparison"),
        ({"value": "clv.total", "below": "much"}, "below", "expected an amount of GBP such as 99.95, found 'much'"),
        ({"value": "clv.total", "below": "store_mean", "above": "store_p20"}, "above", "'below' and 'above' exclude each other"),
        ({"value": "clv.total", "below": "1", "above": "2"}, "above", "'below' and 'above' exclude each other"),
        ({"value": "clv.total", "below": "1", "gt": "2"}, "gt", "'below' and 'gt' exclude each other"),
        ({"value": "clv.total", "gt": "store_mean"}, "gt", "figures of the store are compared by 'below' or 'above'"),
        ({"value": "orders.count", "at_least": "store_p80"}, "at_least", "figures of the store are compared by 'below' or 'above'"),
        ({"value": "clv.total", "below": "store_p15"}, "below", "unknown figure of the store 'store_p15'"),
        ({"value": "order.expected_next_at", "above": "store_median"}, "above", "'order.expected_next_at' is a moment: no mean, no quantile"),
        ({"value": "order.expected_next_at", "below": "store_mean"}, "below", "'order.expected_next_at' is a moment: no mean, no quantile"),
    ],
)  # fmt: skip
def test_what_is_refused(raw: dict[str, object], path: str, message: str) -> None:
    assert (path, message) in Asked(raw).said()
