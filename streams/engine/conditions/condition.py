"""The family of conditions, and the compilation of its members."""

from typing import Annotated, Any, Protocol

import msgspec

from streams.engine.conditions.by_day import compares_predictions, every_day
from streams.engine.conditions.truth import Condition, EvidenceFunction
from streams.engine.language import FamilyMember, OneOf, Scope

FAMILY = "condition"

ConditionDefinition = Annotated[msgspec.Struct, OneOf(FAMILY)]
"""One of the conditions, distinguished by its key."""


class ConditionModule(FamilyMember, Protocol):
    """The interface of a condition's module."""

    def compile(self, definition: Any, scope: Scope) -> Condition:
        """The closure of a checked definition."""

    def evidence(self, definition: Any, scope: Scope) -> EvidenceFunction:
        """The evidence of a checked definition, for decisions."""


def compile_condition(definition: msgspec.Struct, scope: Scope) -> Condition:
    """The closure of a checked condition; adds the past events that it needs to `scope.reads`. One
    that compares with a predicted value is looked at every day."""
    condition = _module_of(definition, scope).compile(definition, scope)
    if compares_predictions(definition):
        return every_day(condition, scope.store_zone)
    return condition


def compile_evidence(definition: msgspec.Struct, scope: Scope) -> EvidenceFunction:
    """The evidence of a checked condition."""
    return _module_of(definition, scope).evidence(definition, scope)


def _module_of(definition: msgspec.Struct, scope: Scope) -> ConditionModule:
    module: ConditionModule = scope.families.module_of(FAMILY, definition)
    return module
