"""Articles, and the changes of an article that are news (DESIGN 6.5)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.values import Instant

BACK_IN_STOCK, PRICE_DROPPED = "product.back_in_stock", "product.price_dropped"


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


class ArticleNews(msgspec.Struct, array_like=True, gc=False):
    """News of an article: the metric, and the fields that are the same for all customers."""

    metric: str
    fields: dict[str, Any]


def merged(before: Product | None, update: Product) -> Product | None:
    """The article after `update`; None if a newer update is known. An update without a stock keeps
    the stock."""
    if before is None:
        return update
    if update.occurred_at < before.occurred_at:
        return None
    if update.stock is None:
        return msgspec.structs.replace(update, stock=before.stock)
    return update


def news_between(before: Product | None, after: Product) -> Iterator[ArticleNews]:
    """The news between two versions of an article; none without an earlier version."""
    if before is None:
        return
    if before.stock is not None and before.stock <= 0 and _is_there(after):
        yield _change(BACK_IN_STOCK, after)
    # A price drop of an article out of stock isn't news; its return is.
    if (
        after.price < before.price
        and after.currency == before.currency
        and (after.stock is None or after.stock > 0)
    ):
        percent = (before.price - after.price) * 100 // before.price
        yield _change(PRICE_DROPPED, after, previous_price=before.price, percent=percent)


def _is_there(product: Product) -> bool:
    return product.stock is not None and product.stock > 0


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


def news_event(change: ArticleNews, customer_id: str, interest: str) -> Mapping[str, Any]:
    """The event for one customer, as in its schema."""
    return {**change.fields, "customer_id": customer_id, "interest": interest}
