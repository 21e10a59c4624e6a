"""Predictions of models: in one direction from day to day, whatever model and customer. Truth by
time relies on it (DESIGN 5.8)."""

from math import isfinite, log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.engine.forecast import (
    LONGEST_TO_NEXT,
    MODELS,
    Part,
    PurchaseModel,
    Purchases,
    predict_activity,
    predict_next_day,
    predict_order_value,
    predict_orders,
    predict_revenue,
    problems_of_model,
    rounded,
    rounded_money,
)
from streams.engine.forecast.purchase_model import LEAST

shape = st.floats(0.05, 8)
scale = st.floats(1, 400)
PARTS = st.one_of(
    st.builds(Part, st.sampled_from(("bg_nbd", "mbg_nbd")), st.tuples(shape, scale, shape, shape)),
    st.builds(Part, st.just("pareto_nbd"), st.tuples(shape, scale, shape, scale)),
    st.builds(Part, st.sampled_from(("own_rate", "window_before"))),
)
MODEL = st.builds(
    PurchaseModel,
    st.just("m"),
    st.lists(PARTS, min_size=1, max_size=2).map(tuple),
    st.one_of(st.none(), st.tuples(shape, shape.map(lambda q: q + 1), scale)),
    st.floats(0, 0.5),
)


@st.composite
def purchases(draw):
    days = sorted(draw(st.lists(st.integers(0, 500), min_size=1, max_size=30)))
    return Purchases(len(days), days[0], days[-1], draw(st.integers(0, 10**6)), tuple(days))


@example(
    model=PurchaseModel("m", (Part("bg_nbd", (4, 1, 4, 1)),)),
    bought=Purchases(1, 0, 0),
    since=0,
    later=1,
)
@given(model=MODEL, bought=purchases(), since=st.integers(0, 800), later=st.integers(1, 40))
def test_from_day_to_day_less_is_expected(model, bought, since, later):
    day = bought.last_day + since
    for value in (
        lambda on: rounded(predict_orders(model, bought, on, 90)),
        lambda on: rounded_money(predict_revenue(model, bought, on)),
        lambda on: rounded(predict_activity(model, bought, on) or 0),
    ):
        assert value(day) >= value(day + later) >= 0


CDNOW = Part("bg_nbd", (0.243, 30.898, 0.793, 2.426))
"""In days."""
BOUGHT = Purchases(3, 0, 213, 67_05, (0, 100, 213))


def test_a_model_of_two_parts_is_their_mean():
    one, other = PurchaseModel("m", (CDNOW,)), PurchaseModel("m", (Part("window_before"),))
    both = PurchaseModel("m", (CDNOW, Part("window_before")))
    alone = [predict_orders(model, BOUGHT, 272, 273) for model in (one, other)]
    assert alone == [pytest.approx(1.226, abs=0.001), 3]
    assert predict_orders(both, BOUGHT, 272, 273) == sum(alone) / 2
    assert predict_activity(both, BOUGHT, 272) == predict_activity(one, BOUGHT, 272)


def test_a_baseline_does_not_know_who_left():
    assert predict_activity(PurchaseModel("m", (Part("own_rate"),)), BOUGHT, 272) is None


def test_a_year_discounted_is_worth_less():
    free, dear = (PurchaseModel("m", (CDNOW,), None, rate) for rate in (0, 0.1))
    undiscounted = predict_orders(free, BOUGHT, 272, 365) * 67_05 / 3
    assert predict_revenue(free, BOUGHT, 272) == pytest.approx(undiscounted)
    assert 0.9 * undiscounted < predict_revenue(dear, BOUGHT, 272) < 0.97 * undiscounted
    assert dear.daily_discount == log(1.1) / 365


def test_without_gamma_gamma_an_order_is_worth_the_customers_mean():
    assert predict_order_value(PurchaseModel("m", (CDNOW,)), BOUGHT) == 67_05 / 3
    shrunk = predict_order_value(PurchaseModel("m", (CDNOW,), (6.25, 3.74, 1544)), BOUGHT)
    assert 67_05 / 3 < shrunk < 35_17


@given(model=MODEL, bought=purchases())
def test_the_next_day_is_the_first_by_which_one_order_is_expected(model, bought):
    found = predict_next_day(model, bought)
    known = [part for part in model.parts if "nbd" in part.kind][:1] or [Part("own_rate")]
    alone = PurchaseModel("m", tuple(known))
    if found is None:
        assert predict_orders(alone, bought, bought.last_day, LONGEST_TO_NEXT) < 1
    else:
        days = found - bought.last_day
        assert predict_orders(alone, bought, bought.last_day, days) >= 1
        assert days == 1 or predict_orders(alone, bought, bought.last_day, days - 1) < 1


def test_by_the_own_rate_the_next_day_is_a_mean_gap_away():
    assert predict_next_day(PurchaseModel("m", (Part("own_rate"),)), BOUGHT) == 213 + 107
    assert predict_next_day(PurchaseModel("m", (Part("own_rate"),)), Purchases(1, 0, 0)) is None


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (PurchaseModel("m", ()), "parts: expected at least one"),
        (PurchaseModel("m", (Part("bgnbd"),)), "kind 'bgnbd' is unknown, expected one of bg_nbd, "),
        (PurchaseModel("m", (Part("bg_nbd", (1, 2)),)), "bg_nbd: 2 parameters, expected r, alpha"),
        (PurchaseModel("m", (Part("own_rate", (1,)),)), "own_rate: 1 parameters, expected none"),
        (PurchaseModel("m", (Part("bg_nbd", (1, 0, 1, 1)),)), "bg_nbd: alpha is 0, expected a num"),
        (PurchaseModel("m", (Part("bg_nbd", (1, 1e10, 1, 1)),)), "bg_nbd: alpha is 10000000000.0,"),
        (PurchaseModel("m", (Part("bg_nbd", (1, 1, float("nan"), 1)),)), "bg_nbd: a is nan, expec"),
        (PurchaseModel("m", (CDNOW,), (1, 2)), "gamma_gamma: 2 parameters, expected p, q, gamma"),
        (PurchaseModel("m", (CDNOW,), (1, 0.5, 2)), "gamma_gamma: q is 0.5, expected above 1"),
        (PurchaseModel("m", (CDNOW,), None, -0.1), "discount: -0.1, expected a yearly rate"),
    ],
)
def test_a_model_that_cannot_be_used_says_why(model, problem):
    assert any(found.startswith(problem) for found in problems_of_model(model))


def test_a_sound_model_has_no_problems():
    assert not list(
        problems_of_model(PurchaseModel("m", (CDNOW, Part("own_rate")), (6.25, 3.74, 1544)))
    )


def test_the_table_has_every_model():
    assert list(MODELS) == ["bg_nbd", "mbg_nbd", "pareto_nbd", "own_rate", "window_before"]


@pytest.mark.parametrize(("number", "shown"), [(0.00005, 0.0001), (0.00004, 0), (1.23456, 1.2346)])
def test_rounding_is_half_up(number, shown):
    assert rounded(number) == shown
    assert rounded_money(number * 10_000) == shown * 10_000


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
@pytest.mark.parametrize(
    "parameters",
    [
        (1, 50, 1e4, 1e4),
        (1, 50, 1e4, 2e6),
        (1, 50, 1e5, 3e5),
        (1e4, 1e6, 1e4, 5e4),
        (1e4, 1e6, 0.8, 2.4),
        (0.2, 30, LEAST, 1e3),
        (LEAST, 30, 0.8, 2.4),
    ],
)
@pytest.mark.parametrize(
    "bought", [Purchases(1, 0, 0, 500), Purchases(5, 0, 90, 500), Purchases(900, 0, 200, 500)]
)
@pytest.mark.parametrize("since", [0, 1, 400])
def test_predictions_of_a_model_at_a_bound_are_numbers(kind, parameters, bought, since):
    model = PurchaseModel("m", (Part(kind, parameters),), None, 0.1)
    day = bought.last_day + since
    for found in (
        predict_orders(model, bought, day, 90),
        predict_revenue(model, bought, day),
        predict_activity(model, bought, day) or 0.0,
    ):
        assert isfinite(found)
        assert found >= 0
