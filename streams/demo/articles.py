"""The articles of the demo: what each costs, whether there is any, who wishes for it and when.

- **prices are real**: the price that most lines of an article had in a week. That the change of it
  comes at six on a Monday (UTC) is SIMULATED, as is all that follows.
- **stock**: some of the articles that nobody bought for three weeks or longer had been sold out;
  they are back on the morning of the day of the next sale.
- **wish lists**: one in ten of the articles that a customer looks at is put on it a minute later.
- **birthdays**: two customers in three have told theirs.

What is drawn here comes from random sequences of its own: the rest of the year is the same with or
without it.
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

# Shares; they shape the demo's figures and stand for nothing else.
_SOLD_OUT = 0.3  # of the articles that nobody bought for so long:
_UNSOLD = 21 * DAY
_WISHED = 0.1
_WITH_BIRTHDAY = 2 / 3


def product_events(
    seed: int, orders: Iterable[Order], skus: Set[str] | None = None
) -> Iterator[EventFields]:
    """What the shop says of each article, or of each of `skus`, in order of time for each."""
    lines: defaultdict[str, list[tuple[Instant, int]]] = defaultdict(list)
    names: dict[str, str] = {}
    for order in orders:
        for item in order.items:
            if skus is not None and item["sku"] not in skus:
                continue
            if item["unit_price"] > 0:  # others were given away
                lines[item["sku"]].append((order.at, item["unit_price"]))
                names[item["sku"]] = item["name"]
    for sku in sorted(lines):
        changes = [(at, "price", price) for at, price in _prices(lines[sku])]
        random = Random(f"{seed}/article/{sku}")
        changes += [(at, "stock", there) for at, there in _stocks(random, lines[sku])]
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
    """When the article costs something else, and what; lines are in order of time."""
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
    """When the article is sold out (0), and when there is some again."""
    for (sold, _), (next_sold, _) in pairwise(lines):
        if next_sold - sold >= _UNSOLD and random.random() < _SOLD_OUT:
            yield sold + DAY, 0
            yield next_sold // DAY * DAY + 7 * HOUR, 1 + int(random.random() * 50)


def wish_events(seed: int, events: Iterable[EventFields]) -> Iterator[EventFields]:
    """What customers put on their wish lists, of what they look at in `events`."""
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
    """A customer's birthday as a date; None: not told."""
    random = Random(f"{seed}/birthday/{customer_id}")
    if random.random() >= _WITH_BIRTHDAY:
        return None
    year, month = 1940 + int(random.random() * 60), 1 + int(random.random() * 12)
    return f"{year}-{month:02}-{1 + int(random.random() * 28):02}"
