"""The purchase model in force is fitted anew, and kept where the new fit is no better. A crash
changes nothing: the one record that is written puts a whole model in force, or isn't there."""

import math

import msgspec
import numpy as np

from streams.engine.forecast import PROBABILITY_MODELS, PurchaseModel, problems_of_model
from streams.value.model import FittedModel, fit_model
from streams.value.order_history import OrderHistory, TooFewOrders, date_text
from streams.value.vectorised import orders_of_all

WORSE = 1.02
"""A new model's RMSE of so many times the old one's on the last quarter is worse."""
DEFAULT_KIND = "bg_nbd"
"""Probability model beside which a baseline in force is tested."""


class Refit(msgspec.Struct, frozen=True):
    """The outcome: the model to put in force, or None and the reason to keep the old one."""

    model: PurchaseModel | None
    reason: str


def refit(history: OrderHistory, old: PurchaseModel) -> Refit:
    """Fits the kinds of models that `old` is the mean of to the whole history, with its discount,
    and compares both on the last quarter: like with like, so both without its orders, or if `old`
    was fitted to some of them, both with them."""
    kinds = [one.kind for one in old.parts]
    kind = next((one for one in kinds if one in PROBABILITY_MODELS), DEFAULT_KIND)
    try:
        found = fit_model(history, kind, choice="+".join(kinds), discount=old.discount)
    except TooFewOrders as error:
        return Refit(None, str(error))
    problems = [*problems_of_model(found.model), *_degenerate(found)]
    if problems:
        return Refit(None, f"the new fit is degenerate: {'; '.join(problems)}")
    old_rmse = _rmse_of(old, history, found)
    knows_some = old.fitted_until > date_text(found.held_out.cut)
    new_rmse = _rmse_of(found.model, history, found) if knows_some else found.model.hold_out["rmse"]
    told = f"RMSE {new_rmse:.3f} on the last {found.held_out.days} days, before {old_rmse:.3f}"
    if new_rmse > WORSE * old_rmse:
        return Refit(None, f"the new fit is worse: {told}")
    return Refit(found.model, told)


def _degenerate(found: FittedModel) -> list[str]:
    """The signs of a maximum that is none: no standard error of any parameter."""
    estimates = [found.orders, *([] if found.values is None else [found.values])]
    return [
        f"{one.kind}: no standard errors"
        for one in estimates
        if all(error is None or not math.isfinite(error) for error in one.errors)
    ]


def _rmse_of(model: PurchaseModel, history: OrderHistory, found: FittedModel) -> float:
    held_out = found.held_out
    expected = orders_of_all(model, history.on(held_out.cut), held_out.cut, held_out.days)
    return math.sqrt(float(np.mean((expected - held_out.actual) ** 2)))
