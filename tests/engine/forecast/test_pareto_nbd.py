"""Pareto/NBD, against published figures, its closed forms and its likelihood."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy import exp
from scipy.integrate import quad

from streams.engine.forecast import Purchases, pareto_nbd
from tests.engine.forecast.cdnow import PARETO_NBD
from tests.engine.forecast.over_all import gamma_rule, over_all

parameters = st.tuples(st.floats(0.1, 5), st.floats(1, 300), st.floats(0.1, 5), st.floats(1, 300))


def test_a_new_customer_of_the_btyd_walkthrough():
    """1.473 orders in 52 weeks (Dziurzynski, Wadsworth and McCarthy, BTYD: An R package)."""
    found = pareto_nbd.expected_orders(PARETO_NBD, Purchases(1, 0, 0), 0, 52)
    assert round(found, 3) == 1.473


def likelihood_of_leaving(given, x, t_x, age):
    """Having left since the last order, in proportion to being active: ∫ over the time of it."""
    r, alpha, s, beta = given

    def at(t):
        return (
            ((alpha + age) / (alpha + t)) ** (r + x)
            * s
            * ((beta + age) / (beta + t)) ** s
            / (beta + t)
        )

    return quad(at, t_x, age, epsrel=1e-11, limit=200)[0]


@given(given=parameters, x=st.integers(0, 20), t_x=st.floats(0, 200), since=st.floats(0, 200))
def test_the_probability_is_that_of_the_likelihood(given, x, t_x, since):
    assume(x > 0 or t_x == 0)
    left = likelihood_of_leaving(given, x, t_x, t_x + since)
    found = pareto_nbd.probability_active(given, Purchases(x + 1, 0, t_x), t_x + since)
    assert found == pytest.approx(1 / (1 + left), rel=1e-6, abs=1e-9)


@given(given=parameters, x=st.integers(0, 20), age=st.floats(0, 700), days=st.floats(1, 365))
def test_undiscounted_it_is_the_closed_form(given, x, age, days):
    r, alpha, s, beta = given
    assume(abs(s - 1) > 0.01 and beta + age > 15)
    one = Purchases(x + 1, 0, age if x else 0)
    falls = 1 - ((beta + age) / (beta + age + days)) ** (s - 1)
    expected = (r + x) * (beta + age) / ((alpha + age) * (s - 1)) * falls
    expected *= pareto_nbd.probability_active(given, one, age)
    assert pareto_nbd.expected_orders(given, one, age, days) == pytest.approx(expected, rel=1e-5)


def test_discounted_it_is_the_integral_over_both_rates():
    r, alpha, s, beta = PARETO_NBD
    x, t_x, age, days, discount = 3, 20, 30, 52, 0.002

    rates, leaving_rates = gamma_rule(r, alpha), gamma_rule(s, beta)

    def active(rate, leaving):
        return rate**x * exp(-(rate + leaving) * age)

    def orders(rate, leaving):
        both = leaving + discount
        return active(rate, leaving) * rate * (1 - exp(-both * days)) / both

    while_active = over_all(rates, leaving_rates, orders) / over_all(rates, leaving_rates, active)
    one = Purchases(x + 1, 0, t_x)
    expected = while_active * pareto_nbd.probability_active(PARETO_NBD, one, age)
    found = pareto_nbd.expected_orders(PARETO_NBD, one, age, days, discount)
    assert found == pytest.approx(expected, rel=1e-5)


def test_on_the_day_of_an_order_the_customer_is_active():
    assert pareto_nbd.probability_active(PARETO_NBD, Purchases(4, 0, 30), 30) == 1


def test_a_thousand_orders_and_a_thousand_days_are_no_overflow():
    assert pareto_nbd.expected_orders(PARETO_NBD, Purchases(5000, 0, 1), 10_000, 90) < 1e-9
