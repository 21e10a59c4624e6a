"""The orders of a customer who is active, against the closed form and a fine quadrature."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.polynomial.legendre import leggauss
from scipy.integrate import quad
from scipy.special import hyp2f1

from streams.engine.forecast.beta_geometric import orders_while_active


def closed_form(shape, scale, a, b, days):
    """Fader, Hardie and Lee (2005), formula (10), without its second factor."""
    inside = hyp2f1(shape, b, a + b - 1, days / (scale + days))
    return (a + b - 1) / (a - 1) * (1 - (scale / (scale + days)) ** shape * inside)


@given(
    r=st.floats(0.05, 4),
    x=st.integers(0, 100),
    scale=st.floats(30, 1000),
    a=st.floats(0.05, 3),
    b=st.floats(0.2, 20),
    days=st.sampled_from((30, 90, 365)),
)
def test_undiscounted_it_is_the_closed_form(r, x, scale, a, b, days):
    assume(abs(a - 1) > 0.01 and a + b > 1.05)
    found = orders_while_active(r + x, scale, a, b + x, days, 0)
    assert found == pytest.approx(closed_form(r + x, scale, a, b + x, days), rel=2e-5)


@pytest.mark.parametrize(
    ("scale", "precision"), [(400, 1e-9), (60, 1e-7), (30.9, 1e-6), (10, 1e-5)]
)
@pytest.mark.parametrize(("shape", "a", "b"), [(0.243, 0.793, 2.426), (6, 1.0, 5), (30.2, 2, 30.4)])
@pytest.mark.parametrize(("days", "discount"), [(90, 0), (365, 0), (365, 0.0003)])
def test_it_is_the_integral_of_the_rate(scale, precision, shape, a, b, days, discount):
    def rate(s):
        return exp(-discount * s) * hyp2f1(shape + 1, a, a + b, -s / scale) * shape / scale

    expected, _ = quad(rate, 0, days, epsabs=1e-13, epsrel=1e-13, limit=200)
    found = orders_while_active(shape, scale, a, b, days, discount)
    assert found == pytest.approx(expected, rel=precision)


def test_where_nobody_leaves_the_rate_stays():
    assert orders_while_active(5, 100, 1e-12, 3, 90, 0) == pytest.approx(5 / 100 * 90)


def test_where_the_closed_form_divides_by_zero():
    at, near = (orders_while_active(2, 50, a, 3, 90, 0) for a in (1.0, 1.0 + 1e-9))
    assert at == pytest.approx(near, rel=1e-8)


@given(
    r=st.floats(0.05, 8),
    x=st.sampled_from((0, 1, 5, 20)),
    scale=st.floats(1, 400),
    a=st.floats(0.05, 8),
    b=st.floats(0.05, 8),
    days=st.sampled_from((90, 365)),
    discount=st.sampled_from((0, 0.0011)),
)
@example(r=4, x=0, scale=1, a=4, b=1, days=90, discount=0)
@example(r=8, x=0, scale=63, a=5.5, b=0.13, days=365, discount=0)
@example(r=6, x=0, scale=2, a=1, b=1, days=365, discount=0.0011)
def test_where_the_scale_is_short_or_customers_soon_leave(r, x, scale, a, b, days, discount):
    shape, b = r + x, b + x
    points, weights = leggauss(24)
    panels = 32
    width = log(1 + days / scale)
    at = (np.arange(panels)[:, None] + (points + 1) / 2) / panels * width
    grown = np.exp(at)
    rates = np.exp((1 - a) * at - discount * scale * (grown - 1))
    rates *= hyp2f1(a + b - shape - 1, a, a + b, 1 - 1 / grown)
    expected = shape * width * (rates * weights / 2).sum() / panels
    assert orders_while_active(shape, scale, a, b, days, discount) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize(("a", "b"), [(1e4, 2e4), (1e4, 1e4), (1e9, 3e9), (1e9, 1e-6), (50, 1e9)])
@pytest.mark.parametrize(("shape", "scale"), [(1, 50), (5, 1), (0.2, 400)])
def test_where_all_leave_with_one_probability(shape, scale, a, b):
    leaving = a / (a + b)
    within = (1 - (1 + leaving * 365 / scale) ** -shape) / leaving
    if leaving * 365 / scale < 1e-5:
        within = shape * 365 / scale
    found = orders_while_active(shape, scale, a, b, 365, 0)
    assert found == pytest.approx(within, rel=0.002)


def test_many_orders_of_customers_who_soon_leave_are_a_number():
    assert orders_while_active(300, 30, 1e4, 1e4, 365, 0) == pytest.approx(2, rel=1e-3)
