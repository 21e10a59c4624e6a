"""A turn: one activation of one customer by an event, timer or scan."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.conditions import NO_RATE
from streams.engine.customer import Journey, Situation
from streams.engine.effects import (
    Decision,
    Effects,
    MembershipChange,
    Outcome,
    SegmentCause,
    SegmentChange,
)
from streams.engine.values import ConvertedData, Event, zone_of

MOST_ENTRIES = 16
MOST_STEPS = 1_000
"""Limits of one turn (SEMANTICS 1.12)."""


class FlowVersion(msgspec.Struct, eq=False):
    """The flow of a decision, with the version that decided."""

    flow: str
    version: str


class Turn(Situation):
    """One activation of one customer: the situation, its cause, and the effects so far.

    `event` is None if a timer or a published set is the cause. `data` is the event's data with
    money in the store's currency; `packed` is the same as journeys keep it.
    """

    effects: Effects = msgspec.field(default_factory=Effects)
    event: Event | None = None
    data: Mapping[str, Any] = {}
    packed: bytes | None = None
    shown: list[dict[str, Any]] | None = None  # items that a rule of sending found
    entries: int = 0
    steps: int = 0
    has_changed_profile: bool = False
    profile_before: dict[str, Any] | None = None  # the first change of a journey in this turn
    has_changed_journeys: bool = False  # by an entry or exit
    cause: SegmentCause = SegmentCause.EVENT  # of changes of membership

    def zone(self, otherwise: ZoneInfo) -> ZoneInfo:
        """The customer's zone; `otherwise` is the flow's, else the store's (SEMANTICS 2.3)."""
        return zone_of(self.state.profile.get("timezone"), otherwise)

    def focus_entered(self, journey: Journey) -> None:
        """Selects `journey`, which the event of this turn has started."""
        self.journey = journey
        self.trigger = self.data

    def tell_membership(self, segment: str, version: str, *, is_member: bool) -> None:
        """Tells that the customer enters or leaves a followed segment (SEMANTICS 3.9)."""
        self.effects.segment_changes.append(
            SegmentChange(
                self.state.customer_id,
                segment,
                version,
                MembershipChange.ENTERED if is_member else MembershipChange.LEFT,
                self.now,
                self.cause,
                None if self.event is None else self.event.event_id,
            )
        )

    def record(
        self,
        flow: FlowVersion,
        journey: Journey | None,
        step: str | None,
        outcome: Outcome,
        reason: str,
        evidence: dict[str, Any],
    ) -> None:
        """Records one decision, with the trigger's currency if it has no rate (FLOWS "Money")."""
        event = self.event
        trigger = self.trigger
        if type(trigger) is ConvertedData and trigger.no_rate is not None:
            currencies = {*evidence.get(NO_RATE, ()), trigger.no_rate}
            evidence = {**evidence, NO_RATE: sorted(currencies)}
        self.effects.decisions.append(
            Decision(  # positional, in the order of its fields: a call per decision
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
