"""Orders of many customers, as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.errors import SendflowError

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[Any]
"""Of float64. (Mypy takes the sum of an int64 and a float for one of any precision.)"""
IntArray = npt.NDArray[Any]
"""Of int64."""


@dataclass(frozen=True)
class CustomerArrays:
    """The same as `forecast.Purchases`, of many customers at once: the same names, and an
    element of each array per customer.

    `order_days`: the days of all remembered orders
    `owners`: the customer of each of them, by place
    """

    orders: IntArray
    first_day: FloatArray
    last_day: FloatArray
    revenue: FloatArray
    order_days: FloatArray
    owners: IntArray

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def repeats(self) -> IntArray:
        """The frequency x: orders after the first."""
        return self.orders - 1

    @property
    def recency(self) -> FloatArray:
        """The recency t_x: days from the first order to the last."""
        return self.last_day - self.first_day

    def age(self, day: float | FloatArray) -> FloatArray:
        """The age T on `day`: days since the first order, never less than the recency."""
        return np.maximum(day, self.last_day) - self.first_day


@dataclass(frozen=True)
class CustomerOrders:
    """The orders of one customer, as a source tells them. Days are those of the store, counted
    as `date.toordinal` does; amounts are net of refunds, in minor units.

    `days`, `amounts`: of each order that is remembered by itself
    `first_day`: of the first order, if that is forgotten
    `forgotten`: how many orders are older than those, and `forgotten_amount` of all of them
    """

    customer: str
    days: Sequence[int]
    amounts: Sequence[float]
    first_day: int | None = None
    forgotten: int = 0
    forgotten_amount: float = 0.0


@dataclass(frozen=True)
class OrderHistory:
    """The orders of a shop, from which its customers can be seen as they were on any day. Arrays
    with an element per customer, and with one per order (`owners`, `days`, `amounts`)."""

    customers: tuple[str, ...]
    first_day: IntArray
    forgotten: IntArray
    forgotten_amount: FloatArray
    owners: IntArray
    days: IntArray
    amounts: FloatArray

    @cached_property
    def start(self) -> int:
        """The day of the first order that is remembered by itself."""
        return int(self.days.min())

    @cached_property
    def last(self) -> int:
        """The day of the last of all orders."""
        return int(self.days.max())

    def until(self, day: int) -> "OrderHistory":
        """The history without the orders after this day. Raises TooFewOrders if none is left."""
        kept = self.days <= day
        if not kept.any():
            raise TooFewOrders(f"no orders until {date_text(day)}")
        return replace(
            self, owners=self.owners[kept], days=self.days[kept], amounts=self.amounts[kept]
        )

    def known_on(self, day: int) -> IntArray:
        """The places of the customers who had ordered by `day`, and whose orders until then are
        known: a customer whose remembered orders are all younger, while older ones are forgotten,
        is left out."""
        seen = np.bincount(self.owners[self.days <= day], minlength=len(self.customers))
        return np.flatnonzero(seen > 0)

    def on(self, day: int) -> CustomerArrays:
        """The customers `known_on` that day, as they were at its end."""
        places = self.known_on(day)
        new_place = np.full(len(self.customers), -1)
        new_place[places] = np.arange(len(places))
        until = self.days <= day
        owners = new_place[self.owners[until]]
        days = self.days[until].astype(float)
        amounts = np.bincount(owners, weights=self.amounts[until], minlength=len(places))
        last_day = np.full(len(places), -np.inf)
        np.maximum.at(last_day, owners, days)
        return CustomerArrays(
            np.bincount(owners, minlength=len(places)) + self.forgotten[places],
            self.first_day[places].astype(float),
            last_day,
            amounts + self.forgotten_amount[places],
            days,
            owners,
        )

    def orders_between(self, after: int, until: int) -> IntArray:
        """Of the customers known on the day `after`: the orders of later days up to `until`."""
        within = (self.days > after) & (self.days <= until)
        counts = np.bincount(self.owners[within], minlength=len(self.customers))
        return counts[self.known_on(after)]


class TooFewOrders(SendflowError):
    """The orders of a shop don't suffice to fit a purchase model, or to test one."""


def date_text(day: int) -> str:
    """2026-03-02, of the number of a day."""
    return date.fromordinal(day).isoformat()


def order_history(told: Iterable[CustomerOrders]) -> OrderHistory:
    """The orders of all customers that have at least one remembered order. Orders of one day are
    one order, as in the literature: customers who split a purchase don't order more often. Raises
    TooFewOrders if there are none."""
    customers: list[str] = []
    firsts: list[int] = []
    forgotten: list[int] = []
    forgotten_amounts: list[float] = []
    owners: list[int] = []
    days: list[int] = []
    amounts: list[float] = []
    for one in told:
        if not one.days:
            continue
        by_day: dict[int, float] = {}
        for day, amount in sorted(zip(one.days, one.amounts, strict=True)):
            by_day[day] = by_day.get(day, 0.0) + amount
        owners += [len(customers)] * len(by_day)
        days += by_day.keys()
        amounts += by_day.values()
        customers.append(one.customer)
        earliest = min(by_day)
        firsts.append(earliest if one.first_day is None else min(one.first_day, earliest))
        forgotten.append(one.forgotten)
        forgotten_amounts.append(one.forgotten_amount)
    if not customers:
        raise TooFewOrders("no orders found: nothing to fit a purchase model to")
    return OrderHistory(
        tuple(customers),
        np.array(firsts, dtype=np.int64),
        np.array(forgotten, dtype=np.int64),
        np.array(forgotten_amounts, dtype=np.float64),
        np.array(owners, dtype=np.int64),
        np.array(days, dtype=np.int64),
        np.array(amounts, dtype=np.float64),
    )
