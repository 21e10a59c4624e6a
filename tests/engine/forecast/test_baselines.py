"""The baselines: the customer's own rate, and as long a window before."""

from math import exp

import pytest

from streams.engine.forecast import Purchases, own_rate, window_before


def test_the_own_rate_is_of_the_orders_after_the_first():
    assert own_rate.expected_orders((), Purchases(5, 0, 150), 200, 90) == 4 * 90 / 200


def test_who_is_younger_than_the_window_has_had_it():
    assert own_rate.expected_orders((), Purchases(3, 0, 5), 10, 90) == 2
    assert own_rate.expected_orders((), Purchases(2, 0, 0), 0, 90) == 1


@pytest.mark.parametrize(("day", "expected"), [(99, 2), (100, 1), (179, 1), (180, 0)])
def test_the_window_is_half_open(day, expected):
    """Orders on days 10 and 90; of the 90 days that end with `day`."""
    one = Purchases(2, 10, 90, 0, (10, 90))
    assert window_before.expected_orders((), one, day, 90) == expected


def test_what_comes_evenly_is_discounted_evenly():
    orders = Purchases(2, 10, 100, 0, (10, 100))
    found = window_before.expected_orders((), orders, 100, 365, 0.001)
    assert found == pytest.approx(2 * (1 - exp(-0.365)) / 0.365)
