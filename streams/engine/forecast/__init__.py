"""How often and for how much a customer will order: purchase models, as pure functions of the
customer's orders, the store's day and the model (SEMANTICS 7.2).

    Purchases (of one customer)  ─┐
    day (of the store)           ─┼──►  predictions.py  ──►  orders, P(active), revenue, next day
    PurchaseModel (of the shop)  ─┘          │
                                             └── bg_nbd, mbg_nbd, pareto_nbd, own_rate, ...

Only +, −, ×, ÷ on floats, exp and log: compiled and interpreted alike to the last bit. In modules
that begin with the comment `cython: annotation_typing=True` the compiler takes `float` at its word:
five times as fast.
"""

from streams.engine.forecast.beta_geometric import LEAST_POWER
from streams.engine.forecast.own_rate import evenly_discounted
from streams.engine.forecast.predictions import (
    LONGEST_TO_NEXT,
    predict_activity,
    predict_next_day,
    predict_order_value,
    predict_orders,
    predict_revenue,
    rounded,
    rounded_money,
)
from streams.engine.forecast.purchase_model import (
    BASELINES,
    MODELS,
    PROBABILITY_MODELS,
    YEAR,
    Part,
    PurchaseModel,
    named_parameters,
    ordered_parameters,
    problems_of_model,
)
from streams.engine.forecast.purchases import Purchases
from streams.engine.forecast.quadrature import POINTS, panels_of

__all__ = [
    "BASELINES",
    "LEAST_POWER",
    "LONGEST_TO_NEXT",
    "MODELS",
    "POINTS",
    "PROBABILITY_MODELS",
    "YEAR",
    "Part",
    "PurchaseModel",
    "Purchases",
    "evenly_discounted",
    "named_parameters",
    "ordered_parameters",
    "panels_of",
    "predict_activity",
    "predict_next_day",
    "predict_order_value",
    "predict_orders",
    "predict_revenue",
    "problems_of_model",
    "rounded",
    "rounded_money",
]
