"""What a task asks of the policy for time."""

from collections.abc import Mapping
from typing import Any, Protocol

from streams.engine import Instant
from streams.ports import Rejection
from streams.runtime.days import Days
from streams.runtime.merge import Input, Merge
from streams.runtime.order import OrderKey


class TimePolicy(Protocol):
    """What differs between live and simulated time, from the inputs to the pauses between cuts.
    `wall` is the wall time, `fact_until` the newest midnight of which the facts have been fed."""

    merge: Merge
    """`control` and the input topics, in their order."""

    # ── Records ───────────────────────────────────────────────────────────────────────────────

    def rejection(self, time: Instant, wall: Instant) -> Rejection | None:
        """Why a record can't bear the record time `time`; None: it can."""

    def future_record(self, wall: Instant) -> Input | None:
        """An input whose next record must be set aside where it stands, because of its time."""

    def may_proceed_without(self, one: Input, wall: Instant) -> bool:
        """Has an input without a record held the task back for so long that it needn't any more?
        Then it's taken for known from now on, and what comes of it later is late (DESIGN 5.2)."""

    def end_of_slice(self, wall: Instant) -> OrderKey:
        """Records from this place on aren't taken in one run with those before it."""

    def skipped(self) -> dict[str, list[int]]:
        """By topic, the offsets before its position that weren't processed yet."""

    # ── Days ──────────────────────────────────────────────────────────────────────────────────

    def awaited_at_midnight(self, days: Days, fact_until: Instant) -> Input | None:
        """The input without which nothing of the day under way may happen yet."""

    def day_over(
        self, days: Days, first: Input, at: OrderKey, next_due: OrderKey
    ) -> Instant | None:
        """A moment after the day under way, if that is over: `first` is next, at `at`, or what is
        due, at `next_due`; neither lies in the day."""

    def first_midnight(self, days: Days, at: OrderKey) -> Instant | None:
        """Before the first day: the midnight that comes before the first record, which is at `at`.
        None: the first day has begun."""

    def dated_news(self, event: Mapping[str, Any], midnight: Instant) -> Mapping[str, Any]:
        """News of an article, as a task writes it for another one before `midnight`."""

    # ── Cuts ──────────────────────────────────────────────────────────────────────────────────

    def unknown_ends(self, wall: Instant, days: Days, fact_until: Instant) -> list[str]:
        """The topics whose end must be known for the clock to go on, and wasn't asked for yet."""

    def set_end_offsets(self, wall: Instant, days: Days, ends: Mapping[str, int]) -> None:
        """These ends were asked for, at or after `wall`."""

    def is_request_urgent(self, wall: Instant, next_due: Instant | None) -> bool:
        """Does a record or a timer wait for the clock to go on?"""

    def pause_after_request(self, cost: float) -> float:
        """Seconds to the next cut after one that cost `cost` seconds of a CPU."""

    def is_at_rest(self, behind: int, waits_for: str | None) -> bool:
        """Does a task that has nothing left to read only wait for what comes next? `behind`: how
        far its clock is behind the wall time, ms."""
