"""Whom and when a condition, a filter or a step is judged for."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.customer.state import CustomerState, Journey
from streams.engine.values import Instant


class Situation(msgspec.Struct):
    """One customer at one moment. One instance serves a whole event or timer; `focus` makes it
    speak of another journey.

    `journey` is the journey that asks; at an entry it is the one that would begin, so that the
    trigger's data and `since: flow_start` are there (SEMANTICS 1.3). Outside of a flow it is None.
    `facts` are the newest store facts (SEMANTICS 7.2).
    """

    state: CustomerState
    now: Instant
    facts: Mapping[str, Any] = {}
    journey: Journey | None = None
    trigger: Mapping[str, Any] | None = None  # its triggering event's data, once it was decoded

    def focus(self, journey: Journey | None, trigger: Mapping[str, Any] | None = None) -> None:
        """From now on `journey` asks; `trigger` is its triggering event's data, if at hand."""
        self.journey = journey
        self.trigger = trigger

    def trigger_data(self) -> Mapping[str, Any]:
        """The triggering event's data, money in the store's currency; empty without one."""
        if self.trigger is None:
            self.trigger = {} if self.journey is None else self.journey.trigger_data()
        return self.trigger
