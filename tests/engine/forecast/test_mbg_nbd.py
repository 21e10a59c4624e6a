"""MBG/NBD, against its likelihood."""

import pytest
from numpy import exp

from streams.engine.forecast import Purchases, mbg_nbd
from tests.engine.forecast.cdnow import MBG_NBD
from tests.engine.forecast.over_all import beta_rule, gamma_rule, over_all


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0, 39), (1, 5, 39), (7, 29.43, 38.86)])
def test_both_from_rate_and_probability(x, t_x, age):
    """The definition, integrated over every λ and p."""
    r, alpha, a, b = MBG_NBD
    rates, probabilities = gamma_rule(r, alpha), beta_rule(a, b)

    def mean(function):
        return over_all(rates, probabilities, function)

    def active(rate, p):
        return (1 - p) ** (x + 1) * rate**x * exp(-rate * age)

    left = mean(lambda rate, p: p * (1 - p) ** x * rate**x * exp(-rate * t_x))
    stayed = mean(active)
    orders = mean(lambda rate, p: active(rate, p) * (1 - exp(-rate * p * 39)) / p)
    one = Purchases(x + 1, 0, t_x)
    found = mbg_nbd.probability_active(MBG_NBD, one, age)
    assert found == pytest.approx(stayed / (stayed + left), rel=1e-6)
    found = mbg_nbd.expected_orders(MBG_NBD, one, age, 39)
    assert found == pytest.approx(orders / (stayed + left), rel=1e-5)


def test_on_cdnow_it_says_nearly_what_bg_nbd_says():
    """1.226 orders of the customer x = 2, t_x = 30.43, T = 38.86 in 39 weeks."""
    found = mbg_nbd.expected_orders(MBG_NBD, Purchases(3, 0, 30.43), 38.86, 39)
    assert found == pytest.approx(1.226, abs=0.05)


def test_who_ordered_once_may_have_left():
    assert mbg_nbd.probability_active(MBG_NBD, Purchases(1, 0, 0), 100) < 0.4
