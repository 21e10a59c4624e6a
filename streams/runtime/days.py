"""The days of a task: what it adds up over its customers, and when it tells (DESIGN 5.11).

A day ends at midnight UTC, before anything of that instant is done. What is added up then goes to
`partition-facts` in the task's transaction; worker/facts_agent.py adds the tasks up, and the fact
of the day comes back on `control`.

    ... 23:59  timers before midnight ║ report ──► partition-facts ──► fact ──► control

When a day is over, and whether the next one waits for that fact, is a matter of the policy for time
(time_policy/): in live time, a day on which nothing happened isn't told apart, and the next report
holds for it too.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from streams.engine import CustomerState, Instant, Purchase, is_forgotten
from streams.engine.values import DAY
from streams.ports import DayReport
from streams.runtime.day_purchases import DayPurchases
from streams.runtime.order import START, OrderKey, order_key
from streams.runtime.own_keys import OwnKeys

SUMS_KEY = b"\x00sums"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_that_ends(at: Instant) -> str:
    """The day (UTC) that ends at a midnight: YYYY-MM-DD."""
    return (_EPOCH + timedelta(milliseconds=at - DAY)).date().isoformat()


def day_end_of(day: str) -> Instant:
    """The midnight (UTC) at which a day ends. Raises ValueError for what is no day."""
    began = datetime.combine(date.fromisoformat(day), time(), UTC)
    return (began - _EPOCH) // timedelta(milliseconds=1) + DAY


class Sums(msgspec.Struct, array_like=True):
    """Sums over customers; money in minor units. Fields are only appended."""

    customers: int = 0
    buyers: int = 0  # those with at least one order
    clv_historic: int = 0  # of the buyers

    def take(self, state: CustomerState) -> None:
        """Takes a customer off, as they are before a change."""
        self._count(state, -1)

    def add(self, state: CustomerState) -> None:
        """Adds a customer, as they are after it."""
        self._count(state, 1)

    def _count(self, state: CustomerState, sign: int) -> None:
        if is_forgotten(state):
            return
        self.customers += sign
        if state.orders:
            self.buyers += sign
            self.clv_historic += sign * (state.revenue - state.refunds)


class Days:
    """Where a task stands in its days."""

    def __init__(
        self,
        day_end: Instant,
        own: OwnKeys,
        customers: Callable[[], Iterable[CustomerState]],
    ) -> None:
        """`day_end`: the midnight at which the day under way ends. `customers`: all that are
        stored, for stores that an older version wrote."""
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
        """Whether the task has told of a day already."""
        return self.end > DAY

    @property
    def began(self) -> Instant:
        """The midnight at which the day under way began."""
        return self.end - DAY

    def close(self, partition: int, now: Instant) -> DayReport:
        """The day is over, and so are all others that end up to `now`: nothing has happened since
        it ended."""
        closed = now - now % DAY
        self.end = closed + DAY
        self.end_key = order_key(self.end, START)
        sums = self.sums
        return DayReport(
            partition,
            closed,
            sums.customers,
            sums.buyers,
            sums.clv_historic,
            self._purchases.close(),
        )

    def learn(self, purchases: Iterable[Purchase]) -> None:
        """Counts what was bought, for recommendations."""
        for purchase in purchases:
            self._purchases.learn(purchase)

    def keep(self) -> None:
        """Before a transaction: what has changed becomes part of it."""
        self._purchases.keep()
        if self._kept is None and self.sums == Sums():
            return
        kept = msgspec.msgpack.encode(self.sums)
        if kept != self._kept:
            self._own.put(SUMS_KEY, kept)
            self._kept = kept
