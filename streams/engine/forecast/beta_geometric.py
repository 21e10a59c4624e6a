# cython: annotation_typing=True
"""The common part of BG/NBD and MBG/NBD: a customer who is active orders at a rate of their own,
and may leave after each order.

Of an active customer is known: the rate λ is distributed as Gamma(shape, scale), the probability p
of leaving after an order as Beta(a, b). From today on, the orders of the day in `s` days are
expected to be

    E[λ exp(−λ p s)] = shape / scale × ₂F₁(shape + 1, a; a + b; −s / scale)

Their integral over s is formula (10) of Fader, Hardie and Lee (2005) without its second factor,
P(active). As an integral it needs no care where that formula divides by zero (a = 1), nor where
nobody leaves (a → 0), and a discount is a factor in it. Transformed (DLMF 15.8.1), with
1 + s / scale = exp(w), the first where a ≤ shape + 1, or else the second, whose sum is the shorter
one then:

    ₂F₁(shape + 1, a; a + b; −s / scale) = exp(−a w) ₂F₁(a + b − shape − 1, a; a + b; 1 − exp(−w))
                               = exp(−(shape + 1) w) ₂F₁(shape + 1, b; a + b; 1 − exp(−w))
"""

from math import exp, log

from streams.engine.forecast.hypergeometric import power_series
from streams.engine.forecast.quadrature import POINTS, panels_of

LEAST_POWER = -600.0
"""Where the power before the sum is less, the sum may be no number: nothing is expected there. It
takes a customer with hundreds of orders, of a model by which many leave."""


def orders_while_active(
    shape: float, scale: float, a: float, b: float, days: float, discount: float
) -> float:
    """The orders expected within `days` of a customer who is active today, each times
    exp(−`discount` × days from now)."""
    width: float = log(1.0 + days / scale)
    panels: float = panels_of(width, a * (shape + 1.0) / (a + b))
    first: float = a + b - shape - 1.0
    second: float = a
    power: float = 1.0 - a
    if a > shape + 1.0:
        first, second, power = shape + 1.0, b, -shape
    panel: float = 0.0
    total: float = 0.0
    within: float
    weight: float
    at: float
    grown: float
    rate: float
    while panel < panels:
        for within, weight in POINTS:
            at = (panel + within) / panels * width
            grown = exp(at)  # 1 + s / scale
            if power * at < LEAST_POWER:
                continue
            rate = exp(power * at - discount * scale * (grown - 1.0)) * power_series(
                first, second, a + b, 1.0 - 1.0 / grown
            )
            total += weight * rate
        panel += 1.0
    return shape * width * total / panels
