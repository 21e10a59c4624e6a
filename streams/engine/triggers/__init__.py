"""The triggers of flows: one module per trigger, named after its key (SEMANTICS 1.1).

Each has a `Definition` that reads itself, `check(definition, scope)` and a `compile` to the closure
or schedule that starts the flow.
"""

from collections.abc import Mapping

from streams.engine.language import FamilyMember
from streams.engine.triggers import date, metric, once, schedule, segment

__all__ = [
    "TRIGGERS",
    "date",
    "metric",
    "once",
    "schedule",
    "segment",
]
TRIGGERS: Mapping[str, FamilyMember] = {
    "metric": metric,
    "segment": segment,
    "schedule": schedule,
    "once": once,
    "date": date,
}
