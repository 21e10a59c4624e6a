"""The likelihood of what customers have done, for each model that is fitted.

Of a purchase model it is the likelihood of the orders of a customer who is still active, divided by
the probability of being active (Bayes): P(orders) = P(orders, active) / P(active | orders).

Each function returns the logarithm for every customer.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

from streams.value.order_history import FloatArray


def bg_nbd(
    parameters: Sequence[float], x: FloatArray, recency: FloatArray, age: FloatArray
) -> FloatArray:
    """Fader, Hardie and Lee (2005), formula (6)."""
    r, alpha, a, b = parameters
    active = _orders_at_a_rate(r, alpha, x, age) + betaln(a, b + x) - betaln(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):  # of x = 0, which can't have left
        left = np.log(a / (b + x - 1)) + (r + x) * np.log((alpha + age) / (alpha + recency))
    found: FloatArray = active + np.where(x > 0, np.logaddexp(0.0, left), 0.0)
    return found


def mbg_nbd(
    parameters: Sequence[float], x: FloatArray, recency: FloatArray, age: FloatArray
) -> FloatArray:
    """Batislam, Denizel and Filiztekin (2007)."""
    r, alpha, a, b = parameters
    active = _orders_at_a_rate(r, alpha, x, age) + betaln(a, b + x + 1) - betaln(a, b)
    left = np.log(a / (b + x)) + (r + x) * np.log((alpha + age) / (alpha + recency))
    found: FloatArray = active + np.logaddexp(0.0, left)
    return found


def pareto_nbd(
    parameters: Sequence[float], x: FloatArray, recency: FloatArray, age: FloatArray
) -> FloatArray:
    """Fader and Hardie (2005), with P(active) as in `forecast.pareto_nbd`."""
    r, alpha, s, beta = parameters
    active = _orders_at_a_rate(r, alpha, x, age) + s * np.log(beta / (beta + age))
    shape, larger = r + x, max(alpha, beta)
    order, apart = shape + s, abs(alpha - beta)
    q = s + 1.0 if alpha >= beta else shape

    def log_g(t: FloatArray) -> FloatArray:
        at = larger + t
        z = apart / at
        power = shape * np.log((alpha + age) / at) + s * np.log((beta + age) / at)
        series = hyp2f1(1.0, order + 1.0 - q, order + 1.0, z)
        found: FloatArray = power + (1.0 - q) * np.log1p(-z) + np.log(series)
        return found

    since_last, since_today = log_g(recency), log_g(age)
    with np.errstate(divide="ignore"):  # nothing left to leave in, where the last order is today's
        share = np.log(-np.expm1(np.minimum(since_today - since_last, 0.0)))
    found: FloatArray = active + np.logaddexp(0.0, np.log(s / order) + since_last + share)
    return found


def gamma_gamma(parameters: Sequence[float], orders: FloatArray, mean: FloatArray) -> FloatArray:
    """Of the mean value of a customer's orders: Fader and Hardie (2013), formula (1a)."""
    p, q, gamma = parameters
    all_of_them = p * orders
    found: FloatArray = (
        gammaln(all_of_them + q)
        - gammaln(all_of_them)
        - gammaln(q)
        + q * np.log(gamma)
        + (all_of_them - 1.0) * np.log(mean)
        + all_of_them * np.log(orders)
        - (all_of_them + q) * np.log(gamma + orders * mean)
    )
    return found


def _orders_at_a_rate(r: float, alpha: float, x: FloatArray, age: FloatArray) -> FloatArray:
    """The logarithm of the density of `x` orders within `age` days at their moments, the rate being
    distributed as Gamma(r, alpha)."""
    found: FloatArray = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    return found - (r + x) * np.log(alpha + age)
