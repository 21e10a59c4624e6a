"""Feedback of a delivery service on mails. All of it is SIMULATED:

- **mails**: those certain to be sent. These are the shipping confirmations, which go to every
  customer, under the ids of the send commands of the example shop's flow; and two issues of a
  newsletter, assumed to be sent by another program to customers with consent to mails in their
  profile. The flows decide on all other mails, so these are not known beforehand.
- **deliveries**: each mail arrives within half a minute.
- **opens and clicks**: one customer in three never opens a mail, each of the others opens their own
  fraction, within two days; one opened mail in five is clicked, within a minute.

A customer who hardly opens mails becomes inactive for the flows. This module draws from random
sequences of its own, as `articles.py`.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from streams.demo.simulation import email_address
from streams.engine import Instant
from streams.engine.values import DAY, HOUR, MINUTE, SECOND, journey_id, send_id
from streams.importing.encoding import EventFields

SHIPPING_CONFIRMATION = "shipping-confirmation"
"""The flow in `flows/`, and its step."""

_NEWSLETTERS = (datetime(2011, 6, 1, 9, tzinfo=UTC), datetime(2011, 9, 1, 9, tzinfo=UTC))
_NEWSLETTER_TAKES = HOUR  # until the last mail of an issue is sent

# Fractions that shape the demo's figures; not measured anywhere.
_NEVER_OPENS = 1 / 3
_OPENS_AT_LEAST, _OPENS_AT_MOST = 0.1, 0.6
_CLICKS = 0.2  # of opened mails
_OPENED_WITHIN = 2 * DAY


class _Mail(NamedTuple):
    customer_id: str
    sent_at: Instant
    send_id: str


def feedback_events(seed: int, events: Iterable[EventFields]) -> Iterator[EventFields]:
    """Feedback on the mails sent because of `events`, which are in order of time."""
    readers: dict[str, _Reader] = {}
    for event in events:
        if event["metric"] not in ("customer.updated", "order.fulfilled"):
            continue
        customer_id = event["customer_id"]
        if customer_id not in readers:
            readers[customer_id] = _Reader(Random(f"{seed}/feedback/{customer_id}"))
        for mail in _mails(readers[customer_id].random, event):
            yield from readers[customer_id].feedback(mail)


def _mails(random: Random, event: EventFields) -> Iterator[_Mail]:
    customer_id, at = event["customer_id"], event["occurred_at"]
    if event["metric"] == "order.fulfilled":
        journey = journey_id(customer_id, SHIPPING_CONFIRMATION, event["event_id"])
        yield _Mail(customer_id, at, send_id(journey, SHIPPING_CONFIRMATION))
    elif "email" in event["set"].get("consent", ()):
        for issue in _NEWSLETTERS:
            begins = int(issue.timestamp()) * SECOND
            if at < begins:
                sent_at = begins + int(random.random() * _NEWSLETTER_TAKES)
                yield _Mail(customer_id, sent_at, f"newsletter-{issue:%Y-%m}-{customer_id}")


class _Reader:
    """A customer's habits: the fraction of mails opened."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._opens = 0.0
        if random.random() >= _NEVER_OPENS:
            self._opens = _OPENS_AT_LEAST + random.random() * (_OPENS_AT_MOST - _OPENS_AT_LEAST)

    def feedback(self, mail: _Mail) -> Iterator[EventFields]:
        random = self.random
        at = mail.sent_at + int((1 + random.random() * 29) * SECOND)
        yield _report("delivered", mail, at)
        if random.random() < self._opens:
            at += int(MINUTE + random.random() * _OPENED_WITHIN)
            yield _report("opened", mail, at)
            if random.random() < _CLICKS:
                yield _report("clicked", mail, at + int((5 + random.random() * 55) * SECOND))


def _report(what: str, mail: _Mail, at: Instant) -> EventFields:
    return {
        "metric": f"message.{what}",
        "event_id": f"{what}-{mail.send_id}",
        "customer_id": mail.customer_id,
        "occurred_at": at,
        "send_id": mail.send_id,
        "channel": "email",
        "address": email_address(mail.customer_id),
    }
