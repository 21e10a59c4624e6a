"""Loaded codes move between tasks, before one of them runs dry (SEMANTICS 7.1).

    a task that has few ──► report ──► partition-facts ──► the agent (coupon_balance.py)
                                                              │ order
    coupon-moves ◄── codes ◄── the task that has many ◄── control
         └──► the task that has few: codes of its own from now on

The giver takes the codes out in the transaction that holds them as a record, and the receiver adds
them in the one that holds the position behind that record: each is in one place, whoever is killed.
"""

from collections.abc import Iterable, Mapping

from streams.engine import Instant, next_midnight
from streams.ports import CouponMove, CouponReport, Encoder, MovedCodes
from streams.runtime.coupon_book import CouponBook
from streams.runtime.timers import FAR_FUTURE
from streams.runtime.uncommitted import Uncommitted


class CouponMoves:
    """A task's part in moving codes: it reports what it has, and hands out what is ordered."""

    def __init__(
        self, partition: int, book: CouponBook, encoder: Encoder, uncommitted: Uncommitted
    ) -> None:
        self._partition = partition
        self._book = book
        self._encoder = encoder
        self._uncommitted = uncommitted

    def report(self, now: Instant, lows: Mapping[str, int]) -> None:
        """Writes the report that is due. `lows`: by defined pool, where it begins to run low."""
        self._write(now, now, lows)

    def close_day(self, now: Instant, lows: Mapping[str, int]) -> None:
        """Reports all pools at the end of a day: a report of each is in the topic as long as the
        pool is, and in simulated time there are no others."""
        self._book.uses.close_day(now)
        self._write(FAR_FUTURE, now, lows)

    def hand_out(self, moves: Iterable[CouponMove], now: Instant) -> None:
        """Carries out the orders to this task. Codes that customers were given meanwhile are
        missing; a record without codes tells the receiver that nothing more will come."""
        for move in moves:
            if move.giver == self._partition and move.number > self._book.handed(move.pool):
                codes = self._book.take_out(move.pool, move.codes, move.number, now)
                moved = MovedCodes(move.number, move.pool, move.giver, move.receiver, codes)
                record = self._encoder.moved_codes(moved, move.key, next_midnight(now))
                self._uncommitted.pending.records.append(record)

    def _write(self, until: Instant, now: Instant, lows: Mapping[str, int]) -> None:
        pools = self._book.reports(until, lows)
        if pools:
            record = self._encoder.coupon_report(CouponReport(self._partition, now, pools))
            self._uncommitted.pending.records.append(record)
