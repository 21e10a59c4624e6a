"""A test of the models on orders that they haven't seen: those of the last part of a history.

          fitted to these              held out
    ├───────────────────────────┼──────────────────┤
    first order                cut              last order

Of every customer known at the cut, the orders that follow are foretold by the model, by both
baselines and by the mean of the model and each baseline, and compared with what came. Not by the
mean absolute error: to foretell nothing for everybody nearly ties with everything.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from streams.engine.forecast import BASELINES, Part, PurchaseModel
from streams.value.fit import Estimate, fit_orders
from streams.value.order_history import FloatArray, IntArray, OrderHistory, TooFewOrders
from streams.value.vectorised import orders_of_all

TOP = 0.2
"""The share of customers that a shop would call its best."""


@dataclass(frozen=True)
class Figures:
    """How well one candidate has foretold the orders.

    `total_error`: expected orders of all, less those that came, as a share of those
    `rmse`: root of the mean squared error, in orders of a customer
    `rank_correlation`: Spearman's, between expected orders and those that came
    `top_fifth`: the share of the fifth with the most orders that is in the foretold fifth
    """

    total_error: float
    rmse: float
    rank_correlation: float
    top_fifth: float


@dataclass(frozen=True)
class HoldOut:
    """The test of one probability model. `candidates`: by name, the model first; each with the
    parameters estimated from the orders until the `cut`."""

    cut: int
    days: int
    customers: int
    orders: int
    estimate: Estimate
    candidates: dict[str, PurchaseModel]
    expected: dict[str, FloatArray]
    actual: IntArray
    figures: dict[str, Figures]

    @property
    def model(self) -> str:
        """The name of the probability model itself."""
        return next(iter(self.candidates))

    @property
    def best(self) -> str:
        """The candidate with the least RMSE; of equals, the one named first."""
        return min(self.figures, key=lambda name: self.figures[name].rmse)


def candidates_of(kind: str, estimate: Estimate) -> dict[str, PurchaseModel]:
    """The model, the baselines, and the mean of the model and each of them, by name."""
    model = Part(kind, estimate.parameters)
    named: dict[str, tuple[Part, ...]] = {kind: (model,)}
    named |= {baseline: (Part(baseline),) for baseline in BASELINES}
    named |= {f"{kind}+{baseline}": (model, Part(baseline)) for baseline in BASELINES}
    return {name: PurchaseModel(name, parts) for name, parts in named.items()}


def cut_of(history: OrderHistory, days: int | None = None) -> tuple[int, int]:
    """The last day that models are fitted to, and the number of days after it: the last quarter of
    the history, or the last `days`. Raises TooFewOrders for a history too short."""
    length = history.last - history.start + 1
    held_out = length // 4 if days is None else days
    if not 0 < held_out <= length // 2:
        raise TooFewOrders(
            f"the orders are of {length} days, of which {held_out} are to be held out; expected at "
            "least 1 and at most half of them: give a longer history"
        )
    return history.last - held_out, held_out


def hold_out(history: OrderHistory, kind: str, cut: int, days: int) -> HoldOut:
    """Fits the model `kind` to the orders until the day `cut` and tests it on those of the next
    `days`. Raises TooFewOrders where there is too little to fit or to test."""
    known = history.on(cut)
    actual = history.orders_between(cut, cut + days)
    if not actual.any():
        raise TooFewOrders(
            f"none of the {len(known)} customers known before the last {days} days ordered in "
            "them: nothing to test a model on"
        )
    estimate = fit_orders(kind, known, cut)
    candidates = candidates_of(kind, estimate)
    expected = {name: orders_of_all(model, known, cut, days) for name, model in candidates.items()}
    figures = {name: hold_out_figures(one, actual) for name, one in expected.items()}
    return HoldOut(
        cut, days, len(known), int(actual.sum()), estimate, candidates, expected, actual, figures
    )


def hold_out_figures(expected: FloatArray, actual: IntArray) -> Figures:
    """The figures of orders `expected` of each customer, beside the `actual` ones."""
    total = float(actual.sum())
    return Figures(
        float(expected.sum()) / total - 1.0,
        math.sqrt(float(np.mean((expected - actual) ** 2))),
        rank_correlation(expected, actual),
        share_of_top_found(expected, actual),
    )


def rank_correlation(expected: FloatArray, actual: FloatArray) -> float:
    """Spearman's: equal values share the mean of their ranks. 0 if all are equal."""
    one, other = rankdata(expected), rankdata(actual)
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def share_of_top_found(expected: FloatArray, actual: FloatArray) -> float:
    """Of the customers who ordered as often as the last of the true top fifth, or oftener: the
    share found among as many with the highest expectations. Where equal expectations lie at the
    border, each of them counts in proportion."""
    wanted = math.ceil(TOP * len(actual))
    least = max(np.sort(actual)[-wanted], 1)
    is_top = actual >= least
    number = int(is_top.sum())
    border = np.sort(expected)[-number]
    above, at = expected > border, expected == border
    places_left = number - int(above.sum())
    found = int((is_top & above).sum()) + int((is_top & at).sum()) * places_left / int(at.sum())
    return found / number
