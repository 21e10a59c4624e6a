"""Gamma-Gamma: the value of a customer's orders (Fader and Hardie, The Gamma-Gamma Model of
Monetary Value, 2013; Fader, Hardie and Lee, RFM and CLV, Journal of Marketing Research 42 (2005),
415-430).

The values of a customer's orders are distributed as Gamma(p, ν) around a mean of their own; over
the customers ν is distributed as Gamma(q, γ).
"""

from collections.abc import Sequence

PARAMETERS = ("p", "q", "gamma")
"""gamma in the unit of the values, the others without a unit; all above 0, q above 1."""


def expected_order_value(parameters: Sequence[float], orders: int, mean: float) -> float:
    """The mean value of a customer's future orders, known `orders` with this mean value: formula
    (5) of the note, a weighted mean of the customer's and of all customers'."""
    p, q, gamma = parameters
    return p * (gamma + orders * mean) / (p * orders + q - 1.0)
