"""Simulated time: producers set record times, ticks prove completeness, and each day waits for the
facts of the day before (DESIGN 5.7).

... 23:59 ║ report ──► facts on `control` ──► records between tasks are released ║ 00:00 ...
          ╚══════════════════════════ the clock is paused ═══════════════════════╝
"""

from collections.abc import Mapping
from typing import Any

from streams.engine import BETWEEN_TASKS, TOPIC_ORDER, Instant
from streams.engine.values import DAY
from streams.ports import CONTROL, Rejection
from streams.runtime.commit import Position
from streams.runtime.days import Days
from streams.runtime.merge import Input, Merge
from streams.runtime.order import FIRST_TOPIC, START, OrderKey, order_key, time_of
from streams.runtime.time_policy.simulated_inputs import MidnightInput, SortedInput
from streams.runtime.timers import FAR_FUTURE

PAUSE_AFTER_REQUEST = 0.002
"""Seconds between two requests: one per task and day, for which the whole next day waits."""


class SimulatedTime:
    """Policy for records with the time that their producer set."""

    waits_for_valuation = True

    def __init__(self, position: Position) -> None:
        positions, skipped = position.inputs, position.skipped
        inputs: list[Input] = []
        self._midnight_inputs: list[MidnightInput] = []
        for order, topic in enumerate((CONTROL, *TOPIC_ORDER), FIRST_TOPIC):
            next_offset = positions.get(topic, 0)
            if topic in BETWEEN_TASKS:
                one = MidnightInput(topic, order, next_offset, skipped.get(topic, ()))
                self._midnight_inputs.append(one)
                inputs.append(one)
            elif topic == CONTROL:
                self._control = SortedInput(topic, order, next_offset, skipped.get(topic, ()))
                inputs.append(self._control)
            else:
                inputs.append(Input(topic, order, next_offset))
        self._dated = [one for one in inputs if not one.is_between_tasks]
        """Inputs whose record times are set by producers other than tasks."""
        self.merge = Merge(inputs)

    def rejection(self, time: Instant, wall: Instant) -> Rejection | None:
        """See TimePolicy.rejection: time ends at the wall time."""
        if 0 <= time <= wall:
            return None
        return Rejection(
            f"record timestamp {time}, expected 0 to {wall} ms since the epoch "
            "(simulated time, record_time: create)"
        )

    def future_record(self, wall: Instant) -> Input | None:
        """See TimePolicy.future_record: one after `wall`, not written by a task. It must
        neither advance the clock nor block its successors."""
        for one in self._dated:
            if one.records and one.records[0].time > wall:
                return one
        return None

    def may_proceed_without(self, one: Input, wall: Instant) -> bool:
        """See TimePolicy.may_proceed_without: ticks complete each input."""
        return False

    def end_of_slice(self, wall: Instant) -> OrderKey:
        """See TimePolicy.end_of_slice: before the records that `future_record` finds."""
        return order_key(wall + 1, START)

    def skipped(self) -> dict[str, list[int]]:
        """See TimePolicy.skipped."""
        return {
            one.topic: sorted(one.skipped)
            for one in (self._control, *self._midnight_inputs)
            if one.skipped
        }

    def awaited_at_midnight(self, days: Days, fact_until: Instant) -> Input | None:
        """See TimePolicy.awaited_at_midnight: `control` until the facts of the day before are fed,
        then each topic between tasks that isn't released up to this midnight."""
        if days.began > fact_until:
            return self._control
        for one in self._midnight_inputs:
            if one.released_until < days.began:
                return one
        return None

    def day_over(
        self, days: Days, first: Input, at: OrderKey, next_due: OrderKey
    ) -> Instant | None:
        """See TimePolicy.day_over: each day ends by itself, since records of other tasks may come
        on a day without other events. The first day is that of the first record: else a schedule
        would wait for the facts of every day since 1970."""
        if days.has_begun:
            return days.end if next_due < at or first.records else None
        if first is self._control or not first.records:
            return None
        midnight = time_of(at) // DAY * DAY
        return midnight if next_due >= order_key(midnight, START) else None

    def first_midnight(self, days: Days, at: OrderKey) -> Instant | None:
        """See TimePolicy.first_midnight."""
        return None if days.has_begun else time_of(at) // DAY * DAY

    def reports_due(self, now: Instant) -> Instant:
        """See TimePolicy.reports_due: within a day no task waits for another."""
        return FAR_FUTURE

    def dated_news(self, event: Mapping[str, Any], midnight: Instant) -> Mapping[str, Any]:
        """See TimePolicy.dated_news: they happen at midnight, when they are released."""
        return {**event, "occurred_at": midnight}

    def unknown_ends(self, wall: Instant, days: Days, fact_until: Instant) -> list[str]:
        """See TimePolicy.unknown_ends. None before the facts of the day: other tasks may still be
        processing it."""
        if days.began > fact_until:
            return []
        return [
            one.topic
            for one in self._midnight_inputs
            if one.released_until < days.began and one.requested_end is None
        ]

    def set_end_offsets(self, wall: Instant, days: Days, ends: Mapping[str, int]) -> None:
        """See TimePolicy.set_end_offsets: a topic fed up to its end offset holds all that tasks
        wrote for each other before the last midnight."""
        for topic, end in ends.items():
            self.merge.by_topic[topic].set_end_offset(days.began, end)

    def is_request_urgent(self, wall: Instant, next_due: Instant | None) -> bool:
        """See TimePolicy.is_request_urgent: requests come at midnight only."""
        return True

    def pause_after_request(self, cost: float) -> float:
        """See TimePolicy.pause_after_request."""
        return PAUSE_AFTER_REQUEST

    def is_at_rest(self, behind: int, waits_for: str | None) -> bool:
        """See TimePolicy.is_at_rest: independent of the clock; a task waits for `control` only at
        midnight, for the facts of the day."""
        return waits_for != CONTROL
