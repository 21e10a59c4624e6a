"""Fan-out of article news: one event per watching customer, from task to task (DESIGN 6.5)."""

from streams.engine import (
    GoneProduct,
    Instant,
    Interest,
    Product,
    gone,
    merged,
    news_between,
    news_event,
    next_midnight,
)
from streams.ports import Encoder
from streams.runtime.article_reports import ArticleReports
from streams.runtime.in_force import InForce
from streams.runtime.products import FanOutEvent, Products
from streams.runtime.time_policy import TimePolicy
from streams.runtime.uncommitted import Uncommitted


class News:
    """Fan-out of product changes: one event per watching customer."""

    def __init__(
        self,
        products: Products,
        reports: ArticleReports,
        in_force: InForce,
        encoder: Encoder,
        uncommitted: Uncommitted,
        time: TimePolicy,
    ) -> None:
        self._products = products
        self._reports = reports
        self._in_force = in_force
        self._encoder = encoder
        self._uncommitted = uncommitted
        self._time = time

    def take(self, update: Product | GoneProduct | Interest, now: Instant) -> None:
        """Applies an update of an article or of a customer's interest, and begins a fan-out."""
        if isinstance(update, Interest):
            self._products.watch(update, now)
            return
        before = self._products.get(update.sku)
        if isinstance(update, Product):
            update.occurred_at = min(update.occurred_at, now)
            after = merged(before, update)
        else:
            after = None if before is None else gone(before, now)
        if after is None:
            return
        self._products.put(after)
        program = self._in_force.program
        self._reports.note(program, before, after, now)
        changes = [
            change
            for change in news_between(before, after, program.low_stock)
            if change.metric in program.news_wanted
        ]
        if changes:
            self._send(self._products.fan_out(update.sku, changes, now), now)

    def fan_out(self, due: Instant) -> int:
        """Writes the next chunk of a fan-out. Returns the number of events."""
        events = self._products.next_chunk()
        self._send(events, due)
        return len(events)

    def _send(self, events: list[FanOutEvent], now: Instant) -> None:
        midnight = next_midnight(now)
        encoder, records = self._encoder, self._uncommitted.pending.records
        before = len(records)
        for one in events:
            event = news_event(one.change, one.customer, one.interest, one.seen)
            if event is not None:
                dated = self._time.dated_news(event, midnight)
                records.append(encoder.news(one.change.metric, dated, midnight))
        self._uncommitted.pending.counts["news"] += len(records) - before
