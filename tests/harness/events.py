"""Events of now, as a shop's systems write them."""

import time
from typing import Any

from streams.contracts.encode import encode_event
from streams.ports import OutputRecord


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def event(metric: str, customer: str, number: int) -> OutputRecord:
    """One event of now."""
    fields: dict[str, Any] = {
        "event_id": f"{metric}-{number}",
        "customer_id": customer,
        "occurred_at": now(),
    }
    if metric == "order.placed":
        item = {"sku": "A1", "quantity": 1, "unit_price": 1_250}
        fields |= {"order_id": f"o{number}", "total": 1_250, "currency": "GBP", "items": [item]}
        topic = "orders"
    else:
        fields["set"] = {"email": f"{customer}@example.com", "consent": ["email"]}
        topic = "customers"
    return OutputRecord(topic, customer.encode(), encode_event(metric, fields))
