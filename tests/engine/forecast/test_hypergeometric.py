"""Gauss's hypergeometric function, against SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

from streams.engine.forecast.hypergeometric import power_series

positive = st.floats(0.01, 50)


@given(a=st.floats(-6, 40), b=positive, c_after_b=positive, z=st.floats(0, 0.97))
def test_the_series_equals_scipys(a, b, c_after_b, z):
    c = b + c_after_b
    expected = hyp2f1(a, b, c, z)
    assert power_series(a, b, c, z) == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_a_polynomial_ends():
    assert power_series(-2, 3, 4, 0.5) == 1 - 2 * 3 / 4 * 0.5 + 3 * 4 / (4 * 5) * 0.25


def test_a_first_term_of_nearly_nothing_does_not_end_the_series():
    assert power_series(1e-17, 30, 10, 0.9) == pytest.approx(hyp2f1(1e-17, 30, 10, 0.9), rel=1e-9)


def test_at_the_end_of_its_domain_it_ends_too():
    assert power_series(1, 2, 3, 0.999999) > 10
