"""The notice to an article's task that a customer watches the article."""

import msgspec

from streams.engine.values import Instant


class Interest(msgspec.Struct, gc=False):
    """The customer watches an article from `at` until `until`; `kind` None: no longer."""

    sku: str
    customer_id: str
    kind: str | None
    until: Instant
    at: Instant
