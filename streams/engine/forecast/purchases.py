"""The orders of one customer, as purchase models see them."""

import msgspec


class Purchases(msgspec.Struct, frozen=True, gc=False):
    """The orders of a customer who has at least one. Days are whole numbers counted from any day,
    the same for all of a shop; fractions and other units of time serve comparisons with figures
    from the literature.

    The literature calls `orders` − 1 the frequency x, `last_day` − `first_day` the recency t_x, and
    the time from `first_day` to today the age T.

    `orders`: how many, the first included; orders of one day are one (Fader, Hardie and Lee count
    transactions so, too)
    `revenue`: of all orders, net, in minor units of the store's currency
    `order_days`: the days with a remembered order, in order of time; only the baseline
    `window_before` reads it
    """

    orders: int
    first_day: float
    last_day: float
    revenue: float = 0
    order_days: tuple[float, ...] = ()

    @property
    def repeats(self) -> int:
        """The frequency x: orders after the first."""
        return self.orders - 1

    @property
    def recency(self) -> float:
        """The recency t_x: days from the first order to the last."""
        return self.last_day - self.first_day

    def age(self, day: float) -> float:
        """The age T on `day`: days since the first order. Never less than the recency: an order
        may be dated a little later than now (SEMANTICS 8.3)."""
        return max(day, self.last_day) - self.first_day
