"""BG/NBD, against published figures and against its likelihood."""

import pytest
from numpy import exp

from streams.engine.forecast import Purchases, bg_nbd
from tests.engine.forecast.cdnow import BG_NBD
from tests.engine.forecast.over_all import beta_rule, gamma_rule, over_all

ONE_ORDER = Purchases(1, 0, 0)


def test_a_customer_of_the_articles_spreadsheet():
    """x = 2, t_x = 30.43, T = 38.86: 1.226 orders in the 39 weeks after (Fader, Hardie and Lee,
    Implementing the BG/NBD Model for Customer Base Analysis in Excel, 2005)."""
    found = bg_nbd.expected_orders(BG_NBD, Purchases(3, 0, 30.43), 38.86, 39)
    assert round(found, 3) == 1.226


@pytest.mark.parametrize(
    ("weeks", "printed"),
    [(0.1429, 0.0078), (1, 0.0532), (3, 0.1506), (31.8571, 1.0405), (32, 1.0437), (78, 1.8576)],
)
def test_a_new_customer_of_the_articles_spreadsheet(weeks, printed):
    """Its parameters have more digits than are printed."""
    assert bg_nbd.expected_orders(BG_NBD, ONE_ORDER, 0, weeks) == pytest.approx(printed, rel=0.005)


def test_who_ordered_once_has_not_left():
    assert bg_nbd.probability_active(BG_NBD, ONE_ORDER, 1000) == 1


@pytest.mark.parametrize(("x", "t_x", "age"), [(1, 5, 39), (7, 29.43, 38.86), (3, 0, 20)])
def test_both_from_rate_and_probability(x, t_x, age):
    """The definition, integrated over every λ and p."""
    r, alpha, a, b = BG_NBD
    rates, probabilities = gamma_rule(r, alpha), beta_rule(a, b)

    def mean(function):
        return over_all(rates, probabilities, function)

    def active(rate, p):
        return (1 - p) ** x * rate**x * exp(-rate * age)

    left = mean(lambda rate, p: p * (1 - p) ** (x - 1) * rate**x * exp(-rate * t_x))
    stayed = mean(active)
    orders = mean(lambda rate, p: active(rate, p) * (1 - exp(-rate * p * 39)) / p)
    one = Purchases(x + 1, 0, t_x)
    found = bg_nbd.probability_active(BG_NBD, one, age)
    assert found == pytest.approx(stayed / (stayed + left), rel=1e-6)
    found = bg_nbd.expected_orders(BG_NBD, one, age, 39)
    assert found == pytest.approx(orders / (stayed + left), rel=1e-5)


def test_a_thousand_orders_and_a_thousand_days_are_no_overflow():
    assert bg_nbd.expected_orders(BG_NBD, Purchases(5000, 0, 1), 10_000, 90) < 1e-200
