"""`{all: [...]}`: every part holds."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.condition import (
    ConditionDefinition,
    compile_condition,
    compile_evidence,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction, all_of, evidence_of_all
from streams.engine.language import Scope
from streams.engine.values import Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Holds if every condition of the list does.

    `all`: conditions
    """

    all: list[ConditionDefinition]


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """An empty list would hold for every customer."""
    if not definition.all:
        yield Problem(("all",), "expected at least one condition")


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The parts, combined."""
    return all_of([compile_condition(part, scope) for part in definition.all])


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The evidence of the parts together."""
    return evidence_of_all([compile_evidence(part, scope) for part in definition.all])
