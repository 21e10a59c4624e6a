"""A condition wherever one may stand, and its compilation by the family's table."""

from typing import Annotated, Any, Protocol

import msgspec

from streams.engine.conditions.truth import Condition, EvidenceFunction
from streams.engine.language import FamilyMember, OneOf, Scope

FAMILY = "condition"

ConditionDefinition = Annotated[msgspec.Struct, OneOf(FAMILY)]
"""One of the conditions, told apart by its key."""


class ConditionModule(FamilyMember, Protocol):
    """What the module of a condition holds."""

    def compile(self, definition: Any, scope: Scope) -> Condition:
        """The closure of a checked definition."""

    def evidence(self, definition: Any, scope: Scope) -> EvidenceFunction:
        """What a checked definition compares, for decisions."""


def compile_condition(definition: msgspec.Struct, scope: Scope) -> Condition:
    """The closure of a checked condition; what it asks of the past is noted in `scope.reads`."""
    return _module_of(definition, scope).compile(definition, scope)


def compile_evidence(definition: msgspec.Struct, scope: Scope) -> EvidenceFunction:
    """What a checked condition compares."""
    return _module_of(definition, scope).evidence(definition, scope)


def _module_of(definition: msgspec.Struct, scope: Scope) -> ConditionModule:
    module: ConditionModule = scope.families.module_of(FAMILY, definition)
    return module
