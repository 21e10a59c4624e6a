"""Subscriptions to channels, and their end. All of it is SIMULATED:

- **subscriptions**: customers without consent to a channel in their profile may subscribe to it, at
  most two hours before or after their first order: to mails, to text messages (with a telephone
  number) and to browser notifications, whose fictitious token the profile gets a second before.
- **unsubscriptions**: one subscription in eight ends within three months.

This module draws from random sequences of its own, as `articles.py`.
"""

from collections.abc import Iterator
from random import Random

from streams.engine import Instant
from streams.engine.values import DAY, HOUR, MINUTE, SECOND
from streams.importing.encoding import EventFields

# Fractions that shape the demo's figures; not measured anywhere.
_SUBSCRIBES = {"email": 0.5, "sms": 0.3, "push": 0.15}
"""By channel, of the customers who can use it and have not given consent yet."""
_UNSUBSCRIBES = 1 / 8
_AROUND_FIRST_ORDER = 2 * HOUR
_SUBSCRIBED_AT_MOST = 90 * DAY  # of subscriptions that end


def subscription_events(
    seed: int, profile: EventFields, first_order_at: Instant, year_end: Instant
) -> Iterator[EventFields]:
    """Subscription events of one customer; `profile` is the event with the customer's profile."""
    customer_id, known = profile["customer_id"], profile["set"]
    random = Random(f"{seed}/subscriptions/{customer_id}")
    begin = max(profile["occurred_at"] + MINUTE, first_order_at - _AROUND_FIRST_ORDER)
    end = first_order_at + _AROUND_FIRST_ORDER
    for channel, fraction in _SUBSCRIBES.items():
        is_open = channel not in known["consent"] and (channel != "sms" or "phone" in known)
        if not is_open or random.random() >= fraction:
            continue
        at = begin + int(random.random() * (end - begin))
        if channel == "push":
            yield _push_token(random, customer_id, at - SECOND)
        yield _subscription("subscribed", customer_id, channel, at)
        if random.random() < _UNSUBSCRIBES:
            at += int(random.random() * _SUBSCRIBED_AT_MOST)
            if at < year_end:
                yield _subscription("unsubscribed", customer_id, channel, at)


def _subscription(what: str, customer_id: str, channel: str, at: Instant) -> EventFields:
    return {
        "metric": f"customer.{what}",
        "event_id": f"{what}-{channel}-{customer_id}",
        "customer_id": customer_id,
        "occurred_at": at,
        "channel": channel,
    }


def _push_token(random: Random, customer_id: str, at: Instant) -> EventFields:
    return {
        "metric": "customer.updated",
        "event_id": f"push-token-{customer_id}",
        "customer_id": customer_id,
        "occurred_at": at,
        "set": {"push_token": f"browser-{int(random.random() * 16**12):012x}"},
        "unset": [],
    }
