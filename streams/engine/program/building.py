"""How a flow's steps are compiled: from the last to the first, each linked to the next."""

from typing import Any, Protocol

import msgspec

from streams.engine.language import FamilyMember, Scope, StoreSettings
from streams.engine.program.flow import CompiledFlow
from streams.engine.program.step import FAMILY, Step
from streams.engine.values import step_hash


class Building(msgspec.Struct):
    """What compiling a step needs to know of what surrounds it."""

    flow: CompiledFlow
    scope: Scope
    settings: StoreSettings
    smart_sending: bool  # the flow's default for its messages
    utm: dict[str, str]  # for the links of its messages
    place: str = ""  # of the step that is being compiled: `steps[1].then[0]`

    def sequence(self, definitions: list[Any], place: str, following: Step) -> Step:
        """Compiles a list of steps, from the last to the first, so that each knows the next. With
        an empty list `following` itself comes next."""
        for number in reversed(range(len(definitions))):
            self.place = f"{place}[{number}]"
            following = compile_step(definitions[number], self, following)
        return following


class StepModule(FamilyMember, Protocol):
    """What the module of a step holds."""

    def compile(self, definition: Any, building: Building, step_id: str, following: Step) -> Step:
        """The step of a checked definition; `following` comes after it."""


def compile_step(definition: Any, building: Building, following: Step) -> Step:
    """The step of a checked definition, which stands at `building.place`."""
    step_id = id_of(definition, building.place)
    module: StepModule = building.scope.families.module_of(FAMILY, definition)
    step = module.compile(definition, building, step_id, following)
    step.following = following
    building.flow.steps[step_id] = step
    if has_own_id(definition):
        building.flow.named_steps.add(step_id)
        step.mark = step_hash(step_id)
    return step


def id_of(definition: Any, place: str) -> str:
    """The name of a step: its own, for a message its template's, else its place (FLOWS "Ids")."""
    return definition.id or getattr(definition, "template", None) or place


def has_own_id(definition: Any) -> bool:
    """Whether the step is known by a name, and not only by its place."""
    return bool(definition.id or getattr(definition, "template", None))
