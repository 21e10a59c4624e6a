"""SEMANTICS 7.2: values of a customer, historic ones exact, predicted ones by the store's day."""

import zoneinfo

from streams.engine.customer import (
    PREDICTED,
    VALUES,
    Situation,
    purchases_of,
    value_on_day,
    value_reader,
    values_on_day,
)
from streams.engine.customer.orders import (
    apply_order_cancelled,
    apply_order_placed,
    apply_order_refunded,
)
from streams.engine.customer.past import Past
from streams.engine.customer.state import CustomerState
from streams.engine.forecast import (
    Part,
    PurchaseModel,
    predict_activity,
    predict_orders,
    predict_revenue,
    rounded,
    rounded_money,
)
from streams.engine.values import day_number, zone_named

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_772_445_600_000  # 2026-03-02 10:00 UTC


def zone(name: str) -> zoneinfo.ZoneInfo:
    found = zone_named(name)
    assert found is not None
    return found


UTC, AUCKLAND = zone("UTC"), zone("Pacific/Auckland")
MODEL = PurchaseModel("bg", (Part("bg_nbd", (0.243, 30.898, 0.793, 2.426)),), None, 0.1)


class Ada:
    def __init__(self):
        self.state = CustomerState("ada")

    def order(self, at, total, order_id=None):
        state = self.state
        data: dict[str, object] = {"order_id": order_id or f"o{state.sequence}", "items": []}
        if total is not None:
            data["total"] = total
        apply_order_placed(state, data, at, at)
        state.sequence += 1
        state.recent.setdefault("order.placed", Past()).add(at, state.sequence, None)
        return self

    def value(self, name, now=NOW, zone=UTC, **facts):
        return value_reader(name, zone)(Situation(self.state, now, facts))


def bought_thrice():
    return Ada().order(NOW - 59 * DAY, 10_00, "a").order(NOW - 20 * DAY, 25_00, "b").order(
        NOW - 9 * DAY, 32_05, "c"
    )  # fmt: skip


def test_without_an_order_there_is_nothing_but_nothing_spent():
    ada = Ada()
    found = {name: ada.value(name, model=MODEL) for name in VALUES}
    assert {name: value for name, value in found.items() if value is not None} == {
        "clv.historic": 0,
        "orders.count": 0,
    }


def test_historic_values():
    ada = bought_thrice()
    assert ada.value("orders.count") == 3
    assert ada.value("clv.historic") == 67_05
    assert ada.value("order.mean") == 22_35
    assert ada.value("order.last") == 32_05
    assert ada.value("orders.days_between") == 25


def test_historic_values_are_net():
    ada = bought_thrice()
    apply_order_refunded(ada.state, {"order_id": "c", "amount": 2_05}, NOW, NOW)
    apply_order_cancelled(ada.state, {"order_id": "a"}, NOW, NOW)
    assert ada.value("clv.historic") == 55_00
    assert ada.value("order.last") == 30_00
    assert ada.value("order.mean") == 18_33
    assert ada.value("orders.count") == 3


def test_the_last_order_is_that_of_the_latest_moment_not_of_the_latest_record():
    ada = bought_thrice().order(NOW - 30 * DAY, 1_00, "imported")
    assert ada.value("order.last") == 32_05
    assert ada.value("orders.days_between") == rounded(50 / 3)


def test_the_last_order_without_an_amount_has_no_value():
    assert bought_thrice().order(NOW, None).value("order.last") is None


def test_one_order_has_no_days_between():
    assert Ada().order(NOW, 10_00).value("orders.days_between") is None


def test_without_a_model_predicted_values_are_missing():
    assert [bought_thrice().value(name) for name in PREDICTED] == [None] * len(PREDICTED)


def test_predicted_values_are_those_of_the_model():
    ada, today = bought_thrice(), day_number(NOW, UTC)
    bought = purchases_of(ada.state, UTC)
    assert bought is not None
    active = predict_activity(MODEL, bought, today)
    assert active is not None
    predicted = rounded_money(predict_revenue(MODEL, bought, today))
    assert bought.recency == 50
    assert bought.age(today) == 59
    assert predicted > 1_00
    assert ada.value("clv.predicted", model=MODEL) == predicted
    assert ada.value("clv.total", model=MODEL) == 67_05 + predicted
    assert ada.value("orders.expected_90d", model=MODEL) == rounded(
        predict_orders(MODEL, bought, today, 90)
    )
    assert ada.value("churn_risk", model=MODEL) == rounded(1 - active)


def test_they_change_at_the_beginning_of_the_stores_day():
    ada = bought_thrice()
    midnight = NOW + HOUR  # in Auckland, 13 hours ahead in summer
    before, at = (
        ada.value("orders.expected_90d", now, AUCKLAND, model=MODEL)
        for now in (midnight - 1, midnight)
    )
    assert before > at
    assert before == ada.value("orders.expected_90d", midnight - DAY, AUCKLAND, model=MODEL)


def test_the_next_order_is_expected_on_the_beginning_of_a_day_of_the_store():
    ada = bought_thrice()
    expected = ada.value("order.expected_next_at", NOW, AUCKLAND, model=MODEL)
    assert expected == ada.value("order.expected_next_at", NOW + 90 * DAY, AUCKLAND, model=MODEL)
    assert day_number(expected - 1, AUCKLAND) + 1 == day_number(expected, AUCKLAND)
    baseline = PurchaseModel("own", (Part("own_rate"),))
    assert ada.value("order.expected_next_at", model=baseline) == NOW + 16 * DAY - 10 * HOUR


def test_the_window_before_counts_the_remembered_orders():
    model = PurchaseModel("window", (Part("window_before"),))
    ada = bought_thrice()
    assert ada.value("orders.expected_90d", model=model) == 3
    assert ada.value("orders.expected_90d", NOW + 31 * DAY, model=model) == 2
    assert ada.value("churn_risk", model=model) is None


def test_all_values_of_a_day_are_those_that_are_read_one_by_one() -> None:
    ada = bought_thrice()
    models = (MODEL, PurchaseModel("window", (Part("window_before"),)), None)
    for model in models:
        facts = {} if model is None else {"model": model}
        one_by_one = {
            name: ada.value(name, **facts) for name in VALUES if name != "order.expected_next_at"
        }
        found = values_on_day(ada.state, model, day_number(NOW, UTC), UTC)
        assert found == {name: value for name, value in one_by_one.items() if value is not None}


def test_a_stand_in_replaces_a_value():
    facts = {"orders.expected_90d of ada": 0.123456, "clv.total of ada": 50_00.0}
    assert bought_thrice().value("orders.expected_90d", **facts) == 0.1235
    assert bought_thrice().value("clv.total", model=MODEL, **facts) == 50_00
    assert value_on_day("clv.total", UTC)(Situation(Ada().state, NOW, facts), 1) == 50_00
