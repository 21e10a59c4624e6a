"""A baseline: as many orders as in as long a window before."""

from bisect import bisect_right
from collections.abc import Sequence

from streams.engine.forecast.own_rate import evenly_discounted
from streams.engine.forecast.purchases import Purchases

PARAMETERS = ()


def expected_orders(
    parameters: Sequence[float],
    purchases: Purchases,
    day: float,
    days: float,
    discount: float = 0.0,
) -> float:
    """The orders of the last `days` days, `day` included. Each is discounted as if they came
    evenly."""
    remembered = purchases.order_days
    within = len(remembered) - bisect_right(remembered, day - days)
    return within * evenly_discounted(days, discount)
