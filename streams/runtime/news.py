"""Fan-out of article news: one event per watching customer, from task to task (DESIGN 6.5)."""

from streams.engine import Instant, Interest, Product, news_event, next_midnight
from streams.ports import Encoder
from streams.runtime.in_force import InForce
from streams.runtime.products import FanOutEvent, Products
from streams.runtime.time_policy import TimePolicy
from streams.runtime.uncommitted import Uncommitted


class News:
    """Fan-out of product changes: one event per watching customer."""

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

    def take(self, update: Product | Interest, now: Instant) -> None:
        """Applies an update of an article or of a customer's interest, and begins a fan-out."""
        if isinstance(update, Interest):
            self._products.watch(update, now)
            return
        update.occurred_at = min(update.occurred_at, now)
        changes = self._products.update(update)
        if changes and self._in_force.program.wants_news:
            self._send(self._products.fan_out(update.sku, changes, now), now)

    def fan_out(self, due: Instant) -> int:
        """Writes the next chunk of a fan-out. Returns the number of events."""
        events = self._products.next_chunk()
        self._send(events, due)
        return len(events)

    def _send(self, events: list[FanOutEvent], now: Instant) -> None:
        midnight = next_midnight(now)
        encoder, records = self._encoder, self._uncommitted.pending.records
        for one in events:
            event = self._time.dated_news(
                news_event(one.change, one.customer, one.interest), midnight
            )
            records.append(encoder.news(one.change.metric, event, midnight))
        self._uncommitted.pending.counts["news"] += len(events)
