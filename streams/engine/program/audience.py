"""Schedules over an audience: when they are due, and for whom (SEMANTICS 1.1, 5.4).

The moments are the store's, the same for every customer, so a task keeps the next one of each flow
and visits its customers when it has come (streams/runtime/audience.py).
"""

from typing import Literal

import msgspec

from streams.engine.conditions import (
    Condition,
    ConditionDefinition,
    EvidenceFunction,
    compile_condition,
    compile_evidence,
    dependence_of,
)
from streams.engine.language import Scope
from streams.engine.values import Cron, Instant, zone_named

AudienceDefinition = Literal["everyone"] | ConditionDefinition
"""Whom a schedule is for."""


class Schedule(msgspec.Struct, frozen=True):
    """The moments of a schedule: those of a cron line, or a single one. Two that are equal mean the
    same moments."""

    cron: Cron | None
    moment: Instant | None
    zone: str  # of the store

    def next_after(self, at: Instant) -> Instant | None:
        """The first moment after `at`; None if there is none."""
        if self.cron is None:
            return self.moment if self.moment is not None and self.moment > at else None
        zone = zone_named(self.zone)
        assert zone is not None
        return self.cron.next_after(at, zone)


class Audience(msgspec.Struct, frozen=True, eq=False):
    """The customers of a schedule; without a condition everyone."""

    condition: Condition | None
    evidence: EvidenceFunction | None
    depends_on_journeys: bool = False
    """Whether the condition reads more of a customer than their background (state.py)."""


def compile_audience(definition: AudienceDefinition, scope: Scope) -> Audience:
    """The closures of a checked audience. It is judged before there is a journey, so it can't ask
    for one."""
    if definition == "everyone":
        return Audience(None, None)
    assert isinstance(definition, msgspec.Struct)
    outside = msgspec.structs.replace(scope, flow=None, trigger=None)
    return Audience(
        compile_condition(definition, outside),
        compile_evidence(definition, outside),
        dependence_of(definition, scope.segments).on_journeys,
    )
