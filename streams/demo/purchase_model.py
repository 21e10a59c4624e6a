"""The demo's purchase model: fitted to the orders of the year's first nine months, in force from
the moment after them.

    2010-12 ──────── orders, fitted to ────────► 2011-09 ── low-clv at work ──► 2011-12
                                                    ▲
                                     the model, on `control`, at this time

It is fitted to the orders of all customers, whichever share of them the demo replays: the model of
a few dozen customers would say nothing. Refunds made later aren't known to it.
"""

from dataclasses import replace
from datetime import date

from streams.demo.retail import ZONE, Retail
from streams.engine import Instant
from streams.engine.forecast import PurchaseModel
from streams.engine.values import start_of_day
from streams.operations.purchase_models import publish_model
from streams.settings import Settings

IN_FORCE_ON = date(2011, 9, 1)
"""The store's day from whose beginning on the model is in force."""

KIND = "bg_nbd"


def fit_purchase_model(retail: Retail) -> PurchaseModel | None:
    """The candidate that does best on the last quarter of the nine months; None where the extra
    `value` isn't installed: the demo runs without a model, too."""
    try:
        from streams.demo.retail_orders import retail_history
        from streams.value.model import BEST, fit_model
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("streams"):
            raise
        return None
    history = retail_history(_before(retail, in_force_at()))
    return fit_model(history, KIND, choice=BEST).model


def publish_purchase_model(settings: Settings, model: PurchaseModel, now: Instant) -> None:
    """Writes the model to `control`; `now`: wall time. To be called before the first event is
    written: a task that is past its time would decide without it."""
    publish_model(settings, model, now, in_force_at())


def in_force_at() -> Instant:
    """The beginning of IN_FORCE_ON in the shop's zone."""
    return start_of_day(IN_FORCE_ON, ZONE)


def _before(retail: Retail, moment: Instant) -> Retail:
    """The orders and refunds before a moment."""
    return replace(
        retail,
        orders=[order for order in retail.orders if order.at < moment],
        refunds=[refund for refund in retail.refunds if refund.at < moment],
    )
