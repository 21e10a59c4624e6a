"""Dispatch of one record of an input.

impossible time ───────────► dead letter
`control` ─────────────────► definitions or store facts in force
tick ──────────────────────► the input is complete up to its time
poisoned, or undecodable ──► dead letter
partly refused ────────────► dead letter, and its handler for the rest
anything else ─────────────► its handler: decision about a customer, article news, coupon code
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from streams.engine import Backfill, Event, GoneProduct, Instant, Interest, Product, Review
from streams.errors import SendflowError
from streams.ports import (
    CouponCode,
    Decoded,
    Decoder,
    MovedCodes,
    PartlyRefused,
    Record,
    Rejection,
)
from streams.runtime.acting import Acting
from streams.runtime.article_reports import ArticleReports
from streams.runtime.coupon_book import CouponBook
from streams.runtime.in_force import InForce
from streams.runtime.merge import Input
from streams.runtime.news import News
from streams.runtime.side_outputs import PoisonId, SideOutputs
from streams.runtime.time_policy import TimePolicy
from streams.runtime.time_policy.ticks import is_tick

Handler = Callable[[Any, Record, Instant, PoisonId], None]
"""Processes a decoded record: arguments are the decoded value, the record, its effective time and
its poison id."""


def handlers_by_type(acting: Acting, coupons: CouponBook, news: News) -> Mapping[type, Handler]:
    """One handler per member of `ports.Decoded`."""

    def apply_partly(partly: PartlyRefused, record: Record, now: Instant, poison: PoisonId) -> None:
        acting.by_record(partly.event, record, now, poison)

    return {
        Event: acting.by_record,
        PartlyRefused: apply_partly,
        Review: acting.by_record,
        Backfill: acting.by_record,
        CouponCode: lambda code, _record, now, _poison_id: coupons.load(code, now),
        MovedCodes: lambda moved, _record, now, _poison_id: coupons.take_in(moved, now),
        GoneProduct: lambda product, _record, now, _poison_id: news.take(product, now),
        Product: lambda product, _record, now, _poison_id: news.take(product, now),
        Interest: lambda interest, _record, now, _poison_id: news.take(interest, now),
    }


class Records:
    """Processes the records of a task."""

    def __init__(
        self,
        time: TimePolicy,
        in_force: InForce,
        decoder: Decoder,
        handlers: Mapping[type, Handler],
        reports: ArticleReports,
        side_outputs: SideOutputs,
        counts: Counter[str],
    ) -> None:
        """`handlers`: by member of `ports.Decoded` (`handlers_by_type`)."""
        self._time = time
        self._in_force = in_force
        self._decoder = decoder
        self._handlers = handlers
        self._reports = reports
        self._side_outputs = side_outputs
        self._counts = counts

    def take(self, source: Input, record: Record, now: Instant, wall: Instant) -> None:
        """Processes one record at its effective time. Raises LookupNeeded before any change, and
        Poisoned for an exception in our own code."""
        poison_id = source.topic, record.offset
        try:
            rejection = self._time.rejection(record.time, wall)
            if rejection is not None:
                found: Decoded | Rejection = rejection
            elif source is self._in_force.control:
                before = self._in_force.program
                self._in_force.take(record, now)
                self._reports.follow(before, self._in_force.program, now)
                return
            elif record.value is None and is_tick(record):
                source.complete(record.time)
                return
            elif poison_id in self._side_outputs.poisoned:
                found = Rejection("processing this event failed; see the worker's log")
            else:
                found = self._decoder.decode(source.topic, record)
            if isinstance(found, Rejection):
                self._side_outputs.dead_letter(source.topic, record, found, now)
            else:
                if isinstance(found, PartlyRefused):
                    self._side_outputs.dead_letter(source.topic, record, found.rejection, now)
                self._handlers[type(found)](found, record, now, poison_id)
        except SendflowError:
            raise
        except Exception as error:
            raise self._side_outputs.failed(poison_id, error) from error
