"""Values of a customer, historic and predicted, for conditions and references (SEMANTICS 3.4, 7.2).

Historic values are read off the state. Predicted ones are functions of the customer's orders, the
store's day and the purchase model in force (streams/engine/forecast): between two orders and under
one model they change at the beginning of a store's day only.
"""

import zoneinfo
from collections.abc import Callable
from datetime import date
from typing import Any

from streams.engine.customer.known_orders import order_of_sequence, taken_off
from streams.engine.customer.orders import net_revenue
from streams.engine.customer.past import Past
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import CustomerState
from streams.engine.customer.store_facts import stand_in_fact
from streams.engine.forecast import (
    PurchaseModel,
    Purchases,
    predict_activity,
    predict_next_day,
    predict_orders,
    predict_revenue,
    rounded,
    rounded_money,
)
from streams.engine.values import FieldType, Instant, day_number, start_of_day

VALUES: dict[str, FieldType] = {
    "clv.historic": FieldType.MONEY,
    "clv.predicted": FieldType.MONEY,
    "clv.total": FieldType.MONEY,
    "orders.expected_90d": FieldType.NUMBER,
    "churn_risk": FieldType.NUMBER,
    "order.expected_next_at": FieldType.MOMENT,
    "orders.count": FieldType.NUMBER,
    "order.mean": FieldType.MONEY,
    "order.last": FieldType.MONEY,
    "orders.days_between": FieldType.NUMBER,
}
"""The values of conditions and references (SEMANTICS 3.4)."""

FALLING = frozenset({"clv.predicted", "clv.total", "orders.expected_90d"})
"""Values that fall from day to day, unless there is an order."""
RISING = frozenset({"churn_risk"})
"""Values that rise from day to day."""
PREDICTED = FALLING | RISING | {"order.expected_next_at"}
"""Values of the purchase model. All others, and the next order's moment, are the same every day."""

MODEL = "model"
"""The purchase model among the store facts; without one, predicted values are missing."""

EXPECTED_ORDERS_DAYS = 90
"""Of `orders.expected_90d`."""

ValueOnDay = Callable[[Situation, int], Any]
"""Reads a customer's value on a store's day (its number); None: missing."""


def has_stand_in(situation: Situation, name: str) -> bool:
    """True if a flow test has set the customer's value, which is then the same every day."""
    return stand_in_fact(situation.state.customer_id, name) in situation.facts


def value_on_day(name: str, zone: zoneinfo.ZoneInfo) -> ValueOnDay:
    """The function that reads a customer's value as of a store's day; `zone`: the store's. A fact
    that replaces the value comes first."""
    is_number = VALUES[name] is FieldType.NUMBER
    historic, predicted = _HISTORIC.get(name), _PREDICTED.get(name)

    def read(situation: Situation, day: int) -> Any:
        state, facts = situation.state, situation.facts
        if facts:
            given = facts.get(stand_in_fact(state.customer_id, name))
            if given is not None:
                return round(given, 4) if is_number else round(given)  # minor units, ms
        if historic is not None:
            return historic(state, zone)
        assert predicted is not None
        model: PurchaseModel | None = facts.get(MODEL)
        if model is None:
            return None
        purchases = purchases_of(state, zone, with_days=model.reads_order_days)
        return None if purchases is None else predicted(model, purchases, day, zone)

    return read


def value_reader(name: str, zone: zoneinfo.ZoneInfo) -> Callable[[Situation], Any]:
    """The function that reads a customer's value now; None: missing."""
    read = value_on_day(name, zone)
    if name not in PREDICTED:
        return lambda situation: read(situation, 0)
    return lambda situation: read(situation, day_number(situation.now, zone))


def values_on_day(
    state: CustomerState, model: PurchaseModel | None, day: int, zone: zoneinfo.ZoneInfo
) -> dict[str, float]:
    """All values of a buyer as of a store's day, by name, but moments and what is missing: what
    `value_on_day` reads of each, with everything computed once."""
    found: dict[str, Any] = {name: read(state, zone) for name, read in _HISTORIC.items()}
    if model is not None:
        purchases = purchases_of(state, zone, with_days=model.reads_order_days)
        if purchases is not None:
            predicted = _predicted(model, purchases, day, zone)
            found["clv.predicted"] = predicted
            found["clv.total"] = net_revenue(state) + predicted
            found["orders.expected_90d"] = _expected_orders(model, purchases, day, zone)
            found["churn_risk"] = _churn_risk(model, purchases, day, zone)
    return {name: value for name, value in found.items() if value is not None}


def purchases_of(
    state: CustomerState, zone: zoneinfo.ZoneInfo, *, with_days: bool = False
) -> Purchases | None:
    """The customer's orders as purchase models see them, on days of the store; None without any.
    Orders of one day are one, as in the literature: who splits a purchase doesn't order more often.
    `with_days`: with the day of each that is remembered."""
    first, last = state.first_order_at, state.last_order_at
    if first is None or last is None:
        return None
    past = state.recent.get("order.placed")
    return Purchases(
        state.orders - (0 if past is None else _orders_of_one_day(past, zone)),
        day_number(first, zone),
        day_number(last, zone),
        net_revenue(state),
        () if past is None or not with_days else _order_days(past, zone),
    )


def _orders_of_one_day(past: Past, zone: zoneinfo.ZoneInfo) -> int:
    """The number of remembered orders of the same day as the one before."""
    number = 0
    for place in range(1, len(past)):
        before, at = past.at(place - 1), past.at(place)
        if at - before < _LONGEST_DAY and day_number(before, zone) == day_number(at, zone):
            number += 1
    return number


_LONGEST_DAY = 25 * 3_600_000
"""Milliseconds: the day on which the clock is set back."""


def _order_days(past: Past, zone: zoneinfo.ZoneInfo) -> tuple[float, ...]:
    """The days with a remembered order, in order of time."""
    return tuple(
        dict.fromkeys(float(day_number(past.at(place), zone)) for place in range(len(past)))
    )


def _count(state: CustomerState, zone: zoneinfo.ZoneInfo) -> int:
    return state.orders


def _mean_order(state: CustomerState, zone: zoneinfo.ZoneInfo) -> int | None:
    return rounded_money(net_revenue(state) / state.orders) if state.orders else None


def _last_order(state: CustomerState, zone: zoneinfo.ZoneInfo) -> int | None:
    """The remaining worth of the newest order; None without an amount that can be converted."""
    past = state.recent.get("order.placed")
    if not past:
        return None
    order = order_of_sequence(state, past.sequence_at(len(past) - 1))
    if order is None or order.worth is None:
        return None
    return order.worth - taken_off(order)


def _days_between(state: CustomerState, zone: zoneinfo.ZoneInfo) -> float | None:
    first, last = state.first_order_at, state.last_order_at
    if first is None or last is None or state.orders < 2:
        return None
    return rounded((day_number(last, zone) - day_number(first, zone)) / (state.orders - 1))


def _expected_orders(
    model: PurchaseModel, purchases: Purchases, day: int, zone: zoneinfo.ZoneInfo
) -> float:
    return rounded(predict_orders(model, purchases, day, EXPECTED_ORDERS_DAYS))


def _predicted(
    model: PurchaseModel, purchases: Purchases, day: int, zone: zoneinfo.ZoneInfo
) -> int:
    return rounded_money(predict_revenue(model, purchases, day))


def _total(model: PurchaseModel, purchases: Purchases, day: int, zone: zoneinfo.ZoneInfo) -> int:
    return int(purchases.revenue) + rounded_money(predict_revenue(model, purchases, day))


def _churn_risk(
    model: PurchaseModel, purchases: Purchases, day: int, zone: zoneinfo.ZoneInfo
) -> float | None:
    active = predict_activity(model, purchases, day)
    return None if active is None else rounded(1.0 - active)


def _expected_next(
    model: PurchaseModel, purchases: Purchases, day: int, zone: zoneinfo.ZoneInfo
) -> Instant | None:
    """The beginning of the day."""
    expected = predict_next_day(model, purchases)
    return None if expected is None else start_of_day(date.fromordinal(expected), zone)


_HISTORIC: dict[str, Callable[[CustomerState, zoneinfo.ZoneInfo], Any]] = {
    "clv.historic": lambda state, zone: net_revenue(state),
    "orders.count": _count,
    "order.mean": _mean_order,
    "order.last": _last_order,
    "orders.days_between": _days_between,
}
_PREDICTED: dict[str, Callable[[PurchaseModel, Purchases, int, zoneinfo.ZoneInfo], Any]] = {
    "clv.predicted": _predicted,
    "clv.total": _total,
    "orders.expected_90d": _expected_orders,
    "churn_risk": _churn_risk,
    "order.expected_next_at": _expected_next,
}
