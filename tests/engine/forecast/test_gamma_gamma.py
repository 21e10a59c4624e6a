"""The value of an order, against published figures."""

import pytest

from streams.engine.forecast.gamma_gamma import expected_order_value
from tests.engine.forecast.cdnow import GAMMA_GAMMA


@pytest.mark.parametrize(
    ("orders", "mean", "printed"),
    [(2, 22.35, 24.65), (1, 11.77, 18.91), (0, 0, 35.17), (7, 73.74, 71.46), (2, 25.55, 27.28)],
)
def test_customers_of_the_notes_spreadsheet(orders, mean, printed):
    """Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013), with more digits of the
    parameters than are printed; `orders` after the first, in dollars."""
    assert expected_order_value(GAMMA_GAMMA, orders, mean) == pytest.approx(printed, rel=0.002)


def test_the_more_orders_the_more_it_is_the_customers_own_mean():
    few, many = (expected_order_value(GAMMA_GAMMA, orders, 100) for orders in (1, 1000))
    assert few < many
    assert many == pytest.approx(100, rel=0.001)
