"""The days of a task: sums over its customers, reported at each midnight (DESIGN 5.11).

A day ends at midnight UTC, before anything of that instant is processed. The sums then go to
`partition-facts` in the task's transaction; worker/facts_agent.py adds the tasks up, and the facts
of the day return on `control`.

    ... 23:59  timers before midnight ║ report ──► partition-facts ──► fact ──► control

The time policy (time_policy/) defines when a day is over, and whether the next one waits for those
facts. In live time, a day without events has no report of its own: the next one covers it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from streams.engine import CustomerState, Instant, Purchase, is_forgotten
from streams.engine.customer import net_revenue
from streams.engine.values import DAY
from streams.ports import DayReport
from streams.runtime.day_purchases import DayPurchases
from streams.runtime.order import START, OrderKey, order_key
from streams.runtime.own_keys import OwnKeys

SUMS_KEY = b"\x00sums-3"
"""States of format 3 count what they are worth by other rules: an older version's sums (`sums`) are
added up anew when a task opens."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_that_ends(at: Instant) -> str:
    """The day (UTC) that ends at a midnight, as YYYY-MM-DD."""
    return (_EPOCH + timedelta(milliseconds=at - DAY)).date().isoformat()


def day_end_of(day: str) -> Instant:
    """The midnight (UTC) at which a day ends. Raises ValueError if `day` is not YYYY-MM-DD."""
    began = datetime.combine(date.fromisoformat(day), time(), UTC)
    return (began - _EPOCH) // timedelta(milliseconds=1) + DAY


class Sums(msgspec.Struct, array_like=True):
    """Sums over customers; money in minor units. Fields are only appended."""

    customers: int = 0
    buyers: int = 0  # those with at least one order
    clv_historic: int = 0  # of the buyers

    def take(self, state: CustomerState) -> None:
        """Subtracts a customer's state before a change."""
        self._count(state, -1)

    def add(self, state: CustomerState) -> None:
        """Adds a customer's state after the change."""
        self._count(state, 1)

    def _count(self, state: CustomerState, sign: int) -> None:
        if is_forgotten(state):
            return
        self.customers += sign
        if state.orders:
            self.buyers += sign
            self.clv_historic += sign * net_revenue(state)


class Days:
    """The current day of a task, and its sums."""

    def __init__(
        self,
        day_end: Instant,
        own: OwnKeys,
        customers: Callable[[], Iterable[CustomerState]],
    ) -> None:
        """`day_end`: the midnight at which the current day ends. `customers`: all stored states,
        for stores that an older version wrote."""
        self.end = day_end
        self.end_key: OrderKey = order_key(day_end, START)
        self._own = own
        self._purchases = DayPurchases(own)
        self._kept = own.get(SUMS_KEY)
        if self._kept is not None:
            self.sums = msgspec.msgpack.decode(self._kept, type=Sums)
        else:
            self.sums = Sums()
            for state in customers():
                self.sums.add(state)

    @property
    def has_begun(self) -> bool:
        """True if the task has reported a day."""
        return self.end > DAY

    @property
    def began(self) -> Instant:
        """The midnight at which the current day began."""
        return self.end - DAY

    def close(self, partition: int, now: Instant) -> DayReport:
        """Ends the current day and all later ones that end up to `now`, on which nothing
        happened."""
        closed = now - now % DAY
        self.end = closed + DAY
        self.end_key = order_key(self.end, START)
        sums = self.sums
        return DayReport(
            partition=partition,
            day_end=closed,
            customers=sums.customers,
            buyers=sums.buyers,
            clv_historic=sums.clv_historic,
            learned=self._purchases.close(),
        )

    def learn(self, purchases: Iterable[Purchase]) -> None:
        """Counts purchases, for recommendations."""
        for purchase in purchases:
            self._purchases.learn(purchase)

    def keep(self) -> None:
        """Adds changes to the next transaction."""
        self._purchases.keep()
        if self._kept is None and self.sums == Sums():
            return
        kept = msgspec.msgpack.encode(self.sums)
        if kept != self._kept:
            self._own.put(SUMS_KEY, kept)
            self._kept = kept
