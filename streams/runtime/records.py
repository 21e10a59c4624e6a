"""The way of one record of an input, by its contents.

a time that can't be ──────────► dead letter
`control` ─────────────────────► what is in force
tick ──────────────────────────► the input is known up to its time
poisoned, or can't be decoded ─► dead letter
anything else ─────────────────► its taker: the customer's act, news, coupon codes
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from streams.engine import Backfill, Event, Instant, Interest, Product, Review
from streams.errors import SendflowError
from streams.ports import CouponCode, Decoded, Decoder, Record, Rejection
from streams.runtime.acting import Acting
from streams.runtime.coupons import CouponBook
from streams.runtime.in_force import InForce
from streams.runtime.merge import Input
from streams.runtime.news import News
from streams.runtime.notices import Mark, Notices
from streams.runtime.time_policy import TimePolicy
from streams.runtime.time_policy.ticks import is_tick

Taker = Callable[[Any, Record, Instant, Mark], None]
"""Takes what a record was decoded to: with the record, its effective time, and what names it among
the poisoned."""


def takers_of(acting: Acting, coupons: CouponBook, news: News) -> Mapping[type, Taker]:
    """A taker for each member of `ports.Decoded`."""
    return {
        Event: acting.by_record,
        Review: acting.by_record,
        Backfill: acting.by_record,
        CouponCode: lambda code, *_: coupons.load(code),
        Product: lambda product, _record, now, _mark: news.take(product, now),
        Interest: lambda interest, _record, now, _mark: news.take(interest, now),
    }


class Records:
    """Takes the records of a task, whatever they are."""

    def __init__(
        self,
        time: TimePolicy,
        in_force: InForce,
        decoder: Decoder,
        takers: Mapping[type, Taker],
        notices: Notices,
        counts: Counter[str],
    ) -> None:
        """`takers`: what takes the members of `ports.Decoded`, by their types (`takers_of`)."""
        self._time = time
        self._in_force = in_force
        self._decoder = decoder
        self._takers = takers
        self._notices = notices
        self._counts = counts

    def take(self, source: Input, record: Record, now: Instant, wall: Instant) -> None:
        """One record at its effective time. Raises LookupNeeded before anything has changed, and
        Poisoned where our own code fails."""
        mark = source.topic, record.offset
        try:
            refusal = self._time.refusal(record.time, wall)
            if refusal is not None:
                found: Decoded | Rejection = refusal
            elif source is self._in_force.control:
                self._in_force.take(record, now)
                return
            elif record.value is None and is_tick(record):
                source.complete(record.time)
                self._counts["ticks"] += 1
                return
            elif mark in self._notices.poisoned:
                found = Rejection("deciding on this event failed; the worker's log has the error")
            else:
                found = self._decoder.decode(source.topic, record)
            if isinstance(found, Rejection):
                self._notices.dead_letter(source.topic, record, found, now)
            else:
                self._takers[type(found)](found, record, now, mark)
        except SendflowError:
            raise
        except Exception as error:
            raise self._notices.failed(mark, error) from error
