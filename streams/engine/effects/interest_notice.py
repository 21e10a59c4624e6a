"""The notice to an article's task that a customer waits for its news."""

import msgspec

from streams.engine.values import Instant


class Interest(msgspec.Struct, gc=False):
    """The customer waits for news of an article from `at` on; `kind` None: no longer."""

    sku: str
    customer_id: str
    kind: str | None
    until: Instant
    at: Instant
