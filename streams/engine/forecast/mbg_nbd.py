"""MBG/NBD: Batislam, Denizel and Filiztekin, Empirical Validation and Comparison of Models for
Customer Base Analysis, International Journal of Research in Marketing 24 (2007), 201-209.

BG/NBD with one difference: a customer may leave after the first order, too.
"""

from collections.abc import Sequence
from math import exp, log

from streams.engine.forecast.beta_geometric import orders_while_active
from streams.engine.forecast.purchases import Purchases

PARAMETERS = ("r", "alpha", "a", "b")
"""alpha in days, the others without a unit; all above 0."""
_MOST = 700.0
"""exp of more isn't a number."""


def probability_active(parameters: Sequence[float], purchases: Purchases, day: float) -> float:
    """The probability that the customer hasn't left by `day`."""
    r, alpha, a, b = parameters
    x = purchases.orders - 1
    unseen = log((alpha + purchases.age(day)) / (alpha + purchases.recency))
    return 1.0 / (1.0 + a / (b + x) * exp(min((r + x) * unseen, _MOST)))


def expected_orders(
    parameters: Sequence[float],
    purchases: Purchases,
    day: float,
    days: float,
    discount: float = 0.0,
) -> float:
    """The orders expected within `days` after `day`, each times exp(−`discount` × days from
    `day`)."""
    r, alpha, a, b = parameters
    x = purchases.orders - 1
    active = probability_active(parameters, purchases, day)
    scale = alpha + purchases.age(day)
    return active * orders_while_active(r + x, scale, a, b + x + 1, days, discount)
