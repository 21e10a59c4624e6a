"""The predictions of `streams.engine.forecast` for many customers at once, equal to the last bit.

The operations are the same, in the same order; exp and log are those of the C library, which the
engine uses, and not NumPy's own, which may differ in the last digit. The formulas and their sources
are in the engine's modules of the same names.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from streams.engine.forecast import (
    LEAST_POWER,
    LONGEST_TO_NEXT,
    POINTS,
    PROBABILITY_MODELS,
    YEAR,
    Part,
    PurchaseModel,
    evenly_discounted,
    panels_of,
)
from streams.value.order_history import BoolArray, CustomerArrays, FloatArray

_MOST = 700.0
"""exp of more isn't a number."""

_Parameters = Sequence[float]
_Days = float | FloatArray
"""One for all customers, or one for each."""


# ── Predictions of a model ────────────────────────────────────────────────────────────────────────


def orders_of_all(
    model: PurchaseModel, customers: CustomerArrays, day: _Days, days: float, discount: float = 0.0
) -> FloatArray:
    """See `forecast.predict_orders`."""
    total = np.zeros(len(customers))
    for part in model.parts:
        total = total + expected_of_part(part, customers, day, days, discount)
    return total / len(model.parts)


def activity_of_all(
    model: PurchaseModel, customers: CustomerArrays, day: _Days
) -> FloatArray | None:
    """See `forecast.predict_activity`."""
    part = _probability_part(model)
    return None if part is None else active_by_part(part, customers, day)


def order_value_of_all(model: PurchaseModel, customers: CustomerArrays) -> FloatArray:
    """See `forecast.predict_order_value`."""
    mean = customers.revenue / customers.orders
    if model.order_value is None:
        return mean
    p, q, gamma = model.order_value
    return p * (gamma + customers.orders * mean) / (p * customers.orders + q - 1.0)


def revenue_of_all(
    model: PurchaseModel, customers: CustomerArrays, day: _Days, days: float = YEAR
) -> FloatArray:
    """See `forecast.predict_revenue`."""
    orders = orders_of_all(model, customers, day, days, model.daily_discount)
    return orders * order_value_of_all(model, customers)


def next_day_of_all(model: PurchaseModel, customers: CustomerArrays) -> FloatArray:
    """See `forecast.predict_next_day`; not a number where it has None."""
    last = customers.last_day
    part = _probability_part(model) or Part("own_rate")
    low = np.zeros(len(customers))
    high = np.full(len(customers), float(LONGEST_TO_NEXT))
    is_beyond = expected_of_part(part, customers, last, high) < 1.0
    while np.any(high - low > 1):
        middle = (low + high) // 2
        is_less = expected_of_part(part, customers, last, middle) < 1.0
        is_open = high - low > 1
        low = np.where(is_open & is_less, middle, low)
        high = np.where(is_open & ~is_less, middle, high)
    return np.where(is_beyond, np.nan, last + high)


def rounded_all(numbers: FloatArray) -> FloatArray:
    """See `forecast.rounded`."""
    return np.floor(numbers * 10_000.0 + 0.5) / 10_000.0


def rounded_money_all(amounts: FloatArray) -> FloatArray:
    """See `forecast.rounded_money`."""
    return np.floor(amounts + 0.5)


def _probability_part(model: PurchaseModel) -> Part | None:
    return next((part for part in model.parts if part.kind in PROBABILITY_MODELS), None)


# ── Orders expected by one part ───────────────────────────────────────────────────────────────────


def expected_of_part(
    part: Part, customers: CustomerArrays, day: _Days, days: _Days, discount: float = 0.0
) -> FloatArray:
    """The orders expected within `days` after `day`, each times exp(−`discount` × days)."""
    return _EXPECTED_ORDERS[part.kind](part.parameters, customers, day, days, discount)


def active_by_part(part: Part, customers: CustomerArrays, day: _Days) -> FloatArray:
    """The probability that each customer hasn't left by `day`, by a probability model."""
    return _PROBABILITY_ACTIVE[part.kind](part.parameters, customers, day)


def _bg_nbd_active(parameters: _Parameters, customers: CustomerArrays, day: _Days) -> FloatArray:
    r, alpha, a, b = parameters
    x = customers.repeats
    unseen = _log((alpha + customers.age(day)) / (alpha + customers.recency))
    with np.errstate(divide="ignore"):  # b + x − 1 may be 0 where x is: no part of the result
        left = a / (b + x - 1) * _exp(np.minimum((r + x) * unseen, _MOST))
        return np.where(x == 0, 1.0, 1.0 / (1.0 + left))


def _bg_nbd_orders(
    parameters: _Parameters, customers: CustomerArrays, day: _Days, days: _Days, discount: float
) -> FloatArray:
    r, alpha, a, b = parameters
    x = customers.repeats
    active = _bg_nbd_active(parameters, customers, day)
    scale = alpha + customers.age(day)
    return active * _orders_while_active(r + x, scale, a, b + x, days, discount)


def _mbg_nbd_active(parameters: _Parameters, customers: CustomerArrays, day: _Days) -> FloatArray:
    r, alpha, a, b = parameters
    x = customers.repeats
    unseen = _log((alpha + customers.age(day)) / (alpha + customers.recency))
    return 1.0 / (1.0 + a / (b + x) * _exp(np.minimum((r + x) * unseen, _MOST)))


def _mbg_nbd_orders(
    parameters: _Parameters, customers: CustomerArrays, day: _Days, days: _Days, discount: float
) -> FloatArray:
    r, alpha, a, b = parameters
    x = customers.repeats
    active = _mbg_nbd_active(parameters, customers, day)
    scale = alpha + customers.age(day)
    return active * _orders_while_active(r + x, scale, a, b + x + 1, days, discount)


def _pareto_nbd_active(
    parameters: _Parameters, customers: CustomerArrays, day: _Days
) -> FloatArray:
    r, alpha, s, beta = parameters
    shape = r + customers.orders - 1.0
    age, recency = customers.age(day), customers.recency
    order = shape + s
    larger = max(alpha, beta)
    apart = abs(alpha - beta)
    q = np.full(len(customers), s + 1.0) if alpha >= beta else shape
    with np.errstate(divide="ignore", invalid="ignore"):
        since_last = _left(shape, s, alpha + age, beta + age, larger + recency, q, apart)
        since_today = _left(shape, s, alpha + age, beta + age, larger + age, q, apart)
        left = s / order * (since_last - since_today)
        return np.where(recency == age, 1.0, 1.0 / (1.0 + np.maximum(left, 0.0)))


def _left(
    shape: FloatArray,
    s: float,
    alpha: FloatArray,
    beta: FloatArray,
    at: FloatArray,
    q: FloatArray,
    apart: float,
) -> FloatArray:
    order = shape + s
    z = apart / at
    power = shape * _log(alpha / at) + s * _log(beta / at) + (1.0 - q) * _log(1.0 - z)
    ones = np.ones(len(shape))
    return _exp(np.minimum(power, _MOST)) * _power_series(ones, order + 1.0 - q, order + 1.0, z)


def _pareto_nbd_orders(
    parameters: _Parameters, customers: CustomerArrays, day: _Days, days: _Days, discount: float
) -> FloatArray:
    r, alpha, s, beta = parameters
    shape = r + customers.orders - 1.0
    age = customers.age(day)
    scale = beta + age
    width = _log(1.0 + days / scale)

    def fall(at: FloatArray, which: BoolArray) -> FloatArray:
        grown = _exp(at)
        return _exp((1.0 - s) * at + discount * scale[which] * (1.0 - grown))

    total, panels = _sums(fall, width, np.full(len(customers), s))
    rate = shape / (alpha + age)
    return _pareto_nbd_active(parameters, customers, day) * rate * scale * width * total / panels


def _own_rate_orders(
    parameters: _Parameters, customers: CustomerArrays, day: _Days, days: _Days, discount: float
) -> FloatArray:
    expected = customers.repeats * days / np.maximum(customers.age(day), days)
    return expected * _evenly(days, discount)


def _window_before_orders(
    parameters: _Parameters, customers: CustomerArrays, day: _Days, days: _Days, discount: float
) -> FloatArray:
    since = np.broadcast_to(day - days, len(customers))[customers.owners]
    within = np.bincount(customers.owners[customers.order_days > since], minlength=len(customers))
    return within * _evenly(days, discount)


def _evenly(days: _Days, discount: float) -> _Days:
    if discount == 0:
        return 1.0
    assert not isinstance(days, np.ndarray)
    return evenly_discounted(days, discount)


_EXPECTED_ORDERS: dict[
    str, Callable[[_Parameters, CustomerArrays, _Days, _Days, float], FloatArray]
] = {
    "bg_nbd": _bg_nbd_orders,
    "mbg_nbd": _mbg_nbd_orders,
    "pareto_nbd": _pareto_nbd_orders,
    "own_rate": _own_rate_orders,
    "window_before": _window_before_orders,
}
_PROBABILITY_ACTIVE: dict[str, Callable[[_Parameters, CustomerArrays, _Days], FloatArray]] = {
    "bg_nbd": _bg_nbd_active,
    "mbg_nbd": _mbg_nbd_active,
    "pareto_nbd": _pareto_nbd_active,
}


# ── Functions of arrays ───────────────────────────────────────────────────────────────────────────


def _orders_while_active(
    shape: FloatArray, scale: FloatArray, a: float, b: FloatArray, days: _Days, discount: float
) -> FloatArray:
    """See `forecast.beta_geometric`."""
    width = _log(1.0 + days / scale)

    is_first = a <= shape + 1.0
    first = np.where(is_first, a + b - shape - 1.0, shape + 1.0)
    second = np.where(is_first, a, b)
    power = np.where(is_first, 1.0 - a, -shape)

    def rate(at: FloatArray, which: BoolArray) -> FloatArray:
        grown = _exp(at)
        factor = _exp(power[which] * at - discount * scale[which] * (grown - 1.0))
        with np.errstate(over="ignore", invalid="ignore"):
            series = _power_series(first[which], second[which], a + b[which], 1.0 - 1.0 / grown)
            return np.where(power[which] * at < LEAST_POWER, 0.0, factor * series)

    total, panels = _sums(rate, width, a * (shape + 1.0) / (a + b))
    return shape * width * total / panels


def _sums(
    function: Callable[[FloatArray, BoolArray], FloatArray],
    width: FloatArray,
    steepness: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The weighted sum of a function of w and the number of panels, of each customer: see
    `forecast.quadrature`. The function is called with a w for each of the customers of a mask."""
    panels = np.array(list(map(panels_of, width.tolist(), steepness.tolist())), np.float64)
    total = np.zeros(len(width))
    panel = 0.0
    while np.any(which := panels > panel):
        for within, weight in POINTS:
            at = (panel + within) / panels[which] * width[which]
            total[which] += weight * function(at, which)
        panel += 1.0
    return total, panels


def _power_series(a: FloatArray, b: FloatArray, c: FloatArray, z: FloatArray) -> FloatArray:
    """See `forecast.hypergeometric`: the series of each element ends where the engine's does."""
    result = np.ones(len(a))
    places = np.arange(len(a))
    term, total = np.ones(len(a)), np.ones(len(a))
    n = 0.0
    while n < 10_000.0 and len(places):
        ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z
        term = term * ratio
        total = total + term
        is_done = (np.abs(term) <= 1e-14 * np.abs(total)) & (np.abs(ratio) < 1.0)
        if is_done.any():
            result[places[is_done]] = total[is_done]
            on = ~is_done
            a, b, c, z, places = a[on], b[on], c[on], z[on], places[on]
            term, total = term[on], total[on]
        n += 1.0
    result[places] = total
    return result


def _exp(values: FloatArray) -> FloatArray:
    return _of_each(math.exp, values)


def _log(values: FloatArray) -> FloatArray:
    return _of_each(math.log, values)


def _of_each(function: Callable[[float], float], values: FloatArray) -> FloatArray:
    return np.fromiter(map(function, values.tolist()), np.float64, len(values))
