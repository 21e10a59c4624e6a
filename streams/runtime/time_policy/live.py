"""Live time: the broker sets record times, and end-offset requests prove completeness (DESIGN 5.2).

fed up to a requested end offset ──► complete up to the time of the request
neither a record nor an end for max_idle ──► assumed complete; missing records will be late
"""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from streams.engine import BETWEEN_TASKS, TOPIC_ORDER, Instant
from streams.ports import CONTROL, Rejection, TaskSettings
from streams.runtime.commit import Position
from streams.runtime.days import Days
from streams.runtime.merge import Input, Merge, plain_inputs
from streams.runtime.order import LAST_ORDER_KEY, OrderKey, time_of
from streams.runtime.timers import FAR_FUTURE

logger = logging.getLogger(__name__)

REPORTS_EVERY: Instant = 30_000
"""Between two reports of articles or coupon pools, in ms."""
SHORTEST_PAUSE = 0.02
"""Minimum seconds between two requests."""
PAUSE_PER_COST = 50
"""Seconds of pause per CPU second of a request: requests cost at most 2 % of a CPU."""
AT_THE_LIVE_EDGE = 5_000
"""Maximum delay of the clock of an up-to-date task, ms: several requests (DESIGN 5.2)."""


class LiveTime:
    """Policy for records with the time of their appending."""

    waits_for_valuation = False

    def __init__(
        self, partition: int, settings: TaskSettings, position: Position, counts: Counter[str]
    ) -> None:
        self._partition = partition
        self._settings = settings
        self._counts = counts
        self.merge = Merge(plain_inputs((CONTROL, *TOPIC_ORDER), position.inputs))
        # Topics between tasks don't block the clock: one open transaction would block all tasks.
        # Their records may be late, and `late-records` holds their order (DESIGN 5.2).
        for topic in BETWEEN_TASKS:
            self.merge.by_topic[topic].complete(FAR_FUTURE)

    def rejection(self, time: Instant, wall: Instant) -> Rejection | None:
        """See TimePolicy.rejection: the broker's clock is trusted."""
        return None

    def future_record(self, wall: Instant) -> Input | None:
        """See TimePolicy.future_record."""
        return None

    def may_proceed_without(self, one: Input, wall: Instant) -> bool:
        """See TimePolicy.may_proceed_without: after `max_idle`."""
        until = wall - self._settings.clock_skew
        for empty in self.merge.inputs:  # later ones may be blocked too, as long
            if empty.blocking_since is None and not empty.records:
                empty.blocking_since = wall
        since = one.blocking_since
        if since is None or wall - since < self._settings.max_idle or one.complete_before >= until:
            return False
        if one.next_offset < one.position:
            return False  # `control`: no decisions without the definitions in force
        if not one.is_incomplete:
            self._counts["inputs_given_up"] += 1
            logger.warning(
                "task %d: %s not readable to its end for %d ms; continuing without it, "
                "its records will be late",
                self._partition,
                one.topic,
                wall - since,
            )
        one.skip_wait(until)
        return True

    def end_of_slice(self, wall: Instant) -> OrderKey:
        """See TimePolicy.end_of_slice."""
        return LAST_ORDER_KEY

    def skipped(self) -> dict[str, list[int]]:
        """See TimePolicy.skipped: inputs are processed in offset order."""
        return {}

    def awaited_at_midnight(self, days: Days, fact_until: Instant) -> Input | None:
        """See TimePolicy.awaited_at_midnight: facts are in force from their arrival."""
        return None

    def day_over(
        self, days: Days, first: Input, at: OrderKey, next_due: OrderKey
    ) -> Instant | None:
        """See TimePolicy.day_over: by the next possible event."""
        return time_of(min(at, next_due))

    def first_midnight(self, days: Days, at: OrderKey) -> Instant | None:
        """See TimePolicy.first_midnight: always begun."""
        return None

    def reports_due(self, now: Instant) -> Instant:
        """See TimePolicy.reports_due: at the next half minute, so that all tasks know it within a
        minute (SEMANTICS 7.4)."""
        return (now // REPORTS_EVERY + 1) * REPORTS_EVERY

    def dated_news(self, event: Mapping[str, Any], midnight: Instant) -> Mapping[str, Any]:
        """See TimePolicy.dated_news: unchanged, they happen now."""
        return event

    def unknown_ends(self, wall: Instant, days: Days, fact_until: Instant) -> list[str]:
        """See TimePolicy.unknown_ends."""
        until = wall - self._settings.clock_skew
        return [
            one.topic
            for one in self.merge.inputs
            if one.requested_end is None and one.tail_time() < until
        ]

    def set_end_offsets(self, wall: Instant, days: Days, ends: Mapping[str, int]) -> None:
        """See TimePolicy.set_end_offsets: an input fed up to its end offset is complete up to
        `wall` less the clock skew."""
        until = wall - self._settings.clock_skew
        for topic, end in ends.items():
            self.merge.by_topic[topic].set_end_offset(until, end)

    def is_request_urgent(self, wall: Instant, next_due: Instant | None) -> bool:
        """See TimePolicy.is_request_urgent."""
        if next_due is not None and next_due <= wall:
            return True
        return any(one.records and one.topic != CONTROL for one in self.merge.inputs)

    def pause_after_request(self, cost: float) -> float:
        """See TimePolicy.pause_after_request."""
        return max(SHORTEST_PAUSE, PAUSE_PER_COST * cost)

    def is_at_rest(self, behind: int, waits_for: str | None) -> bool:
        """See TimePolicy.is_at_rest: between two requests each task waits for some input."""
        return behind <= AT_THE_LIVE_EDGE
