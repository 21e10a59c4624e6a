"""News of articles for those who wait for them: an event for each, which tasks write for each other
(DESIGN 6.5)."""

from streams.engine import Instant, Interest, Product, news_event, next_midnight
from streams.ports import Encoder
from streams.runtime.in_force import InForce
from streams.runtime.products import Products, Told
from streams.runtime.time_policy import TimePolicy
from streams.runtime.uncommitted import Uncommitted


class News:
    """Takes in updates of articles, and tells the customers who wait for them."""

    def __init__(
        self,
        products: Products,
        in_force: InForce,
        encoder: Encoder,
        uncommitted: Uncommitted,
        time: TimePolicy,
    ) -> None:
        self._products = products
        self._in_force = in_force
        self._encoder = encoder
        self._uncommitted = uncommitted
        self._time = time

    def take(self, said: Product | Interest, now: Instant) -> None:
        """Takes in an update of an article, or an interest of a customer in one."""
        if isinstance(said, Interest):
            self._products.watch(said, now)
            return
        said.occurred_at = min(said.occurred_at, now)
        changes = self._products.update(said)
        if changes and self._in_force.program.wants_news:
            self._send(self._products.tell(said.sku, changes, now), now)

    def tell(self, due: Instant) -> int:
        """The next of those who wait for an article. Returns how many there were."""
        told = self._products.next_chunk()
        self._send(told, due)
        return len(told)

    def _send(self, told: list[Told], now: Instant) -> None:
        midnight = next_midnight(now)
        encoder, records = self._encoder, self._uncommitted.pending.records
        for one in told:
            event = self._time.dated_news(
                news_event(one.change, one.customer, one.interest), midnight
            )
            records.append(encoder.news(one.change.metric, event, midnight))
        self._uncommitted.pending.counts["news"] += len(told)
