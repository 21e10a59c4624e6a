"""The notice to an article's task that a customer watches the article."""

import msgspec

from streams.engine.values import Instant


class SeenPrice(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The price of an article as a customer saw it, in minor units."""

    price: int
    currency: str | None = None  # None: that of the article


class Interest(msgspec.Struct, gc=False):
    """The customer watches an article from `at` until `until`; `kind` None: no longer. `seen_price`
    is that of the customer's event, in `currency`; None: the present one."""

    sku: str
    customer_id: str
    kind: str | None
    until: Instant
    at: Instant
    seen_price: int | None = None
    currency: str | None = None
