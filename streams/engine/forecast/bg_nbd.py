"""BG/NBD: Fader, Hardie and Lee, "Counting Your Customers" the Easy Way: An Alternative to the
Pareto/NBD Model, Marketing Science 24 (2005), 275-284.

An active customer orders at a rate λ and leaves after each order with probability p. Over the
customers λ is distributed as Gamma(r, α), p as Beta(a, b). Who has ordered once only is never taken
to have left.
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
    """The probability that the customer hasn't left by `day` (Fader, Hardie and Lee, Computing
    P(alive) Using the BG/NBD Model, 2008)."""
    r, alpha, a, b = parameters
    x = purchases.orders - 1
    if x == 0:
        return 1.0
    unseen = log((alpha + purchases.age(day)) / (alpha + purchases.recency))
    return 1.0 / (1.0 + a / (b + x - 1) * exp(min((r + x) * unseen, _MOST)))


def expected_orders(
    parameters: Sequence[float],
    purchases: Purchases,
    day: float,
    days: float,
    discount: float = 0.0,
) -> float:
    """The orders expected within `days` after `day`, each times exp(−`discount` × days from
    `day`); without a discount, formula (10) of the article."""
    r, alpha, a, b = parameters
    x = purchases.orders - 1
    active = probability_active(parameters, purchases, day)
    scale = alpha + purchases.age(day)
    return active * orders_while_active(r + x, scale, a, b + x, days, discount)
