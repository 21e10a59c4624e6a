"""The input of conditions, filters and steps: a customer at one time."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.customer.state import CustomerState, Journey
from streams.engine.values import Instant


class Situation(msgspec.Struct):
    """One customer at one time. One instance serves a whole event or timer; `focus` selects the
    journey.

    `journey` is the journey that conditions are judged for; at an entry it is the one that would
    begin, which has the trigger's data and `since: flow_start` (SEMANTICS 1.3). Outside of a flow
    it is None. `facts` are the newest store facts (SEMANTICS 7.2).
    """

    state: CustomerState
    now: Instant
    facts: Mapping[str, Any] = {}
    journey: Journey | None = None
    trigger: Mapping[str, Any] | None = None  # its triggering event's data, decoded on first use

    def focus(self, journey: Journey | None, trigger: Mapping[str, Any] | None = None) -> None:
        """Selects `journey`; `trigger` is its triggering event's data, if decoded."""
        self.journey = journey
        self.trigger = trigger

    def trigger_data(self) -> Mapping[str, Any]:
        """The triggering event's data, money in the store's currency; empty without one."""
        if self.trigger is None:
            self.trigger = {} if self.journey is None else self.journey.trigger_data()
        return self.trigger
