"""A condition wherever one may stand, and its compilation by the table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec

from streams.engine.conditions.truth import Condition, Evidence
from streams.engine.reading import Member, OneOf
from streams.engine.scope import Scope

if TYPE_CHECKING:
    from streams.engine.conditions import ConditionModule


def _members() -> Mapping[str, Member]:
    from streams.engine.conditions import CONDITIONS

    return CONDITIONS


ConditionDefinition = Annotated[msgspec.Struct, OneOf("condition", _members)]
"""One of the conditions, told apart by its key."""


def compile_condition(definition: msgspec.Struct, scope: Scope) -> Condition:
    """The closure of a checked condition; what it asks of the past is noted in `scope.reads`."""
    return _module_of(definition).compile(definition, scope)


def compile_evidence(definition: msgspec.Struct, scope: Scope) -> Evidence:
    """What a checked condition compares."""
    return _module_of(definition).evidence(definition, scope)


def _module_of(definition: msgspec.Struct) -> "ConditionModule":
    from streams.engine.conditions import CONDITIONS

    for module in CONDITIONS.values():
        if type(definition) is module.Definition:
            return module
    raise TypeError(f"{type(definition)} is no condition")
