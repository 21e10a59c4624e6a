"""What a delivery service would report of mails. All of this is SIMULATED:

- **of which mails**: of those that surely went out. These are the shipping confirmations, which go
  to everyone, under the ids of the send commands that the example shop's flow makes; and two issues
  of a newsletter, which the shop is said to have sent by another program to who had agreed to mails
  in their profile. Which other mails go out is for the flows to decide, and not known beforehand.
- **deliveries**: each mail arrives within half a minute.
- **opens and clicks**: one customer in three never opens a mail, the others open a share of their
  own, each within two days; one opened mail in five is clicked a moment later.

So who hardly reads falls asleep as far as the flows can see. What is drawn here comes from random
sequences of its own, as in `articles.py`.
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
_NEWSLETTER_TAKES = HOUR  # until it has gone out to everyone

# Shares; they shape the demo's figures and stand for nothing else.
_NEVER_OPENS = 1 / 3
_OPENS_AT_LEAST, _OPENS_AT_MOST = 0.1, 0.6
_CLICKS = 0.2  # of what was opened
_OPENED_WITHIN = 2 * DAY


class _Mail(NamedTuple):
    customer_id: str
    sent_at: Instant
    send_id: str


def feedback_events(seed: int, events: Iterable[EventFields]) -> Iterator[EventFields]:
    """What becomes of the mails that customers get because of `events`, which are in order."""
    readers: dict[str, _Reader] = {}
    for event in events:
        if event["metric"] not in ("customer.updated", "order.fulfilled"):
            continue
        customer_id = event["customer_id"]
        if customer_id not in readers:
            readers[customer_id] = _Reader(Random(f"{seed}/feedback/{customer_id}"))
        for mail in _mails(readers[customer_id].random, event):
            yield from readers[customer_id].gets(mail)


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
    """A customer's habits."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._opens = 0.0
        if random.random() >= _NEVER_OPENS:
            self._opens = _OPENS_AT_LEAST + random.random() * (_OPENS_AT_MOST - _OPENS_AT_LEAST)

    def gets(self, mail: _Mail) -> Iterator[EventFields]:
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
