"""`{any: [...]}`: at least one part holds."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.condition import (
    ConditionDefinition,
    compile_condition,
    compile_evidence,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction, any_of, evidence_of_all
from streams.engine.language import Scope
from streams.engine.values import Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Holds if at least one condition of the list does.

    `any`: conditions
    """

    any: list[ConditionDefinition]


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """An empty list would hold for no customer."""
    if not definition.any:
        yield Problem(("any",), "expected at least one condition")


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The parts, combined."""
    return any_of([compile_condition(part, scope) for part in definition.any])


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The evidence of the parts together."""
    return evidence_of_all([compile_evidence(part, scope) for part in definition.any])
