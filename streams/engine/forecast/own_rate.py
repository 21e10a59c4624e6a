"""A baseline: the customer goes on ordering at their own rate."""

from collections.abc import Sequence
from math import exp

from streams.engine.forecast.purchases import Purchases

PARAMETERS = ()


def expected_orders(
    parameters: Sequence[float],
    purchases: Purchases,
    day: float,
    days: float,
    discount: float = 0.0,
) -> float:
    """The orders after the first, per day of the customer's age, times `days`; of a customer who is
    younger than that, as if so old. Each is discounted as if they came evenly."""
    x = purchases.orders - 1
    expected: float = x * days / max(purchases.age(day), days)
    return expected * evenly_discounted(days, discount)


def evenly_discounted(days: float, discount: float) -> float:
    """The mean of exp(−`discount` × t) for t from 0 to `days`."""
    over_all = discount * days
    return 1.0 if over_all == 0 else (1.0 - exp(-over_all)) / over_all
