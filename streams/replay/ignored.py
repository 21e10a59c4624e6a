"""Remarks about the events of a timeline that had no effect, or not all of it, and the reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.engine import METRICS, Instant
from streams.engine.values import FieldType
from streams.replay.decision_text import Words
from streams.replay.history import CustomerHistory, PastEvent, Publication


class Remarks:
    """Makes the remarks of one customer's events, which are given in order of processing."""

    def __init__(self, history: CustomerHistory, words: Words) -> None:
        self._publications = history.publications
        self._words = words
        self._forget()

    def _forget(self) -> None:
        self._seen: set[str] = set()
        self._orders: set[str] = set()
        self._refunds: set[tuple[str, str]] = set()  # order_id, refund_id
        self._patched: dict[str, Instant] = {}  # profile field -> newest `occurred_at`
        self._cart_at: Instant | None = None

    def of(self, event: PastEvent) -> list[str]:
        """The remarks about the next event."""
        if event.event_id and event.event_id in self._seen:
            return ["duplicate event_id: no effect"]
        self._seen.add(event.event_id)
        remarks = list(self._others(event))
        if event.is_history:
            remarks.append("history: triggers nothing")
        return remarks

    def _others(self, event: PastEvent) -> Iterator[str]:
        occurred = event.fields.get("occurred_at")
        at = min(occurred, event.at) if isinstance(occurred, int) else event.at
        match event.metric:
            case "customer.erased":
                self._forget()
            case "order.placed":
                order = str(event.fields.get("order_id"))
                if order in self._orders:
                    yield "known order: corrected, not counted again"
                self._orders.add(order)
            case "order.refunded" if event.fields.get("refund_id"):
                refund = str(event.fields.get("order_id")), str(event.fields["refund_id"])
                if refund in self._refunds:
                    yield "known refund_id: no effect"
                self._refunds.add(refund)
            case "customer.updated":
                yield from self._stale_fields(event.fields, at)
            case "cart.updated":
                if self._cart_at is not None and at < self._cart_at:
                    newest = self._words.moment(self._cart_at)
                    yield f"older than the cart of {newest}: no effect"
                else:
                    self._cart_at = at
        currency = event.fields.get("currency")
        if currency and _has_amount(event) and not self._is_known(currency, event.at):
            yield f"no rate for {currency} in store.yaml: not in sums and comparisons"

    def _stale_fields(self, fields: Mapping[str, Any], at: Instant) -> Iterator[str]:
        """Fields that a newer patch had touched before (SEMANTICS 7.5)."""
        stale = []
        for name in [*(fields.get("set") or {}), *(fields.get("unset") or ())]:
            newest = self._patched.get(name)
            if newest is not None and at < newest:
                stale.append(f"{name} (newer value of {self._words.moment(newest)})")
            else:
                self._patched[name] = at
        if stale:
            yield f"not changed: {', '.join(stale)}"

    def _is_known(self, currency: str, at: Instant) -> bool:
        store = _store_at(self._publications, at)
        return store is None or currency in {store.get("currency", "GBP"), *store.get("rates", {})}


def _has_amount(event: PastEvent) -> bool:
    metric = METRICS.get(event.metric)
    return metric is not None and any(
        field.type is FieldType.MONEY and event.fields.get(name) is not None
        for name, field in metric.fields.items()
    )


def _store_at(publications: list[Publication], at: Instant) -> Mapping[str, Any] | None:
    """The store's settings in force at `at`."""
    for published in reversed(publications):
        if published.at <= at:
            store: Mapping[str, Any] = published.definitions.get("store") or {}
            return store
    return None
