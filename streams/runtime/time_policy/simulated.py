"""Simulated time: producers date records, ticks say how far inputs are known, and each day waits
for the facts of the day before (DESIGN 5.7).

... 23:59 ║ report ──► facts on `control` ──► what tasks wrote for each other is let in ║ 00:00 ...
          ╚═════════════════════ the clock stands still here ═══════════════════════════╝
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

PAUSE_AFTER_REQUEST = 0.002
"""Seconds between two cuts: tasks ask once a day, and all of the next day waits for it."""


class SimulatedTime:
    """The policy of a task whose records bear the time that their producer gave."""

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
        """Those whose records bear the time that somebody else than a task gave them."""
        self.merge = Merge(inputs)

    def rejection(self, time: Instant, wall: Instant) -> Rejection | None:
        """See TimePolicy.rejection: time ends at the wall time."""
        if 0 <= time <= wall:
            return None
        return Rejection(
            f"the record's timestamp is {time}, expected ms since the epoch, not later than now "
            f"({wall}), because time is simulated (record_time: create)"
        )

    def future_record(self, wall: Instant) -> Input | None:
        """See TimePolicy.future_record: one dated after `wall`, other than by a task. It may
        neither move the clock nor hide what follows."""
        for one in self._dated:
            if one.records and one.records[0].time > wall:
                return one
        return None

    def may_proceed_without(self, one: Input, wall: Instant) -> bool:
        """See TimePolicy.may_proceed_without: each input is ticked to its end."""
        return False

    def end_of_slice(self, wall: Instant) -> OrderKey:
        """See TimePolicy.end_of_slice: those that `beyond` looks for come after it."""
        return order_key(wall + 1, START)

    def skipped(self) -> dict[str, list[int]]:
        """See TimePolicy.skipped."""
        return {
            one.topic: sorted(one.skipped)
            for one in (self._control, *self._midnight_inputs)
            if one.skipped
        }

    def awaited_at_midnight(self, days: Days, fact_until: Instant) -> Input | None:
        """See TimePolicy.awaited_at_midnight: `control` until the facts of the day before are here,
        then each topic of which it isn't known yet what tasks wrote for each other."""
        if days.began > fact_until:
            return self._control
        for one in self._midnight_inputs:
            if one.released_until < days.began:
                return one
        return None

    def day_over(
        self, days: Days, first: Input, at: OrderKey, next_due: OrderKey
    ) -> Instant | None:
        """See TimePolicy.day_over: each day ends by itself, since what other tasks write for this
        one may come on a day without anything else; and the first day is that of the first
        record, or a schedule would wait for the facts of every day since 1970."""
        if days.has_begun:
            return days.end if next_due < at or first.records else None
        if first is self._control or not first.records:
            return None
        midnight = time_of(at) // DAY * DAY
        return midnight if next_due >= order_key(midnight, START) else None

    def first_midnight(self, days: Days, at: OrderKey) -> Instant | None:
        """See TimePolicy.first_midnight."""
        return None if days.has_begun else time_of(at) // DAY * DAY

    def dated_news(self, event: Mapping[str, Any], midnight: Instant) -> Mapping[str, Any]:
        """See TimePolicy.dated_news: they happen at midnight, when they are let in."""
        return {**event, "occurred_at": midnight}

    def unknown_ends(self, wall: Instant, days: Days, fact_until: Instant) -> list[str]:
        """See TimePolicy.unknown_ends. Before the facts of the day, other tasks may still be at
        it."""
        if days.began > fact_until:
            return []
        return [
            one.topic
            for one in self._midnight_inputs
            if one.released_until < days.began and one.requested_end is None
        ]

    def set_end_offsets(self, wall: Instant, days: Days, ends: Mapping[str, int]) -> None:
        """See TimePolicy.set_end_offsets: once a topic has been fed up to its end, all is here that
        tasks wrote for each other before the last midnight."""
        for topic, end in ends.items():
            self.merge.by_topic[topic].set_end_offset(days.began, end)

    def is_request_urgent(self, wall: Instant, next_due: Instant | None) -> bool:
        """See TimePolicy.is_request_urgent: tasks ask at midnight only."""
        return True

    def pause_after_request(self, cost: float) -> float:
        """See TimePolicy.pause_after_request."""
        return PAUSE_AFTER_REQUEST

    def is_at_rest(self, behind: int, waits_for: str | None) -> bool:
        """See TimePolicy.is_at_rest: the clock says nothing about it, and `control` is waited for
        only at midnight, for the facts of the day."""
        return waits_for != CONTROL
