"""Fitting the purchase model in force anew, for `sendflow model refit` and for a worker that does
so by itself (the setting `refit`)."""

import logging
from zoneinfo import ZoneInfo

import msgspec

from streams.engine import Instant
from streams.errors import Refused, SendflowError
from streams.operations.order_history import history_of_shop
from streams.operations.publish import newest_definitions
from streams.operations.purchase_models import newest_model, publish_model
from streams.settings import RecordTime, Settings
from streams.value.order_history import OrderHistory
from streams.value.refit import Refit, refit

logger = logging.getLogger(__name__)


class NoModel(SendflowError):
    """No purchase model is in force."""


def shop_history(settings: Settings) -> OrderHistory:
    """The orders of the shop on days of its own zone. Raises Refused, TooFewOrders."""
    definitions = newest_definitions(settings)
    zone = ZoneInfo("UTC") if definitions is None else definitions.store.zone()
    return history_of_shop(settings, zone)


def refit_model_in_force(settings: Settings, now: Instant, at: Instant | None = None) -> Refit:
    """Fits the model in force anew and publishes it, unless the new fit is degenerate or worse.
    `now`: wall time; `at`: see `publish_model`. Raises Refused, NoModel, TooFewOrders."""
    published = newest_model(settings)
    if published is None:
        raise NoModel(
            "no purchase model published; publish one with `sendflow model fit --publish`"
        )
    found = refit(shop_history(settings), published.model)
    if found.model is None:
        found = msgspec.structs.replace(
            found, reason=f"{published.model.id} is kept: {found.reason}"
        )
    else:
        publish_model(settings, found.model, now, at)
    return found


def refit_if_due(settings: Settings, now: Instant) -> bool:
    """Does so where the model in force is as old as the setting `refit` says, and logs the outcome.
    Returns whether it was due. Raises Refused."""
    published = newest_model(settings)
    if published is None:
        logger.warning(
            "refit has no purchase model in force to fit anew; publish one with "
            "`sendflow model fit --publish`"
        )
        return False
    if now - published.at < settings.refit:
        return False
    if settings.record_time is RecordTime.CREATE:
        raise Refused("refit is for a running shop: in simulated time, use `sendflow model refit`")
    try:
        found = refit_model_in_force(settings, now)
    except SendflowError as error:
        logger.warning("purchase model not fitted anew: %s", error)
        return True
    if found.model is None:
        logger.warning("purchase model: %s", found.reason)
    else:
        logger.info("purchase model published: %s; %s", found.model.id, found.reason)
    return True
