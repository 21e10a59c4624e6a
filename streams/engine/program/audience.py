"""Schedules and their audiences (SEMANTICS 1.1, 5.4).

The moments are the store's, the same for every customer, so a task keeps the next one of each flow
and scans its customers when it is due (streams/runtime/scans.py).
"""

from typing import Literal

import msgspec

from streams.engine.conditions import (
    Condition,
    ConditionDefinition,
    Dependence,
    EvidenceFunction,
    compile_condition,
    compile_evidence,
    dependence_of,
)
from streams.engine.customer import CustomerState, StateHead, StatePrefix
from streams.engine.language import Scope
from streams.engine.values import Cron, Instant, zone_named

AudienceDefinition = Literal["everyone"] | ConditionDefinition
"""The customers of a schedule, as written."""


class Schedule(msgspec.Struct, frozen=True):
    """The moments of a schedule: those of a cron line, or a single one. Equal schedules have the
    same moments."""

    cron: Cron | None
    moment: Instant | None
    zone: str  # of the store

    def next_after(self, at: Instant) -> Instant | None:
        """The first moment after `at`; None after the last."""
        if self.cron is None:
            return self.moment if self.moment is not None and self.moment > at else None
        zone = zone_named(self.zone)
        assert zone is not None
        return self.cron.next_after(at, zone)


class Audience(msgspec.Struct, frozen=True, eq=False):
    """The customers of a schedule; without a condition all."""

    condition: Condition | None
    evidence: EvidenceFunction | None
    reads: type[StateHead] = CustomerState
    """The part of a customer's state that the condition reads."""


def compile_audience(definition: AudienceDefinition, scope: Scope) -> Audience:
    """The closures of a checked audience. It is evaluated before a journey exists, so it can't
    refer to one."""
    if definition == "everyone":
        return Audience(None, None)
    assert isinstance(definition, msgspec.Struct)
    outside = msgspec.structs.replace(scope, flow=None, trigger=None)
    return Audience(
        compile_condition(definition, outside),
        compile_evidence(definition, outside),
        _part_read(dependence_of(definition, scope.segments)),
    )


def _part_read(dependence: Dependence) -> type[StateHead]:
    if dependence.on_journeys or dependence.on_orders:
        return CustomerState
    return StatePrefix if dependence.on_past else StateHead
