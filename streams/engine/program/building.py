"""Compilation of a flow's steps: from the last to the first, each linked to the next."""

from typing import Any, Protocol

import msgspec

from streams.engine.language import FamilyMember, Scope, StoreSettings
from streams.engine.program.flow import CompiledFlow
from streams.engine.program.step import FAMILY, Step
from streams.engine.values import step_hash


class Building(msgspec.Struct):
    """The surroundings of a step that is compiled."""

    flow: CompiledFlow
    scope: Scope
    settings: StoreSettings
    smart_sending: bool  # the default of the flow's messages
    utm: dict[str, str]  # for the links of its messages
    place: str = ""  # of the step that is being compiled: `steps[1].then[0]`

    def sequence(self, definitions: list[Any], place: str, following: Step) -> Step:
        """Compiles a list of steps, from the last to the first. Returns the first, or `following`
        for an empty list."""
        for number in reversed(range(len(definitions))):
            self.place = f"{place}[{number}]"
            following = compile_step(definitions[number], self, following)
        return following


class StepModule(FamilyMember, Protocol):
    """The interface of a step's module."""

    def compile(self, definition: Any, building: Building, step_id: str, following: Step) -> Step:
        """The step of a checked definition; `following` is the next step."""


def compile_step(definition: Any, building: Building, following: Step) -> Step:
    """The step of a checked definition at `building.place`."""
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
    """The id of a step: its own, for a message its template's, else its place (FLOWS "Ids")."""
    return definition.id or getattr(definition, "template", None) or place


def has_own_id(definition: Any) -> bool:
    """True if the step is identified by more than its place."""
    return bool(definition.id or getattr(definition, "template", None))
