"""A condition wherever one may stand, and its compilation by the table."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from streams.engine.conditions.truth import Condition
from streams.engine.reading import Member, OneOf
from streams.engine.scope import Scope


def _members() -> Mapping[str, Member]:
    from streams.engine.conditions import CONDITIONS

    return CONDITIONS


ConditionDefinition = Annotated[msgspec.Struct, OneOf("condition", _members)]
"""One of the conditions, told apart by its key."""


def compile_condition(definition: msgspec.Struct, scope: Scope) -> Condition:
    """The closure of a checked condition; what it asks of the past is noted in `scope.reads`."""
    from streams.engine.conditions import CONDITIONS

    for member in CONDITIONS.values():
        if type(definition) is member.Definition:
            return member.compile(definition, scope)
    raise TypeError(f"{type(definition)} is no condition")
