"""One year of a shop as events in order of time: real orders and refunds (`retail.py`) with
simulated events around them (`simulation.py` and the modules named there)."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from operator import itemgetter
from random import Random

from streams.demo.articles import birthday, product_events, wish_events
from streams.demo.feedback import feedback_events
from streams.demo.retail import CURRENCY, Order, Refund, Retail, read_retail
from streams.demo.simulation import Searches, simulate_customer
from streams.demo.subscriptions import subscription_events
from streams.engine import Instant
from streams.engine.values import DAY
from streams.importing.encoding import EventFields

SIMULATED_METRICS = frozenset(
    {
        "customer.updated",
        "customer.subscribed",
        "customer.unsubscribed",
        "order.fulfilled",
        "cart.updated",
        "checkout.started",
        "search.performed",
        "view.item",
        "wishlist.added",
        "product.updated",
        "message.delivered",
        "message.opened",
        "message.clicked",
    }
)
"""Simulated metrics, `product.updated` except for its prices (articles.py); the others are real."""

SEED = 7

_IN_ORDER = itemgetter("occurred_at", "event_id")

DELIVERY_WITHIN = 7 * DAY
"""Delivery time promised with each order; simulated, too."""


@dataclass(frozen=True, slots=True)
class ShopSummary:
    """Counts of the year and of left-out data; `order_total` in minor units."""

    seed: int
    currency: str
    lines: int
    lines_without_customer: int  # no key: left out
    repeated_lines: int  # exact duplicates within an invoice: left out
    customers: int
    orders: int
    orders_of_charges_only: int  # postage, fees, manual entries: orders without items
    order_total: int
    refunds: int
    refunds_without_order: int  # no earlier order holds their articles
    events: dict[str, int]  # by metric
    first_at: Instant
    last_at: Instant

    @property
    def total_events(self) -> int:
        return sum(self.events.values())

    @property
    def simulated_events(self) -> int:
        return sum(self.events[metric] for metric in self.events if metric in SIMULATED_METRICS)


@dataclass(frozen=True, slots=True)
class ShopYear:
    """Events in order of time (then of event id), and their summary."""

    events: list[EventFields]
    summary: ShopSummary


def build_shop_year(
    seed: int = SEED, one_in: int | None = None, retail: Retail | None = None
) -> ShopYear:
    """Reads the data, simulates the rest and returns the year's events in order of time, with the
    fields of DESIGN 7. The same seed gives the same bytes.

    `one_in`: the events of every such customer only, by id, and of the articles in their events;
    they equal those of the whole year, and counts of lines stay those of the whole data. `retail`:
    the data, if they have been read. Raises Refused if reading fails."""
    retail = retail or read_retail()
    orders: defaultdict[str, list[Order]] = defaultdict(list)
    refunds: defaultdict[str, list[Refund]] = defaultdict(list)
    for order in retail.orders:
        orders[order.customer_id].append(order)
    for refund in retail.refunds:
        refunds[refund.customer_id].append(refund)

    events: list[EventFields] = []
    searches = Searches(retail.orders)
    year_end = retail.orders[-1].at
    customers = sorted({*orders, *refunds})[:: one_in or 1]
    for customer_id in customers:
        events += map(_order_placed, orders.get(customer_id, []))
        events += map(_order_refunded, refunds.get(customer_id, []))
        profile, *others = simulate_customer(
            Random(f"{seed}/{customer_id}"),
            searches,
            orders.get(customer_id, []),
            refunds.get(customer_id, []),
            year_end,
        )
        if (day := birthday(seed, customer_id)) is not None:
            profile["set"]["birthday"] = day
        events += [profile, *others]
        if customer_id in orders:
            first_order_at = orders[customer_id][0].at
            events += subscription_events(seed, profile, first_order_at, year_end)
    so_far = sorted(events, key=_IN_ORDER)
    events += wish_events(seed, so_far)
    events += feedback_events(seed, so_far)
    looked_at = None if one_in is None else {event["sku"] for event in events if "sku" in event}
    events += product_events(seed, retail.orders, looked_at)
    events.sort(key=_IN_ORDER)
    return ShopYear(events, _summary(seed, retail, customers, events))


def _summary(
    seed: int, retail: Retail, customers: list[str], events: list[EventFields]
) -> ShopSummary:
    placed = [event for event in events if event["metric"] == "order.placed"]
    by_metric = Counter(event["metric"] for event in events)
    return ShopSummary(
        seed=seed,
        currency=CURRENCY,
        lines=retail.lines,
        lines_without_customer=retail.lines_without_customer,
        repeated_lines=retail.repeated_lines,
        customers=len(customers),
        orders=len(placed),
        orders_of_charges_only=sum(not order.items for order in retail.orders),
        order_total=sum(order["total"] for order in placed),
        refunds=by_metric["order.refunded"],
        refunds_without_order=sum(refund.order_id == refund.refund_id for refund in retail.refunds),
        events=dict(sorted(by_metric.items())),
        first_at=events[0]["occurred_at"],
        last_at=events[-1]["occurred_at"],
    )


def _order_placed(order: Order) -> EventFields:
    return {
        "metric": "order.placed",
        "event_id": f"order-{order.order_id}",
        "customer_id": order.customer_id,
        "occurred_at": order.at,
        "order_id": order.order_id,
        "total": order.total,
        "currency": CURRENCY,
        "items": order.items,
        "expected_delivery": order.at + DELIVERY_WITHIN,
        "country": order.country.code if order.country else None,
        "tags": order.tags,
    }


def _order_refunded(refund: Refund) -> EventFields:
    return {
        "metric": "order.refunded",
        "event_id": f"refund-{refund.refund_id}",
        "customer_id": refund.customer_id,
        "occurred_at": refund.at,
        "order_id": refund.order_id,
        "amount": refund.amount,
        "currency": CURRENCY,
        "items": refund.items,
    }
