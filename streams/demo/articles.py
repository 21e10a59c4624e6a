"""Articles of the demo: prices, stock, wish lists; and customers' birthdays.

- **prices are real**: the price of most lines of an article in a week. The time of a price change,
  Monday 06:00 UTC, is SIMULATED, as is everything below.
- **stock**: some articles without a sale for three weeks or longer were sold out; they are back on
  the morning of the day of the next sale.
- **wish lists**: one in ten articles viewed by a customer goes on the wish list a minute later.
- **birthdays**: known of two customers in three.

This module draws from random sequences of its own: the rest of the year is the same without it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from itertools import pairwise
from random import Random

from streams.demo.retail import CURRENCY, Order
from streams.engine import Instant
from streams.engine.values import DAY, HOUR, MINUTE, WEEK
from streams.importing.encoding import EventFields

_MONDAY = 4 * DAY
"""1970-01-05."""

# Fractions that shape the demo's figures; not measured anywhere.
_SOLD_OUT = 0.3  # of the articles without a sale for:
_UNSOLD = 21 * DAY
_WISHED = 0.1
_WITH_BIRTHDAY = 2 / 3


def product_events(
    seed: int, orders: Iterable[Order], skus: Set[str] | None = None
) -> Iterator[EventFields]:
    """The `product.updated` events, in order of time for each article; `skus`: of these only."""
    lines: defaultdict[str, list[tuple[Instant, int]]] = defaultdict(list)
    names: dict[str, str] = {}
    for order in orders:
        for item in order.items:
            if skus is not None and item["sku"] not in skus:
                continue
            if item["unit_price"] > 0:  # an article given away has no price
                lines[item["sku"]].append((order.at, item["unit_price"]))
                names[item["sku"]] = item["name"]
    for sku in sorted(lines):
        changes = [(at, "price", price) for at, price in _prices(lines[sku])]
        random = Random(f"{seed}/article/{sku}")
        changes += [(at, "stock", level) for at, level in _stocks(random, lines[sku])]
        changes.sort()
        price, stock = changes[0][2] if changes[0][1] == "price" else 0, 1
        for number, (at, what, value) in enumerate(changes):
            price, stock = (value, stock) if what == "price" else (price, value)
            yield {
                "metric": "product.updated",
                "event_id": f"article-{sku}-{number}",
                "occurred_at": at,
                "sku": sku,
                "name": names[sku],
                "price": price,
                "currency": CURRENCY,
                "stock": stock,
            }


def _prices(lines: list[tuple[Instant, int]]) -> Iterator[tuple[Instant, int]]:
    """Price changes of an article: time and price. `lines` are in order of time."""
    weeks: defaultdict[Instant, Counter[int]] = defaultdict(Counter)
    for at, price in lines:
        weeks[(at - _MONDAY) // WEEK * WEEK + _MONDAY][price] += 1
    before = None
    for monday in sorted(weeks):
        price = max(weeks[monday].items(), key=lambda one: (one[1], one[0]))[0]
        if price != before:
            yield monday + 6 * HOUR, price
        before = price


def _stocks(random: Random, lines: list[tuple[Instant, int]]) -> Iterator[tuple[Instant, int]]:
    """Stock changes of an article: time and stock (0: sold out)."""
    for (sold, _), (next_sold, _) in pairwise(lines):
        if next_sold - sold >= _UNSOLD and random.random() < _SOLD_OUT:
            yield sold + DAY, 0
            yield next_sold // DAY * DAY + 7 * HOUR, 1 + int(random.random() * 50)


def wish_events(seed: int, events: Iterable[EventFields]) -> Iterator[EventFields]:
    """The `wishlist.added` events for the views in `events`."""
    randoms: dict[str, Random] = {}
    wished: set[tuple[str, str]] = set()
    for event in events:
        if event["metric"] != "view.item":
            continue
        customer_id, sku = event["customer_id"], event["sku"]
        random = randoms.get(customer_id)
        if random is None:
            random = randoms[customer_id] = Random(f"{seed}/wishes/{customer_id}")
        if random.random() < _WISHED and (customer_id, sku) not in wished:
            wished.add((customer_id, sku))
            yield {
                "metric": "wishlist.added",
                "event_id": f"wish-{customer_id}-{sku}",
                "customer_id": customer_id,
                "occurred_at": event["occurred_at"] + MINUTE,
                "sku": sku,
            }


def birthday(seed: int, customer_id: str) -> str | None:
    """A customer's birthday as a date; None: unknown."""
    random = Random(f"{seed}/birthday/{customer_id}")
    if random.random() >= _WITH_BIRTHDAY:
        return None
    year, month = 1940 + int(random.random() * 60), 1 + int(random.random() * 12)
    return f"{year}-{month:02}-{1 + int(random.random() * 28):02}"
