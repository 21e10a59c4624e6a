"""Predictions for many customers at once: the engine's, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import forecast
from streams.engine.forecast import Purchases
from streams.value import vectorised
from streams.value.order_history import CustomerArrays
from tests.engine.forecast.test_predictions import MODEL, purchases
from tests.harness.examples import examples


def customers_of(all_: list[Purchases]) -> CustomerArrays:
    """The same customers, as arrays."""
    return CustomerArrays(
        np.array([one.orders for one in all_]),
        np.array([float(one.first_day) for one in all_]),
        np.array([float(one.last_day) for one in all_]),
        np.array([float(one.revenue) for one in all_]),
        np.array([float(day) for one in all_ for day in one.order_days]),
        np.array([place for place, one in enumerate(all_) for _ in one.order_days]),
    )


@given(
    model=MODEL,
    all_=st.lists(purchases(), min_size=1, max_size=8),
    day=st.integers(300, 900),
    days=st.sampled_from((1, 90, 365)),
)
@examples(24)
def test_every_prediction_is_the_engines(model, all_, day, days):
    customers = customers_of(all_)
    pairs = (
        (vectorised.orders_of_all, forecast.predict_orders, (day, days)),
        (vectorised.revenue_of_all, forecast.predict_revenue, (day,)),
        (vectorised.activity_of_all, forecast.predict_activity, (day,)),
        (vectorised.order_value_of_all, forecast.predict_order_value, ()),
        (vectorised.next_day_of_all, forecast.predict_next_day, ()),
    )
    for of_all, of_one, arguments in pairs:
        found = of_all(model, customers, *arguments)
        expected = [of_one(model, one, *arguments) for one in all_]
        if found is None:
            assert set(expected) == {None}
        else:
            assert [None if np.isnan(one) else one for one in found] == expected


@given(st.lists(st.floats(0, 1e12), min_size=1))
def test_rounding_is_the_engines(numbers):
    array = np.array(numbers)
    assert list(vectorised.rounded_all(array)) == [forecast.rounded(one) for one in numbers]
    assert list(vectorised.rounded_money_all(array)) == [forecast.rounded_money(x) for x in numbers]


def test_a_customer_of_the_article_among_others():
    """1.226 orders of the customer x = 2, t_x = 30.43, T = 38.86 in 39 weeks (see test_bg_nbd)."""
    part = forecast.Part("bg_nbd", (0.243, 4.414, 0.793, 2.426))
    all_ = customers_of([Purchases(1, 0, 0), Purchases(3, 0, 30.43)])
    assert vectorised.expected_of_part(part, all_, 38.86, 39)[1] == pytest.approx(1.226, abs=5e-4)
