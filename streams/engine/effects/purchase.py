"""One order as recommendations count it."""

import msgspec

from streams.engine.values import Instant


class Bought(msgspec.Struct, array_like=True, gc=False):
    """One item of an order; the price in minor units of the store's currency. Fields are only
    appended, here and in Purchase."""

    sku: str
    name: str | None = None
    unit_price: int | None = None
    category: str | None = None
    url: str | None = None
    image_url: str | None = None


class Purchase(msgspec.Struct, array_like=True, gc=False):
    """One order with its customer's searches of the day before."""

    at: Instant
    items: list[Bought]
    searches: list[bytes] = []  # hashed_words of each
