"""The SIMULATED part of the demo: events around the real orders.

No public log has searches, views, carts and orders of the same customers. Everything here is
invented from a seed and says nothing about real behaviour:

- **profiles**: address `customer-<id>@shop.example`, a fictitious telephone number, consent,
  locale; country and time zone are real.
- **fulfilment**: one to six days after the order, a few after ten days or more; none for an order
  refunded before or without articles.
- **sessions before an order**: searches, views, a cart filled with the ordered articles, a
  checkout. Some orders have no cart (telephone), some a cart several hours old.
- **abandoned carts**: articles of the customer's own orders; no order follows within a day.
- **visits**: searches and views without a cart.

Queries are words of article names; the number of results is that of the articles whose name holds
all of them. Each customer has a random sequence of their own.

Simulated in other modules: articles (`articles.py`), subscriptions (`subscriptions.py`) and
feedback on mails (`feedback.py`).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable
from random import Random
from typing import Any

from streams.demo.retail import CURRENCY, Country, InvoiceItem, Order, Refund
from streams.engine import Instant
from streams.engine.values import DAY, HOUR, MINUTE
from streams.importing.encoding import EventFields

# Fractions and rates that shape the demo's figures; not measured anywhere.
_WITH_PHONE = 0.4
_CONSENT_EMAIL = 0.85
_CONSENT_SMS = 0.5  # of those with a telephone
_LATE_FULFILMENT = 0.04
_ORDERED_WITHOUT_CART = 0.15
_CART_HOURS_OLD = 0.12
_SEARCHED_BEFORE = 0.4
_ABANDONED_PER_ORDER = 0.35
_ABANDONED_EMPTIED = 0.1
_VISITS_PER_ORDER = 0.5
_MISSPELT = 0.03

_BEFORE_FIRST_ORDER = 14 * DAY  # earliest and latest visit without an order
_AFTER_LAST_ORDER = 21 * DAY
_NO_ORDER_AFTER_CART = 36 * HOUR


class Searches:
    """Queries made of article names, and their number of results."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._skus: dict[str, set[str]] = {}
        self._words: dict[str, list[str]] = {}
        self._results: dict[str, int] = {}
        for name, sku in {(item["name"], item["sku"]) for one in orders for item in one.items}:
            if name not in self._words:
                self._words[name] = re.findall(r"[a-z]{3,}", name.lower())
            for word in self._words[name]:
                self._skus.setdefault(word, set()).add(sku)

    def query(self, random: Random, item: InvoiceItem) -> str:
        """One to three neighbouring words of the item's name, sometimes misspelt."""
        words = self._words[item["name"]]
        length = min(len(words), 1 + int(random.random() * 3))
        start = int(random.random() * (len(words) - length + 1))
        query = " ".join(words[start : start + length])
        if random.random() < _MISSPELT:
            gone = 1 + int(random.random() * (len(query) - 1))
            query = query[:gone] + query[gone + 1 :]
        return query

    def results(self, query: str) -> int:
        """Number of articles with all words of the query in their name."""
        if query not in self._results:
            found = [self._skus.get(word, set()) for word in query.split()]
            self._results[query] = len(set.intersection(*found))
        return self._results[query]


def email_address(customer_id: str) -> str:
    """The customer's email address."""
    return f"customer-{customer_id}@shop.example"


def simulate_customer(
    random: Random,
    searches: Searches,
    orders: list[Order],
    refunds: list[Refund],
    year_end: Instant,
) -> list[EventFields]:
    """Simulated events of one customer with these orders and refunds, which are in order of time:
    the profile first, a minute before all others; the others in no order."""
    invoices: list[Order | Refund] = [*orders, *refunds]
    first = min(invoices, key=lambda invoice: invoice.at)
    visitor = _Visitor(random, searches, first.customer_id)
    shopping = [order for order in orders if order.items]
    for order in shopping:
        _visit_before_order(visitor, order)
    if shopping:
        _visit_without_order(visitor, shopping, [order.at for order in orders], year_end)
    fulfilments = [event for order in shopping for event in _fulfilment(random, order, refunds)]
    earliest = min([first.at, *(event["occurred_at"] for event in visitor.events)])
    profile = _profile(random, first.customer_id, first.country, earliest - MINUTE)
    return [profile, *visitor.events, *fulfilments]


def _profile(
    random: Random, customer_id: str, country: Country | None, occurred_at: Instant
) -> EventFields:
    fields: dict[str, Any] = {"email": email_address(customer_id), "locale": "en"}
    consent = ["email"] if random.random() < _CONSENT_EMAIL else []
    if random.random() < _WITH_PHONE:
        # Ofcom keeps +44 7700 900000 to 900999 free for fiction.
        fields["phone"] = f"+447700900{int(random.random() * 1000):03d}"
        if random.random() < _CONSENT_SMS:
            consent.append("sms")
    if country is not None:
        fields["country"] = country.code
        fields["timezone"] = country.zone
    fields["consent"] = consent
    return {
        "metric": "customer.updated",
        "event_id": f"profile-{customer_id}",
        "customer_id": customer_id,
        "occurred_at": occurred_at,
        "set": fields,
        "unset": [],
    }


def _fulfilment(random: Random, order: Order, refunds: list[Refund]) -> list[EventFields]:
    if random.random() < _LATE_FULFILMENT:
        days = 10.5 + random.random() * 5
    else:
        days = 1 + random.random() * 5
    at = order.at + int(days * DAY)
    delivery = at + int((1 + random.random() * 4) * DAY)
    given_back = sum(
        refund.amount for refund in refunds if refund.order_id == order.order_id and refund.at <= at
    )
    if given_back >= order.total:
        return []
    return [
        {
            "metric": "order.fulfilled",
            "event_id": f"fulfilled-{order.order_id}",
            "customer_id": order.customer_id,
            "occurred_at": at,
            "order_id": order.order_id,
            "expected_delivery": delivery,
        }
    ]


class _Visitor:
    """One customer's visits to the shop, as events."""

    def __init__(self, random: Random, searches: Searches, customer_id: str) -> None:
        self.random = random
        self.customer_id = customer_id
        self.events: list[EventFields] = []
        self._searches = searches

    def search(self, at: Instant, item: InvoiceItem) -> None:
        query = self._searches.query(self.random, item)
        results = self._searches.results(query)
        self._add("search.performed", at, query=query, filters={}, results=results)

    def view(self, at: Instant, item: InvoiceItem) -> None:
        self._add(
            "view.item",
            at,
            sku=item["sku"],
            name=item["name"],
            unit_price=item["unit_price"],
            currency=CURRENCY,
        )

    def fill_cart(self, at: Instant, cart_id: str, items: list[InvoiceItem]) -> None:
        """The cart holds `items` from `at` on."""
        self._add("cart.updated", at, **_cart(cart_id, items))

    def start_checkout(self, at: Instant, cart_id: str, items: list[InvoiceItem]) -> None:
        self._add("checkout.started", at, **_cart(cart_id, items), step=1)

    def _add(self, metric: str, at: Instant, **fields: Any) -> None:
        self.events.append(
            {
                "metric": metric,
                "event_id": f"simulated-{self.customer_id}-{len(self.events)}",
                "customer_id": self.customer_id,
                "occurred_at": at,
                **fields,
            }
        )


def _cart(cart_id: str, items: list[InvoiceItem]) -> dict[str, Any]:
    total = sum(item["quantity"] * item["unit_price"] for item in items)
    return {"cart_id": cart_id, "total": total, "currency": CURRENCY, "items": items}


def _visit_before_order(visitor: _Visitor, order: Order) -> None:
    """One or two visits that end in a real order."""
    random = visitor.random
    if random.random() < _ORDERED_WITHOUT_CART:
        return
    cart_id = f"cart-{order.order_id}"
    checkout = order.at - int((1 + random.random() * 3) * MINUTE)
    if random.random() < _CART_HOURS_OLD:
        filled = checkout - int((5 + random.random() * 25) * HOUR)
    else:
        filled = checkout - int((1 + random.random() * 10) * MINUTE)
    start = filled - int((5 + random.random() * 50) * MINUTE)
    searches = 1 + int(random.random() * 2) if random.random() < _SEARCHED_BEFORE else 0
    _look_around(visitor, order.items, start, filled, searches, int(random.random() * 3.5))
    changes = 1 + int(random.random() * min(3, len(order.items)))
    for change, at in enumerate(_moments(random, start, filled, changes), start=1):
        held = -(-len(order.items) * change // changes)  # rounded up; all items in the last change
        visitor.fill_cart(at, cart_id, order.items[:held])
    visitor.start_checkout(checkout, cart_id, order.items)


def _visit_without_order(
    visitor: _Visitor, orders: list[Order], order_moments: list[Instant], year_end: Instant
) -> None:
    """Abandoned carts and visits without an order, around and between the orders."""
    random = visitor.random
    begin = orders[0].at - _BEFORE_FIRST_ORDER
    end = min(orders[-1].at + _AFTER_LAST_ORDER, year_end)
    for number in range(len(orders) + 1):
        if random.random() < _ABANDONED_PER_ORDER:
            at = _daytime(random, begin, end)
            items = _some(random, random.choice(orders).items)
            after = bisect_left(order_moments, at)
            bought = after < len(order_moments) and (
                order_moments[after] - at <= _NO_ORDER_AFTER_CART
            )
            if not bought:
                _abandon_cart(visitor, f"cart-{visitor.customer_id}-{number}", items, at)
        if random.random() < _VISITS_PER_ORDER:
            at = _daytime(random, begin, end)
            items = _some(random, random.choice(orders).items)
            searches = 1 + int(random.random() * 3)
            views = int(random.random() * 4)
            _look_around(visitor, items, at - 20 * MINUTE, at, searches, views)


def _abandon_cart(visitor: _Visitor, cart_id: str, items: list[InvoiceItem], at: Instant) -> None:
    random = visitor.random
    start = at - int((5 + random.random() * 30) * MINUTE)
    _look_around(visitor, items, start, at, int(random.random() * 2), int(random.random() * 3))
    if len(items) > 1:
        visitor.fill_cart(start + (at - start) // 2, cart_id, items[:1])
    visitor.fill_cart(at, cart_id, items)
    ending = random.random()
    if ending < _ABANDONED_EMPTIED:
        visitor.fill_cart(at + int((1 + random.random() * 9) * MINUTE), cart_id, [])
    elif ending < 0.4:
        visitor.start_checkout(at + int((1 + random.random() * 4) * MINUTE), cart_id, items)


def _look_around(
    visitor: _Visitor,
    items: list[InvoiceItem],
    start: Instant,
    end: Instant,
    searches: int,
    views: int,
) -> None:
    random = visitor.random
    for index, at in enumerate(_moments(random, start, end, searches + views)):
        item = items[int(random.random() * len(items))]
        if index < searches:
            visitor.search(at, item)
        else:
            visitor.view(at, item)


def _moments(random: Random, start: Instant, end: Instant, number: int) -> list[Instant]:
    """`number` different times in [start, end), in order."""
    length = (end - start) // max(number, 1)
    return [start + index * length + int(random.random() * length) for index in range(number)]


def _daytime(random: Random, begin: Instant, end: Instant) -> Instant:
    """A time from 07:00 to 22:00 UTC of a day that overlaps [begin, end]."""
    day = (begin + int(random.random() * (end - begin))) // DAY
    return day * DAY + int((7 + random.random() * 15) * HOUR)


def _some(random: Random, items: list[InvoiceItem]) -> list[InvoiceItem]:
    """One to four neighbouring items."""
    length = min(len(items), 1 + int(random.random() * 4))
    start = int(random.random() * (len(items) - length + 1))
    return items[start : start + length]
