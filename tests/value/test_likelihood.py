"""Likelihoods, against their definitions, integrated over all customers."""

import numpy as np
import pytest
from numpy import exp
from scipy.integrate import quad
from scipy.stats import gamma as gamma_of

from streams.value import likelihood
from tests.engine.forecast.over_all import beta_rule, gamma_rule, over_all

CUSTOMERS = [(0, 0.0, 39.0), (1, 5.0, 39.0), (7, 29.43, 38.86), (3, 20.0, 20.0)]
BETA_GEOMETRIC = (0.7, 6.0, 0.8, 2.4)
PARETO = (0.7, 10.0, 0.6, 12.0)


def of(kind, parameters, *observed):
    columns = (np.array([float(one)]) for one in observed)
    return float(exp(getattr(likelihood, kind)(parameters, *columns)[0]))


@pytest.mark.parametrize(("x", "recency", "age"), CUSTOMERS)
@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd"])
def test_who_may_leave_after_an_order(kind, x, recency, age):
    r, alpha, a, b = BETA_GEOMETRIC
    chances = x if kind == "bg_nbd" else x + 1  # to leave: MBG/NBD has one after the first order

    def one(rate, p):
        active = (1 - p) ** chances * rate**x * exp(-rate * age)
        if not chances:
            return active
        return active + p * (1 - p) ** (chances - 1) * rate**x * exp(-rate * recency)

    expected = over_all(gamma_rule(r, alpha), beta_rule(a, b), one)
    assert of(kind, BETA_GEOMETRIC, x, recency, age) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("x", "recency", "age"), CUSTOMERS)
@pytest.mark.parametrize("is_exchanged", [False, True])
def test_who_may_leave_at_any_time(x, recency, age, is_exchanged):
    r, alpha, s, beta = PARETO
    if is_exchanged:  # the other one is the larger
        alpha, beta = beta, alpha

    def one(rate, leaving):
        both = rate + leaving
        left = leaving / both * (exp(-both * recency) - exp(-both * age))
        return rate**x * (left + exp(-both * age))

    expected = over_all(gamma_rule(r, alpha), gamma_rule(s, beta), one)
    found = of("pareto_nbd", (r, alpha, s, beta), x, recency, age)
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("orders", "mean"), [(1, 12.0), (7, 73.7)])
def test_the_mean_value_of_orders(orders, mean):
    """Of orders that are distributed as Gamma(p, ν), so is their mean as Gamma(p n, ν n)."""
    p, q, gamma = 6.25, 3.74, 15.44

    def one(nu):
        density = gamma_of.pdf(mean, p * orders, scale=1 / (nu * orders))
        return density * gamma_of.pdf(nu, q, scale=1 / gamma)

    expected, _ = quad(one, 0, 10, limit=200, points=[p / mean])
    assert of("gamma_gamma", (p, q, gamma), orders, mean) == pytest.approx(expected, rel=1e-6)


def test_a_thousand_orders_are_no_overflow():
    for kind, parameters in (("bg_nbd", BETA_GEOMETRIC), ("pareto_nbd", PARETO)):
        told = (np.array([1000.0]), np.array([3.0]), np.array([3000.0]))
        assert np.isfinite(getattr(likelihood, kind)(parameters, *told)[0])
