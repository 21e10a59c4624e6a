"""Estimates, against published figures and against what a shop was made of."""

import numpy as np
import pytest

from streams.value.fit import Estimate, fit_orders, fit_values
from streams.value.order_history import CustomerArrays, TooFewOrders
from tests.value.cdnow import sample_in_weeks

TODAY = 0.0
"""The end of the weeks of `sample_in_weeks`."""


def shown(estimate: Estimate) -> str:
    """`r 0.243 (0.013), …; −9582.4`, printed with the published figures."""
    parameters = ", ".join(
        f"{name} {value:.3f} ({error:.3f})"
        for name, value, error in zip(
            estimate.names, estimate.parameters, estimate.errors, strict=True
        )
    )
    return f"CDNOW, {estimate.kind}: {parameters}; log-likelihood {estimate.log_likelihood:.1f}"


@pytest.mark.parametrize(
    ("kind", "published", "log_likelihood"),
    [
        ("bg_nbd", (0.243, 4.414, 0.793, 2.426), -9582.4),
        ("mbg_nbd", (0.525, 6.183, 0.891, 1.614), -9582.1),
        ("pareto_nbd", (0.553, 10.578, 0.606, 11.669), -9595.0),
    ],
)
def test_models_of_orders_on_cdnow(kind, published, log_likelihood):
    """Fader, Hardie and Lee (2005), table 2; MBG/NBD as BTYDplus (Platzer) has it."""
    found = fit_orders(kind, sample_in_weeks(), TODAY)
    print(shown(found))
    assert found.parameters == pytest.approx(published, abs=0.0015)
    assert round(found.log_likelihood, 1) == log_likelihood
    assert found.customers == 2357
    assert not found.remarks
    assert all(error is not None and 0 < error < 8 for error in found.errors)


def test_the_value_of_orders_on_cdnow():
    """Fader and Hardie (2013): 946 customers with repeated orders."""
    sample = sample_in_weeks()
    repeated = sample.repeats > 0
    x = sample.repeats[repeated].astype(float)
    found = fit_values(x, sample.revenue[repeated] / x)
    print(shown(found))
    assert found.customers == 946
    assert found.parameters == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def made_customers(number: int, rate: float, days: int) -> CustomerArrays:
    """Customers who all order at about this rate, and never leave."""
    random = np.random.default_rng(3)
    rates = random.gamma(2.0, rate / 2.0, number)
    repeats = random.poisson(rates * days)
    recency = np.where(repeats > 0, days * random.random(number) ** (1 / np.maximum(repeats, 1)), 0)
    none = np.array([], dtype=np.int64)
    zeros = np.zeros(number)
    return CustomerArrays(repeats + 1, zeros, recency, zeros, none.astype(float), none)


@pytest.mark.parametrize(
    ("kind", "sentence"), [("bg_nbd", "a → 0: nobody ever leaves"), ("mbg_nbd", "a → 0: nobody")]
)
def test_where_nobody_leaves_it_says_so(kind, sentence):
    found = fit_orders(kind, made_customers(1000, 0.02, 300), 300.0)
    assert found.parameters[:2] == pytest.approx((2.0, 100.0), rel=0.15)
    assert found.parameters[2] == pytest.approx(1e-5)
    assert found.errors[2] is None
    assert found.remarks[0].startswith(sentence)


def test_too_few_customers_are_refused():
    with pytest.raises(TooFewOrders, match="customers ordered more than once"):
        fit_orders("bg_nbd", made_customers(20, 0.0001, 300), 300.0)
    with pytest.raises(TooFewOrders, match="value of orders"):
        fit_values(np.ones(20), np.full(20, 5.0))


def test_customers_alike_are_counted_not_repeated():
    sample = sample_in_weeks()
    twice = CustomerArrays(
        np.tile(sample.orders, 2),
        np.tile(sample.first_day, 2),
        np.tile(sample.last_day, 2),
        np.tile(sample.revenue, 2),
        sample.order_days,
        sample.owners,
    )
    once, both = (fit_orders("bg_nbd", one, TODAY) for one in (sample, twice))
    assert both.parameters == pytest.approx(once.parameters, rel=1e-3)
    assert both.log_likelihood == pytest.approx(2 * once.log_likelihood)
    assert both.errors[0] == pytest.approx(once.errors[0] / np.sqrt(2), rel=1e-2)
