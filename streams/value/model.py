"""A purchase model for a shop: estimated from all of its orders, chosen by the hold-out."""

from dataclasses import dataclass

import msgspec
import numpy as np

from streams.engine.forecast import PurchaseModel
from streams.value.fit import Estimate, fit_orders, fit_values
from streams.value.hold_out import HoldOut, candidates_of, cut_of, hold_out, rank_correlation
from streams.value.order_history import OrderHistory, TooFewOrders, date_text

BEST, MODEL = "best", "model"
"""Choices: the candidate that did best on the hold-out, or the probability model."""


@dataclass(frozen=True)
class FittedModel:
    """A purchase model with the reasons for it.

    `chosen`: the name of the candidate that the model is
    `orders`, `values`: the estimates from all orders; no `values` where too few have one
    `value_correlation`: between a customer's number of orders and their mean value; Gamma-Gamma
    takes it for nothing
    """

    model: PurchaseModel
    chosen: str
    held_out: HoldOut
    orders: Estimate
    values: Estimate | None
    value_correlation: float

    @property
    def remarks(self) -> list[str]:
        """The meaning of parameters at their bounds, and of what is missing."""
        found = list(self.orders.remarks)
        if self.values is None:
            return [*found, "too few customers with two orders or more and a value: a customer's "
                    "mean order value is taken to stay"]  # fmt: skip
        return found + list(self.values.remarks)


def fit_model(
    history: OrderHistory,
    kind: str,
    *,
    choice: str = MODEL,
    held_out_days: int | None = None,
    discount: float = 0.0,
) -> FittedModel:
    """Fits the probability model `kind`, tests it on the last quarter of the history (or its last
    `held_out_days`), and returns the candidate of this `choice`, fitted to all orders. `discount`:
    a year's. Raises TooFewOrders."""
    held_out = hold_out(history, kind, *cut_of(history, held_out_days))
    chosen = {BEST: held_out.best, MODEL: held_out.model}.get(choice, choice)
    customers = history.on(history.last)
    orders = fit_orders(kind, customers, history.last)
    means = customers.revenue / customers.orders
    try:
        values = fit_values(customers.orders, means)
    except TooFewOrders:
        values = None
    model = msgspec.structs.replace(
        candidates_of(kind, orders)[chosen],
        id=f"{chosen} {date_text(history.last)}",
        order_value=None if values is None else values.parameters,
        discount=discount,
        fitted_until=date_text(history.last),
        hold_out=hold_out_record(held_out, chosen),
    )
    correlation = rank_correlation(customers.orders, np.where(means > 0, means, 0))
    return FittedModel(model, chosen, held_out, orders, values, correlation)


def hold_out_record(held_out: HoldOut, chosen: str) -> dict[str, float]:
    """The figures of the chosen candidate's test, as they are published with the model."""
    figures = held_out.figures[chosen]
    return {
        "days": held_out.days,
        "customers": held_out.customers,
        "orders": held_out.orders,
        "total_error": figures.total_error,
        "rmse": figures.rmse,
        "rank_correlation": figures.rank_correlation,
        "top_fifth": figures.top_fifth,
    }
