"""The protocol of time policies."""

from collections.abc import Mapping
from typing import Any, Protocol

from streams.engine import Instant
from streams.ports import Rejection
from streams.runtime.days import Days
from streams.runtime.merge import Input, Merge
from streams.runtime.order import OrderKey


class TimePolicy(Protocol):
    """The differences between live and simulated time. `wall` is the wall time, `fact_until` the
    newest midnight whose facts have been fed."""

    merge: Merge
    """`control` and the input topics, in their order."""
    waits_for_valuation: bool
    """True if nothing happens at midnight before all customers are valued; False if events go on
    meanwhile."""

    # ── Records ───────────────────────────────────────────────────────────────────────────────

    def rejection(self, time: Instant, wall: Instant) -> Rejection | None:
        """The rejection of a record with an impossible record time; None if `time` is possible."""

    def future_record(self, wall: Instant) -> Input | None:
        """An input whose next record must be rejected in its place, because of its time."""

    def may_proceed_without(self, one: Input, wall: Instant) -> bool:
        """True if an input without a record has blocked the task long enough. It is then assumed
        complete, and its missing records will be late (DESIGN 5.2)."""

    def end_of_slice(self, wall: Instant) -> OrderKey:
        """Order key that ends a run of records."""

    def skipped(self) -> dict[str, list[int]]:
        """Unprocessed offsets before the position, by topic."""

    # ── Days ──────────────────────────────────────────────────────────────────────────────────

    def awaited_at_midnight(self, days: Days, fact_until: Instant) -> Input | None:
        """The input that the current day waits for before anything else; None if there is none."""

    def day_over(
        self, days: Days, first: Input, at: OrderKey, next_due: OrderKey
    ) -> Instant | None:
        """A moment after the current day if that is over, else None. `first` is the next input, at
        the order key `at`; the next timer is at `next_due`; neither lies in the day."""

    def first_midnight(self, days: Days, at: OrderKey) -> Instant | None:
        """Before the first day: the midnight before the first record, which is at `at`. None once
        the first day has begun."""

    def reports_due(self, now: Instant) -> Instant:
        """The time at which changes of articles or coupon pools at `now` are reported; FAR_FUTURE:
        with the day, and then all of them."""

    def dated_news(self, event: Mapping[str, Any], midnight: Instant) -> Mapping[str, Any]:
        """News of an article as written for another task before `midnight`."""

    # ── End offsets ───────────────────────────────────────────────────────────────────────────

    def unknown_ends(self, wall: Instant, days: Days, fact_until: Instant) -> list[str]:
        """Topics whose end offset the clock needs and that have no request pending."""

    def set_end_offsets(self, wall: Instant, days: Days, ends: Mapping[str, int]) -> None:
        """Sets end offsets that were requested at or after `wall`."""

    def is_request_urgent(self, wall: Instant, next_due: Instant | None) -> bool:
        """True if a record or a timer waits for the clock."""

    def pause_after_request(self, cost: float) -> float:
        """Seconds until the next request, after one that cost `cost` CPU seconds."""

    def is_at_rest(self, behind: int, waits_for: str | None) -> bool:
        """True if a task with nothing left to read is up to date. `behind`: ms from its clock to
        the wall time."""
