"""Maximum likelihood: the parameters that make a shop's orders most likely.

Parameters are estimated as logarithms, from several starts, in units in which ages and values have
the mean 1. Customers with the same orders are counted, not repeated. Standard errors are those of
the inverse of the likelihood's second derivatives at its maximum.

Some shops have no maximum: the likelihood goes on rising, ever slower, while a parameter runs
towards 0 or without end. The parameter is then set to its bound, and a sentence says what it means.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from streams.engine.forecast import PROBABILITY_MODELS
from streams.value import likelihood
from streams.value.bounds import BOUNDS, MEANINGS, Bounds
from streams.value.order_history import CustomerArrays, FloatArray, TooFewOrders

STARTS: dict[str, tuple[tuple[float, ...], ...]] = {
    "bg_nbd": ((0.5, 0.5, 0.5, 2.0), (1.0, 1.0, 1.0, 1.0), (2.0, 0.3, 0.1, 5.0)),
    "mbg_nbd": ((0.5, 0.5, 0.5, 2.0), (1.0, 1.0, 1.0, 1.0), (2.0, 0.3, 0.1, 5.0)),
    "pareto_nbd": ((0.5, 0.5, 0.5, 0.5), (1.0, 1.0, 1.0, 1.0), (2.0, 0.3, 0.3, 2.0)),
    "gamma_gamma": ((2.0, 4.0, 1.0), (6.0, 3.0, 0.5), (1.0, 2.0, 2.0)),
}
"""Parameters to begin with; ages and values have the mean 1."""
_SCALED = {"alpha", "beta", "gamma"}
"""Parameters in days, or in the unit of values."""
_AS_LIKELY = 0.05
"""A parameter counts as being at its bound if that costs no more of the log-likelihood."""
_STEP = 1e-3
"""Of logarithms of parameters, for second derivatives."""
LogLikelihood = Callable[[FloatArray], float]
"""Of all customers, by the logarithms of the parameters."""
FEWEST = 10
"""Customers with repeated orders: parameters of fewer say nothing."""


@dataclass(frozen=True)
class Estimate:
    """The parameters of one model, in the order of `names`, with standard errors (None at a bound
    or where there is none), and what a parameter at its bound means."""

    kind: str
    names: tuple[str, ...]
    parameters: tuple[float, ...]
    errors: tuple[float | None, ...]
    log_likelihood: float
    customers: int
    remarks: tuple[str, ...]


def fit_orders(kind: str, customers: CustomerArrays, day: float) -> Estimate:
    """The parameters of the probability model `kind` for the customers as they are on `day`.
    Raises TooFewOrders where there is too little to tell."""
    observed = np.column_stack((customers.repeats, customers.recency, customers.age(day)))
    repeated = int((customers.repeats > 0).sum())
    if repeated < FEWEST:
        raise TooFewOrders(
            f"{repeated} of {len(customers)} customers ordered more than once, expected at least "
            f"{FEWEST}: too few to estimate a purchase model; give a longer history"
        )
    mean_age = float(observed[:, 2].mean())
    if mean_age == 0:
        raise TooFewOrders(
            "all first orders are of the last day: nothing can be said of later ones"
        )
    observed[:, 1:] /= mean_age
    return _estimate(kind, PROBABILITY_MODELS[kind].PARAMETERS, observed, mean_age)


def fit_values(orders: FloatArray, means: FloatArray) -> Estimate:
    """The parameters of Gamma-Gamma for customers with so many `orders` of such mean values.
    Customers without a positive value are left out. Raises TooFewOrders where there is too little
    to tell."""
    has_value = (means > 0) & (orders > 0)
    observed = np.column_stack((orders[has_value], means[has_value]))
    repeated = int((observed[:, 0] > 1).sum())
    if repeated < FEWEST:
        raise TooFewOrders(
            f"{repeated} customers with two orders or more and a value, expected at least "
            f"{FEWEST}: too few to estimate the value of orders"
        )
    mean_value = float(observed[:, 1].mean())
    observed[:, 1] /= mean_value
    return _estimate("gamma_gamma", ("p", "q", "gamma"), observed, mean_value)


def _estimate(kind: str, names: tuple[str, ...], observed: FloatArray, unit: float) -> Estimate:
    """`observed` is in the unit in which its mean is 1."""
    grouped, weights = np.unique(observed, axis=0, return_counts=True)
    columns = [grouped[:, place] for place in range(grouped.shape[1])]
    log_likelihoods = getattr(likelihood, kind)
    bounds = BOUNDS[kind]

    def total(logs: FloatArray) -> float:
        """The log-likelihood of all customers."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            of_each = log_likelihoods(tuple(np.exp(logs)), *columns)
        found = float(weights @ of_each)
        return found if np.isfinite(found) else -1e300

    tops = [_climb(total, np.log(np.array(start)), bounds) for start in STARTS[kind]]
    best = _climb(total, max(tops, key=total), bounds)  # once more, without its memory of slopes
    best, at_bounds = _at_bounds(total, best, bounds)
    in_units = [unit if name in _SCALED else 1.0 for name in names]
    parameters = tuple(float(np.exp(one) * by) for one, by in zip(best, in_units, strict=True))
    relative = _relative_errors(total, best, [place in at_bounds for place in range(len(best))])
    errors = tuple(
        None if error is None else error * parameter
        for error, parameter in zip(relative, parameters, strict=True)
    )
    remarks = tuple(MEANINGS[kind, names[place], side] for place, side in at_bounds.items())
    log_likelihood = total(best) - _of_the_unit(kind, grouped, weights, unit)
    number = int(weights.sum())
    return Estimate(kind, names, parameters, errors, log_likelihood, number, remarks)


def _of_the_unit(kind: str, grouped: FloatArray, weights: FloatArray, unit: float) -> float:
    """The part of the log-likelihood that is due to the unit: a density is per day of each order's
    moment, or per unit of each customer's mean value."""
    densities = weights.sum() if kind == "gamma_gamma" else weights @ grouped[:, 0]
    return float(densities * np.log(unit))


def _climb(total: LogLikelihood, start: FloatArray, bounds: Bounds) -> FloatArray:
    """The maximum of `total` found from `start`; both are logarithms."""
    limits = np.log(np.array(bounds))
    inside = np.clip(start, limits[:, 0], limits[:, 1])
    scale = abs(total(inside))
    found = minimize(
        lambda logs: -total(logs) / scale,
        inside,
        method="L-BFGS-B",
        jac="3-point",
        bounds=limits,
        options={"ftol": 1e-12, "gtol": 1e-9, "maxiter": 200},
    )
    return np.asarray(found.x)


def _at_bounds(
    total: LogLikelihood, best: FloatArray, bounds: Bounds
) -> tuple[FloatArray, dict[int, str]]:
    """`best` with the first parameter that may as well be at a bound set to it, and which."""
    most = total(best)
    limits = np.log(np.array(bounds))
    for place, (low, high) in enumerate(limits):
        for side, limit in (("low", low), ("high", high)):
            moved = best.copy()
            moved[place] = limit
            if total(moved) >= most - _AS_LIKELY:
                return moved, {place: side}
    return best, {}


def _relative_errors(
    total: LogLikelihood, best: FloatArray, is_fixed: Sequence[bool]
) -> list[float | None]:
    """Standard errors of the logarithms; None for a fixed parameter, and for all if `best` is no
    maximum in every direction."""
    free = [place for place, fixed in enumerate(is_fixed) if not fixed]
    steps = np.eye(len(best))[free] * _STEP
    second = np.array(
        [
            [
                total(best + one + other)
                - total(best + one - other)
                - total(best - one + other)
                + total(best - one - other)
                for other in steps
            ]
            for one in steps
        ]
    ) / (4 * _STEP**2)
    errors: list[float | None] = [None] * len(best)
    try:
        variances = np.diag(np.linalg.inv(-second))
    except np.linalg.LinAlgError:
        return errors
    if np.all(variances > 0):
        for place, variance in zip(free, variances, strict=True):
            errors[place] = float(np.sqrt(variance))
    return errors
