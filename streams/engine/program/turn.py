"""One turn of one customer: what deciding about an event or a due timer needs at hand."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.conditions import NO_RATE
from streams.engine.customer import Journey, Situation
from streams.engine.effects import Decision, Effects, Outcome
from streams.engine.values import Event, currency_without_rate, zone_of

MOST_ENTRIES = 16
MOST_STEPS = 1_000
"""Limits of one turn (SEMANTICS 1.12)."""


class FlowVersion(msgspec.Struct, eq=False):
    """The flow that a decision is about, in the version that decided."""

    flow: str
    version: str


class Turn(Situation):
    """One customer at one moment, with what happened and where the outcome goes.

    `event` is None when a timer or a publication is the cause. `data` is the event's data with
    money in the store's currency; `packed` the same as the bytes that journeys keep.
    """

    effects: Effects = None  # type: ignore[assignment]
    event: Event | None = None
    data: Mapping[str, Any] = {}
    packed: bytes | None = None
    entries: int = 0
    steps: int = 0
    has_changed_profile: bool = False
    has_changed_journeys: bool = False  # entered or left a flow

    def zone(self, otherwise: ZoneInfo) -> ZoneInfo:
        """The customer's zone; `otherwise` is the flow's, else the store's (SEMANTICS 2.3)."""
        return zone_of(self.state.profile.get("timezone"), otherwise)

    def focus_entered(self, journey: Journey) -> None:
        """From now on `journey` asks, which the event of this turn has started."""
        self.journey = journey
        self.trigger = self.data

    def record(
        self,
        flow: FlowVersion,
        journey: Journey | None,
        step: str | None,
        outcome: Outcome,
        reason: str,
        evidence: dict[str, Any],
    ) -> None:
        """Writes one decision down. It says so if it was made on a trigger with amounts that can't
        be compared (FLOWS "Money")."""
        event = self.event
        trigger = self.trigger
        currency = None if trigger is None else currency_without_rate(trigger)
        if currency is not None:
            evidence = {**evidence, NO_RATE: sorted({*evidence.get(NO_RATE, ()), currency})}
        self.effects.decisions.append(
            Decision(
                self.now,
                self.state.customer_id,
                flow.flow,
                flow.version,
                None if journey is None else journey.journey_id,
                step,
                outcome,
                reason,
                evidence,
                None if event is None else event.event_id,
            )
        )
