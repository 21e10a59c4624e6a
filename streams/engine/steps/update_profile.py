"""Sets fields of the customer's profile; the next step sees the new values (SEMANTICS 5.2)."""

from collections.abc import Iterator

import msgspec

from streams.engine.customer import Journey, set_field
from streams.engine.language import Reader, Scope, compile_value
from streams.engine.program import Building, Step, Turn, is_filtered
from streams.engine.values import FieldName, FieldType, Identifier, Operand, Problem, unknown_name


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Sets fields of the profile.

    `update_profile`: fields to values or references; a missing value unsets its field
    `id`: the name of the step, shown in decisions
    """

    update_profile: dict[FieldName, Operand]
    id: Identifier | None = None


_LISTS = (FieldType.TEXTS, FieldType.NUMBERS)


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The fields are known and the values fit them."""
    for name, text in definition.update_profile.items():
        path = ("update_profile", name)
        field = scope.profile.get(name)
        if field is None:
            yield unknown_name(path, "profile field", name, scope.profile, at_key=True)
        elif field.type in _LISTS:
            yield Problem(path, f"{name!r} ({field.type.value}) cannot be set here")
        else:
            value = compile_value(text, field.type, scope, path)
            if isinstance(value, Problem):
                yield value


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that sets them, if the flow's profile filter holds (1.3)."""
    scope, flow = building.scope, building.flow
    values = [
        (name, _reader(text, scope.profile[name].type, scope))
        for name, text in definition.update_profile.items()
    ]

    def run(turn: Turn, journey: Journey) -> Step | None:
        if is_filtered(turn, flow, journey, step_id):
            return following
        for name, read in [(name, read(turn)) for name, read in values]:
            set_field(turn.state, name, read, turn.now)
        turn.has_changed_profile = True
        return following

    return Step(step_id, run, run)


def _reader(text: str, kind: FieldType, scope: Scope) -> Reader:
    reader = compile_value(text, kind, scope)
    assert not isinstance(reader, Problem)
    return reader
