"""How far the inputs of a task are known, and what becomes of one that can't be read (DESIGN 5.2).

fed up to the end as it was asked for ──► known up to the time of asking
neither a record nor an end for max_idle ──► taken for known; what comes of it then is late
"""

import logging
from collections import Counter
from collections.abc import Mapping

from streams.engine import BETWEEN_TASKS, TOPIC_ORDER, Instant
from streams.ports import CONTROL, Record, TaskSettings
from streams.runtime.commit import Position
from streams.runtime.merge import Input, Merge
from streams.runtime.timers import FAR_FUTURE

logger = logging.getLogger(__name__)


class Inputs:
    """`control` and the input topics of one partition number."""

    def __init__(
        self,
        partition: int,
        settings: TaskSettings,
        position: Position,
        beginnings: Mapping[str, int],
        counts: Counter[str],
    ) -> None:
        """`beginnings`: where inputs begin that `position` doesn't name."""
        self._partition = partition
        self._settings = settings
        self._counts = counts
        self.merge = Merge(
            (CONTROL, *TOPIC_ORDER),
            {**beginnings, **position.inputs},
            {CONTROL: (), **position.skipped} if settings.is_simulated else {},
            BETWEEN_TASKS if settings.is_simulated else (),
        )
        self.control = self.merge.by_topic[CONTROL]
        # A worker reads `control` whole: what the task has been through already is fed to it again.
        self.control.next_offset = 0
        if not settings.is_simulated:
            # What tasks tell each other holds no clock up: a transaction open elsewhere would hold
            # up all. It's late then, and `late-records` says where it was placed (DESIGN 5.2).
            for topic in BETWEEN_TASKS:
                self.merge.by_topic[topic].complete(FAR_FUTURE)

    def feed(self, topic: str, records: list[Record], next_offset: int, end: int | None) -> None:
        """Adds records of one fetch (PartitionTask.feed)."""
        one = self.merge.by_topic[topic]
        one.feed(records, next_offset, end)
        if one is self.control and self._settings.is_simulated and end is not None:
            # Nobody ticks `control`: in simulated time it holds back only until it's read.
            one.complete(FAR_FUTURE)

    def of_unknown_end(self, wall: Instant, midnight: Instant, fact_until: Instant) -> list[str]:
        """The topics whose end must be known for the clock to go on, and wasn't asked for yet.
        `midnight`: what tasks write for each other is awaited up to it, where time is simulated;
        `fact_until`: the facts of days are here up to it."""
        if self._settings.is_simulated:
            # Before the facts of the day, other tasks may still be at it.
            held = self.merge.not_let_in(midnight) if midnight <= fact_until else []
            return [one.topic for one in held if one.asked_end is None]
        until = wall - self._settings.clock_skew
        return [
            one.topic
            for one in self.merge.inputs
            if one.asked_end is None and one.tail_time() < until
        ]

    def ask(self, wall: Instant, midnight: Instant, ends: Mapping[str, int]) -> None:
        """These ends were asked for, at or after `wall` (PartitionTask.cut)."""
        is_simulated = self._settings.is_simulated
        until = midnight if is_simulated else wall - self._settings.clock_skew
        for topic, end in ends.items():
            self.merge.by_topic[topic].ask(until, end)

    def may_go_on_without(self, one: Input, wall: Instant) -> bool:
        """Has an input that can't be read held the task back for `max_idle` (DESIGN 5.2)?"""
        if self._settings.is_simulated:
            return False
        until = wall - self._settings.clock_skew
        for empty in self.merge.inputs:  # those behind it may be hidden as well, and as long
            if empty.blocking_since is None and not empty.records:
                empty.blocking_since = wall
        since = one.blocking_since
        if since is None or wall - since < self._settings.max_idle or one.complete_before >= until:
            return False
        if one.next_offset < one.position:
            return False  # `control`: without what decided so far, nothing can be decided
        if not one.is_given_up:
            self._counts["inputs_given_up"] += 1
            logger.warning(
                "task %d: %s could not be read to its end for %d ms; going on without it, "
                "its records will be late",
                self._partition,
                one.topic,
                wall - since,
            )
        one.give_up(until)
        return True
