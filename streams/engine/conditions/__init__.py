"""The conditions of the flow language: one module per condition, named after its key (SEMANTICS 3).

Each has a `Definition` for reading, `check(definition, scope)` beyond its annotations,
`compile(definition, scope)` to a closure that returns the truth and its earliest change, and
`evidence(definition, scope)` to a closure that returns the compared values. Start with `truth.py`.
"""

from collections.abc import Mapping

from streams.engine.conditions import (
    all_,
    any_,
    average,
    bounced,
    clicked,
    consent,
    count,
    coupons,
    delivered,
    distinct,
    in_flow,
    not_,
    opened,
    profile,
    segment,
    sent,
    since_last,
    skipped,
    sum_,
    trigger,
    value,
)
from streams.engine.conditions.comparison import QUANTIFIERS, Comparison
from streams.engine.conditions.condition import (
    ConditionDefinition,
    ConditionModule,
    compile_condition,
    compile_evidence,
)
from streams.engine.conditions.dependence import Dependence, dependence_of, segments_within
from streams.engine.conditions.segment import compile_segment, evidence_of_values
from streams.engine.conditions.truth import (
    HISTORY_SINCE,
    NEVER,
    NO_RATE,
    Condition,
    Evidence,
    EvidenceFunction,
    all_of,
    earlier,
    evidence_of_all,
    known_since,
)
from streams.engine.conditions.where import (
    EventPattern,
    Test,
    check_pattern,
    compile_pattern,
    top_fields,
)

__all__ = [
    "CONDITIONS",
    "HISTORY_SINCE",
    "NEVER",
    "NO_RATE",
    "QUANTIFIERS",
    "Comparison",
    "Condition",
    "ConditionDefinition",
    "Dependence",
    "EventPattern",
    "Evidence",
    "EvidenceFunction",
    "Test",
    "all_of",
    "check_pattern",
    "compile_condition",
    "compile_evidence",
    "compile_pattern",
    "compile_segment",
    "dependence_of",
    "earlier",
    "evidence_of_all",
    "evidence_of_values",
    "known_since",
    "segment",
    "segments_within",
    "top_fields",
]
CONDITIONS: Mapping[str, ConditionModule] = {
    "count": count,
    "sum": sum_,
    "average": average,
    "distinct": distinct,
    "since_last": since_last,
    "profile": profile,
    "consent": consent,
    "value": value,
    "segment": segment,
    "in_flow": in_flow,
    "trigger": trigger,
    "coupons": coupons,
    "sent": sent,
    "delivered": delivered,
    "opened": opened,
    "clicked": clicked,
    "bounced": bounced,
    "skipped": skipped,
    "all": all_,
    "any": any_,
    "not": not_,
}
