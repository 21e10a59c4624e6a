"""The days of a task, each with a report (DESIGN 5.11).

A day ends at midnight UTC, before anything of that instant is processed. The customers are then
valued as of midnight (valuation.py), and the report goes to `partition-facts` in the task's
transaction; worker/facts_agent.py adds the tasks up, and the facts of the day return on `control`.

    ... 23:59  timers ║ valuation ──► report ──► partition-facts ──► fact ──► control

The time policy (time_policy/) defines when a day is over, and whether the next one waits for the
valuation and those facts. In live time, a task that catches up has no report of a day on which
nothing happened: the one before holds.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from streams.engine import Instant, Purchase
from streams.engine.values import DAY
from streams.runtime.day_purchases import DayPurchases
from streams.runtime.order import START, OrderKey, order_key
from streams.runtime.own_keys import OwnKeys

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_that_ends(at: Instant) -> str:
    """The day (UTC) that ends at a midnight, as YYYY-MM-DD."""
    return (_EPOCH + timedelta(milliseconds=at - DAY)).date().isoformat()


def day_end_of(day: str) -> Instant:
    """The midnight (UTC) at which a day ends. Raises ValueError if `day` is not YYYY-MM-DD."""
    began = datetime.combine(date.fromisoformat(day), time(), UTC)
    return (began - _EPOCH) // timedelta(milliseconds=1) + DAY


class Days:
    """The current day of a task."""

    def __init__(self, day_end: Instant, own: OwnKeys, *, is_quiet: bool = False) -> None:
        """`day_end`: the midnight at which the current day ends. `is_quiet`: as the position of the
        task has it; False where an older version wrote that."""
        self.end = day_end
        self.end_key: OrderKey = order_key(day_end, START)
        self.is_quiet = is_quiet
        """True if no customer has changed in the current day."""
        self._purchases = DayPurchases(own)

    @property
    def has_begun(self) -> bool:
        """True if the task has reported a day."""
        return self.end > DAY

    @property
    def began(self) -> Instant:
        """The midnight at which the current day began."""
        return self.end - DAY

    def close(self, now: Instant, *, one_by_one: bool = False) -> bytes | None:
        """Ends the current day, and if nothing happened in it, all others that end up to `now`:
        the report before holds for them, unless values change from day to day (`one_by_one`).
        Returns the purchase counts of the day; None without purchases."""
        if not self.has_begun or (self.is_quiet and not one_by_one):
            self.end = now - now % DAY + DAY
        else:
            self.end += DAY
        self.is_quiet = True
        self.end_key = order_key(self.end, START)
        return self._purchases.close()

    def learn(self, purchases: Iterable[Purchase]) -> None:
        """Counts purchases, for recommendations."""
        for purchase in purchases:
            self._purchases.learn(purchase)

    def keep(self) -> None:
        """Adds changes to the next transaction."""
        self._purchases.keep()
