# cython: annotation_typing=True
"""Pareto/NBD: Schmittlein, Morrison and Colombo, Counting Your Customers, Management Science 33
(1987), 1-24, in the form of Fader and Hardie, A Note on Deriving the Pareto/NBD Model and Related
Expressions (2005).

An active customer orders at a rate λ and leaves at a rate μ, whether ordering or not. Over the
customers λ is distributed as Gamma(r, α), μ as Gamma(s, β).
"""

from collections.abc import Sequence
from math import exp, log

from streams.engine.forecast.hypergeometric import power_series
from streams.engine.forecast.purchases import Purchases
from streams.engine.forecast.quadrature import POINTS, panels_of

PARAMETERS = ("r", "alpha", "s", "beta")
"""alpha and beta in days, the others without a unit; all above 0."""
_MOST = 700.0
"""exp of more isn't a number."""


def probability_active(parameters: Sequence[float], purchases: Purchases, day: float) -> float:
    """The probability that the customer hasn't left by `day`.

    It is 1 / (1 + L), L being the likelihood that the customer left at some time since the last
    order, in proportion to that of being active:

        L = s / (r + s + x) × (G(t_x) − G(T)),
        G(t) = ((α + T) / (m + t))^(r + x) ((β + T) / (m + t))^s F(|α − β| / (m + t)),
        F(z) = ₂F₁(r + s + x, q; r + s + x + 1; z)

    with m the larger of α and β; q is s + 1 where that is α, else r + x.
    """
    r: float = parameters[0]
    alpha: float = parameters[1]
    s: float = parameters[2]
    beta: float = parameters[3]
    shape: float = r + purchases.orders - 1.0
    age: float = purchases.age(day)
    recency: float = purchases.recency
    order: float = shape + s
    larger: float = alpha if alpha >= beta else beta
    apart: float = abs(alpha - beta)
    q: float = s + 1.0 if alpha >= beta else shape
    if recency == age:
        return 1.0
    since_last: float = _left(shape, s, alpha + age, beta + age, larger + recency, q, apart)
    since_today: float = _left(shape, s, alpha + age, beta + age, larger + age, q, apart)
    left: float = s / order * (since_last - since_today)
    return 1.0 / (1.0 + max(left, 0.0))


def _left(
    shape: float, s: float, alpha: float, beta: float, at: float, q: float, apart: float
) -> float:
    """G(t): `alpha`, `beta` are α + T, β + T, and `at` is m + t. By Euler's transformation (DLMF
    15.8.1) F(z) = (1 − z)^(1 − q) ₂F₁(1, r + s + x + 1 − q; r + s + x + 1; z), whose terms fall."""
    order: float = shape + s
    z: float = apart / at
    power: float = shape * log(alpha / at) + s * log(beta / at) + (1.0 - q) * log(1.0 - z)
    return exp(min(power, _MOST)) * power_series(1.0, order + 1.0 - q, order + 1.0, z)


def expected_orders(
    parameters: Sequence[float],
    purchases: Purchases,
    day: float,
    days: float,
    discount: float = 0.0,
) -> float:
    """The orders expected within `days` after `day`, each times exp(−`discount` × days from
    `day`): P(active) times the integral of E[λ] E[exp(−μ t)] = (r + x) / (α + T) × (1 + t / (β +
    T))^−s; without a discount, formula (41) of the note."""
    shape: float = parameters[0] + purchases.orders - 1.0
    s: float = parameters[2]
    age: float = purchases.age(day)
    scale: float = parameters[3] + age
    width: float = log(1.0 + days / scale)
    panels: float = panels_of(width, s)
    panel: float = 0.0
    total: float = 0.0
    within: float
    weight: float
    at: float
    while panel < panels:
        for within, weight in POINTS:
            at = (panel + within) / panels * width
            total += weight * exp((1.0 - s) * at + discount * scale * (1.0 - exp(at)))
        panel += 1.0
    rate: float = shape / (parameters[1] + age)
    return probability_active(parameters, purchases, day) * rate * scale * width * total / panels
