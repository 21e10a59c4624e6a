"""Articles, and the changes of an article that are news (SEMANTICS 7.6, DESIGN 6.5)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.effects import SeenPrice
from streams.engine.values import DAY, Instant

BACK_IN_STOCK, PRICE_DROPPED = "product.back_in_stock", "product.price_dropped"
SOLD_OUT, LOW_STOCK = "product.sold_out", "product.low_stock"

LOWEST_OF = 30 * DAY
"""Period of `lowest_30d` before a price drop."""
MOST_PAST_PRICES = 32


class PastPrice(msgspec.Struct, array_like=True, gc=False):
    """A price that was in force until `until`."""

    price: int
    until: Instant


class Product(msgspec.Struct, array_like=True, gc=False):
    """An article as of its newest `product.updated`; the price in minor units of `currency`. It is
    stored: fields are only appended, with defaults."""

    sku: str
    event_id: str
    occurred_at: Instant
    name: str
    category: str | None
    price: int
    currency: str
    stock: int | None  # None: unknown
    url: str | None
    image_url: str | None
    released_at: Instant | None
    past_prices: list[PastPrice] = []  # of `currency`: past_prices_after

    @property
    def is_available(self) -> bool:
        """False if the article is known to be out of stock."""
        return self.stock is None or self.stock > 0


class GoneProduct(msgspec.Struct, gc=False):
    """The shop has no such article any more: a record on `products` without a value."""

    sku: str


class ArticleNews(msgspec.Struct, array_like=True, gc=False):
    """News of an article: the metric, and the fields that are the same for all customers."""

    metric: str
    fields: dict[str, Any]


def merged(before: Product | None, update: Product) -> Product | None:
    """The article after `update`; None if a newer update is known. An update without a stock keeps
    the stock, unless the shop had taken the article away: then it is unknown."""
    if before is None:
        return update
    if update.occurred_at < before.occurred_at:
        return None
    stock = update.stock
    if stock is None and not before.event_id.startswith(_GONE):
        stock = before.stock
    past = past_prices_after(before, update)
    return msgspec.structs.replace(update, stock=stock, past_prices=past)


def gone(before: Product, at: Instant) -> Product:
    """The article after the shop took it away at `at`: out of stock, whatever it was."""
    at = max(at, before.occurred_at)
    return msgspec.structs.replace(before, stock=0, occurred_at=at, event_id=f"{_GONE}{at}")


_GONE = "gone:"
"""Begins the `event_id` of an article that the shop has no longer."""


def past_prices_after(before: Product, update: Product) -> list[PastPrice]:
    """The earlier prices that may be the lowest of a period of LOWEST_OF: each is lower than those
    after it, so the first is the lowest.

        price   90     100     80     95     90 (now)
                              └── 80 until the 95, then 95: dropped, since the 90 is lower
    """
    if update.currency != before.currency:
        return []
    now = update.occurred_at
    past = [one for one in before.past_prices if one.until > now - LOWEST_OF]
    if update.price != before.price:
        while past and past[-1].price >= before.price:
            past.pop()
        past.append(PastPrice(before.price, now))
        if len(past) > MOST_PAST_PRICES:  # the lowest is given for longer, never a higher one
            past[:2] = [PastPrice(past[0].price, past[1].until)]
    return past


def price_at(product: Product, at: Instant) -> int:
    """The price that a customer saw at `at`. Of prices that are no longer kept, a lower one after
    it: so nobody is told of a drop that is none."""
    return next((past.price for past in product.past_prices if past.until > at), product.price)


def news_between(before: Product | None, after: Product, low_stock: int) -> Iterator[ArticleNews]:
    """The news between two versions of an article; none without an earlier version. `low_stock`: of
    the store's settings."""
    if before is None:
        return
    if not before.is_available and _is_above(after.stock, 0):
        yield _change(BACK_IN_STOCK, after)
    # A price drop of an article out of stock isn't news; its return is.
    if after.price < before.price and after.currency == before.currency and after.is_available:
        yield _change(
            PRICE_DROPPED,
            after,
            previous_price=before.price,
            percent=_percent(before.price, after.price),
            lowest_30d=min([before.price, *(past.price for past in after.past_prices)]),
        )
    if before.is_available and not after.is_available:
        yield _change(SOLD_OUT, after)
    if _is_above(before.stock, low_stock) and 0 < (after.stock or 0) <= low_stock:
        yield _change(LOW_STOCK, after)


def _is_above(stock: int | None, limit: int) -> bool:
    """False for an unknown stock: news are about a change that is known."""
    return stock is not None and stock > limit


def _percent(before: int, now: int) -> int:
    return (before - now) * 100 // before


def _change(metric: str, product: Product, **more: int) -> ArticleNews:
    item = {
        "sku": product.sku,
        "name": product.name,
        "quantity": 1,
        "unit_price": product.price,
        "category": product.category,
        "url": product.url,
        "image_url": product.image_url,
    }
    fields = {
        # The same id again after a restart of the article's task: a duplicate for the customer.
        "event_id": f"{metric.removeprefix('product.')}:{product.event_id}",
        "occurred_at": product.occurred_at,
        "sku": product.sku,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "currency": product.currency,
        "stock": product.stock,
        "url": product.url,
        "image_url": product.image_url,
        "items": [item],
        **more,
    }
    return ArticleNews(metric, fields)


def news_event(
    change: ArticleNews, customer_id: str, interest: str, seen: SeenPrice | None
) -> Mapping[str, Any] | None:
    """The event for one customer, as in its schema; None if it isn't news for a customer who saw
    the price `seen`. A price drop is measured against that price; against the previous one if it
    isn't known (SEMANTICS 7.6)."""
    fields = change.fields
    event = {**fields, "customer_id": customer_id, "interest": interest}
    if change.metric != PRICE_DROPPED or seen is None:
        return event
    if seen.currency is None or seen.currency == fields["currency"]:
        if seen.price <= fields["price"]:
            return None
        event["seen_price"] = seen.price
        event["percent"] = _percent(seen.price, fields["price"])
    return event
