"""Predictions of a purchase model about one customer (SEMANTICS 7.2).

All are functions of the customer's orders, the store's day and the model. Between two orders, and
whatever the model, they change in one direction only: from day to day fewer orders are expected and
less revenue, and the customer is less likely to be active; the day of the next order stays. So a
comparison with a number that doesn't change flips at most once
(tests/engine/forecast/test_predictions.py).
"""

from math import floor

from streams.engine.forecast.gamma_gamma import expected_order_value
from streams.engine.forecast.purchase_model import (
    EXPECTED_ORDERS,
    PROBABILITY_ACTIVE,
    YEAR,
    Part,
    PurchaseModel,
)
from streams.engine.forecast.purchases import Purchases

LONGEST_TO_NEXT = 2 * YEAR
"""Days within which a next order is expected, or else no day is named."""


def rounded(number: float) -> float:
    """To 4 decimals, half up. With these operations and no other: a function over arrays rounds
    alike."""
    return floor(number * 10_000.0 + 0.5) / 10_000.0


def rounded_money(amount: float) -> int:
    """To whole minor units, half up."""
    return floor(amount + 0.5)


def predict_orders(
    model: PurchaseModel, purchases: Purchases, day: float, days: float, discount: float = 0.0
) -> float:
    """The orders expected within `days` after `day`, each times exp(−`discount` × days from
    `day`): the mean of the model's parts."""
    parts = model.parts
    total: float = 0.0
    for part in parts:
        expect = EXPECTED_ORDERS[part.kind]
        total += expect(part.parameters, purchases, day, days, discount)
    return total / len(parts)


def predict_activity(model: PurchaseModel, purchases: Purchases, day: float) -> float | None:
    """The probability that the customer hasn't left by `day`; None of a model of baselines only,
    which know nothing of it."""
    part = _probability_part(model)
    if part is None:
        return None
    probability: float = PROBABILITY_ACTIVE[part.kind](part.parameters, purchases, day)
    return probability


def predict_order_value(model: PurchaseModel, purchases: Purchases) -> float:
    """The mean value of the customer's future orders, in minor units."""
    mean = purchases.revenue / purchases.orders
    if model.order_value is None:
        return mean
    return expected_order_value(model.order_value, purchases.orders, mean)


def predict_revenue(
    model: PurchaseModel, purchases: Purchases, day: float, days: float = YEAR
) -> float:
    """The revenue of the orders expected within `days` after `day`, discounted to `day`, in minor
    units."""
    orders = predict_orders(model, purchases, day, days, model.daily_discount)
    return orders * predict_order_value(model, purchases)


def predict_next_day(model: PurchaseModel, purchases: Purchases) -> int | None:
    """The day by which, when the customer ordered last, one more order was expected; None if that
    is beyond LONGEST_TO_NEXT. It doesn't depend on today, so that who is late can be told. The
    probability model is asked, or else (baselines only) the customer's own mean days between
    orders."""
    last = purchases.last_day
    part = _probability_part(model) or Part("own_rate")
    expect = EXPECTED_ORDERS[part.kind]
    low, high = 0, LONGEST_TO_NEXT
    if expect(part.parameters, purchases, last, high) < 1.0:
        return None
    while high - low > 1:  # fewer than one within `low` days, one or more within `high`
        middle = (low + high) // 2
        if expect(part.parameters, purchases, last, middle) < 1.0:
            low = middle
        else:
            high = middle
    return int(last) + high


def _probability_part(model: PurchaseModel) -> Part | None:
    for part in model.parts:
        if part.kind in PROBABILITY_ACTIVE:
            return part
    return None
