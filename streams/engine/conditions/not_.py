"""`{not: ...}`: the condition doesn't hold."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.condition import (
    ConditionDefinition,
    compile_condition,
    compile_evidence,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction, not_of
from streams.engine.language import Scope
from streams.engine.values import Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Holds if the condition doesn't.

    `not`: a condition
    """

    not_: ConditionDefinition = msgspec.field(name="not")


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """No checks beyond the condition's own."""
    yield from ()


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The condition, negated."""
    return not_of(compile_condition(definition.not_, scope))


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The evidence of the condition."""
    return compile_evidence(definition.not_, scope)
