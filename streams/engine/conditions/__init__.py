"""What a flow may ask about a customer: one module per condition, named after its key.

Each has a `Definition` that reads itself, `check(definition, scope)` for what annotations can't
say, `compile(definition, scope)` to a closure that yields its truth and when to ask again, and
`evidence(definition, scope)` to one that yields the values compared.
"""

from collections.abc import Mapping

from streams.engine.conditions import (
    all_,
    any_,
    consent,
    count,
    in_flow,
    not_,
    profile,
    segment,
    since_last,
    sum_,
    trigger,
    value,
)
from streams.engine.conditions.condition import (
    ConditionDefinition,
    ConditionModule,
    compile_condition,
    compile_evidence,
)
from streams.engine.conditions.truth import Condition, Evidence

__all__ = [
    "CONDITIONS",
    "Condition",
    "ConditionDefinition",
    "ConditionModule",
    "Evidence",
    "compile_condition",
    "compile_evidence",
]


CONDITIONS: Mapping[str, ConditionModule] = {
    "count": count,
    "sum": sum_,
    "since_last": since_last,
    "profile": profile,
    "consent": consent,
    "value": value,
    "segment": segment,
    "in_flow": in_flow,
    "trigger": trigger,
    "all": all_,
    "any": any_,
    "not": not_,
}
