"""An event as the engine sees it, and the metrics with their fields (DESIGN 7)."""

from enum import Enum
from typing import Any

import msgspec

from streams.engine.values.scalars import ALL_CHANNELS, CHANNELS

Instant = int
"""A point in time: whole milliseconds since the epoch, UTC (SEMANTICS 5.6)."""


class FieldType(Enum):
    """The type of a field, which decides the comparisons that fit (SEMANTICS 3.5)."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"  # an integer in minor units of the event's `currency`
    BOOLEAN = "boolean"
    DATE = "date"  # text YYYY-MM-DD
    MOMENT = "moment"  # Instant
    ITEMS = "items"  # list of item records (ITEM_FIELDS)
    TEXTS = "list of text"
    NUMBERS = "list of number"
    TEXT_MAP = "map of text"
    PATCH = "patch"  # `set` of customer.updated: profile fields to values


class Field(msgspec.Struct, frozen=True):
    """One field of a metric."""

    type: FieldType
    is_optional: bool = False
    is_custom: bool = False  # defined by the shop: older events may carry another type
    words: tuple[str, ...] = ()  # the closed list of its values, or members (SEMANTICS 8.1)
    is_topic: bool = False  # one of the store's `topics` (SEMANTICS 4.6)


class Metric(msgspec.Struct, frozen=True):
    """An event type: its topic and its fields beside COMMON_FIELDS."""

    topic: str
    fields: dict[str, Field]


class Event(msgspec.Struct, gc=False):
    """One event of one customer.

    `data` holds the fields of the metric; money in minor units, moments as Instants. `occurred_at`
    is the business time, clamped to the record time if it was in the future (DESIGN 5.1).
    `traceparent` is the record's header of that name, copied to commands (DESIGN 7). `is_history`:
    it changes state and triggers nothing (SEMANTICS 8.10).
    """

    metric: str
    event_id: str
    customer_id: str
    occurred_at: Instant
    data: dict[str, Any]
    traceparent: str | None = None
    is_history: bool = False


_TEXT = Field(FieldType.TEXT)
_TEXT_OR_NONE = Field(FieldType.TEXT, is_optional=True)
_NUMBER = Field(FieldType.NUMBER)
_MONEY = Field(FieldType.MONEY)
_MONEY_OR_NONE = Field(FieldType.MONEY, is_optional=True)
_ITEMS = Field(FieldType.ITEMS)
_MOMENT_OR_NONE = Field(FieldType.MOMENT, is_optional=True)
_PRODUCT = {
    "sku": _TEXT,
    "name": _TEXT,
    "category": _TEXT_OR_NONE,
    "price": _MONEY,
    "currency": _TEXT,
    "stock": Field(FieldType.NUMBER, is_optional=True),
    "url": _TEXT_OR_NONE,
    "image_url": _TEXT_OR_NONE,
}
_NEWS = {**_PRODUCT, "interest": _TEXT, "items": _ITEMS}
_CHANNEL = Field(FieldType.TEXT, words=CHANNELS)
_MESSAGE = {"send_id": _TEXT, "channel": _CHANNEL, "address": _TEXT_OR_NONE}
_TOPIC = Field(FieldType.TEXT, is_optional=True, is_topic=True)
_SUBSCRIPTION = {"channel": _CHANNEL, "source": _TEXT_OR_NONE, "topic": _TOPIC}
_ANY_CHANNEL = Field(FieldType.TEXT, words=(*CHANNELS, ALL_CHANNELS))
_BOUNCE = Field(FieldType.TEXT, words=("hard", "soft"))
_MACHINE = Field(FieldType.BOOLEAN, is_optional=True)
_CONTACT = {"email": _TEXT_OR_NONE, "phone": _TEXT_OR_NONE, "locale": _TEXT_OR_NONE}

ITEM_FIELDS: dict[str, Field] = {
    "sku": _TEXT_OR_NONE,  # such a line counts and is never shown
    "name": _TEXT_OR_NONE,
    "quantity": _NUMBER,
    "unit_price": _MONEY,
    "category": _TEXT_OR_NONE,
    "url": _TEXT_OR_NONE,
    "image_url": _TEXT_OR_NONE,
}

COMMON_FIELDS: dict[str, Field] = {
    "event_id": _TEXT,
    "customer_id": _TEXT,
    "occurred_at": Field(FieldType.MOMENT),
}
"""The fields of every event."""

PROPERTIES = "properties"
"""The field of further properties of an event, a map of text."""

_WRITTEN_BY_SHOPS: dict[str, Metric] = {
    "order.placed": Metric(
        "orders",
        {
            "order_id": _TEXT,
            "total": _MONEY,
            "currency": _TEXT,
            "items": _ITEMS,
            "expected_delivery": _MOMENT_OR_NONE,
            "coupon_code": _TEXT_OR_NONE,
            "country": _TEXT_OR_NONE,
            "tags": Field(FieldType.TEXTS),
            "cart_id": _TEXT_OR_NONE,
            **_CONTACT,
        },
    ),
    "order.fulfilled": Metric(
        "orders",
        {
            "order_id": _TEXT,
            "expected_delivery": _MOMENT_OR_NONE,
            "tracking_url": _TEXT_OR_NONE,
        },
    ),
    "order.cancelled": Metric(
        "orders",
        {
            "order_id": _TEXT,
            "amount": _MONEY_OR_NONE,
            "currency": _TEXT_OR_NONE,
            "cause": _TEXT_OR_NONE,
        },
    ),
    "order.refunded": Metric(
        "orders",
        {
            "order_id": _TEXT,
            "amount": _MONEY,
            "currency": _TEXT,
            "items": _ITEMS,
            "refund_id": _TEXT_OR_NONE,
        },
    ),
    "coupon.redeemed": Metric("orders", {"code": _TEXT, "order_id": _TEXT}),
    "cart.updated": Metric(
        "carts", {"cart_id": _TEXT, "total": _MONEY, "currency": _TEXT, "items": _ITEMS}
    ),
    "checkout.started": Metric(
        "carts",
        {
            "cart_id": _TEXT,
            "total": _MONEY,
            "currency": _TEXT,
            "items": _ITEMS,
            "step": _NUMBER,
            **_CONTACT,
        },
    ),
    "search.performed": Metric(
        "searches",
        {"query": _TEXT, "filters": Field(FieldType.TEXT_MAP), "results": _NUMBER},
    ),
    "view.item": Metric(
        "views",
        {
            "sku": _TEXT,
            "name": _TEXT_OR_NONE,
            "category": _TEXT_OR_NONE,
            "unit_price": _MONEY_OR_NONE,
            "currency": _TEXT_OR_NONE,
            "url": _TEXT_OR_NONE,
        },
    ),
    "view.list": Metric("views", {"category": _TEXT}),
    "wishlist.added": Metric("views", {"sku": _TEXT}),
    "customer.updated": Metric(
        "customers", {"set": Field(FieldType.PATCH), "unset": Field(FieldType.TEXTS)}
    ),
    "customer.subscribed": Metric("customers", _SUBSCRIPTION),
    "customer.unsubscribed": Metric("customers", {**_SUBSCRIPTION, "channel": _ANY_CHANNEL}),
    "customer.erased": Metric("customers", {}),
    "message.delivered": Metric("engagement", _MESSAGE),
    "message.bounced": Metric("engagement", {**_MESSAGE, "kind": _BOUNCE}),
    "message.complained": Metric("engagement", _MESSAGE),
    "message.opened": Metric("engagement", {**_MESSAGE, "machine": _MACHINE}),
    "message.clicked": Metric(
        "engagement", {**_MESSAGE, "url": _TEXT_OR_NONE, "machine": _MACHINE}
    ),
    "message.unsubscribed": Metric(
        "engagement", {**_MESSAGE, "channel": _ANY_CHANNEL, "topic": _TOPIC}
    ),
}

_NEWS_METRICS: dict[str, Metric] = {
    "product.back_in_stock": Metric("product-news", _NEWS),
    "product.price_dropped": Metric(
        "product-news",
        {
            **_NEWS,
            "previous_price": _MONEY,
            "percent": _NUMBER,
            "seen_price": _MONEY_OR_NONE,
            "lowest_30d": _MONEY_OR_NONE,
        },
    ),
    "product.sold_out": Metric("product-news", _NEWS),
    "product.low_stock": Metric("product-news", _NEWS),
}

METRICS: dict[str, Metric] = {
    name: Metric(
        metric.topic, {**metric.fields, PROPERTIES: Field(FieldType.TEXT_MAP, is_optional=True)}
    )
    for name, metric in _WRITTEN_BY_SHOPS.items()
} | _NEWS_METRICS

NEWS: tuple[str, ...] = tuple(_NEWS_METRICS)
"""News of an article, sent to each customer who watches it (customer/interest.py)."""

PRODUCT_UPDATED = "product.updated"
PRODUCT_METRICS: dict[str, Metric] = {
    PRODUCT_UPDATED: Metric("products", {**_PRODUCT, "released_at": _MOMENT_OR_NONE})
}
"""Metrics of articles: without a customer, keyed by `sku`, invisible to flows."""

CUSTOM_METRICS_TOPIC = "events"
"""The input topic of custom metrics."""

INPUTS: tuple[str, ...] = (
    "orders",
    "carts",
    "searches",
    "views",
    "customers",
    "engagement",
    "reviews",
    "coupons",
    "coupon-moves",
    "products",
    "interests",
    "product-news",
    CUSTOM_METRICS_TOPIC,
    "backfills",
)
"""The inputs of a task; the assignment of the first decides its owner (DESIGN 3)."""

TOPIC_ORDER: tuple[str, ...] = (
    "customers",
    "engagement",
    "reviews",
    "coupons",
    "coupon-moves",
    "interests",
    "products",
    "product-news",
    "orders",
    "carts",
    "views",
    "searches",
    CUSTOM_METRICS_TOPIC,
    "backfills",  # after the events that may concern the customers they add
)
"""Order of records with the same record time (SEMANTICS 5.3)."""

BETWEEN_TASKS = frozenset({"coupon-moves", "interests", "product-news"})
"""Inputs that tasks write for each other, by key."""

KEYED_BY_SKU = frozenset({"products", "interests"})
"""Inputs keyed by article; all other event inputs are keyed by customer."""


def topic_of(metric: str) -> str:
    """The input topic of `metric`. Raises KeyError for an unknown metric."""
    return METRICS[metric].topic
