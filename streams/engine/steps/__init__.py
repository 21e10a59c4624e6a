"""What a flow may do: one module per step, named after its key.

Each has a `Definition` that reads itself, `check(definition, scope)` for what annotations can't
say, and `compile(definition, building, step_id, following)` to the linked `Step` that runs.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from streams.engine.flow import Building, Step
from streams.engine.identity import step_hash
from streams.engine.reading import Member
from streams.engine.steps import (
    assign_coupon,
    branch,
    exit_,
    if_,
    sample,
    send,
    update_profile,
    wait,
    wait_for,
    webhook,
)


class StepModule(Member, Protocol):
    """What the module of a step holds."""

    def compile(self, definition: Any, building: Building, step_id: str, following: Step) -> Step:
        """The step of a checked definition; `following` comes after it."""


STEPS: Mapping[str, StepModule] = {
    "wait": wait,
    "wait_for": wait_for,
    "if": if_,
    "branch": branch,
    "sample": sample,
    "send": send,
    "assign_coupon": assign_coupon,
    "update_profile": update_profile,
    "webhook": webhook,
    "exit": exit_,
}

_MODULES: dict[type[Any], StepModule] = {module.Definition: module for module in STEPS.values()}


def id_of(definition: Any, place: str) -> str:
    """The name of a step: its own, for a message its template's, else its place (FLOWS.md, ids)."""
    return definition.id or getattr(definition, "template", None) or place


def has_own_id(definition: Any) -> bool:
    """Whether the step is known by a name, and not only by its place."""
    return bool(definition.id or getattr(definition, "template", None))


def compile_step(definition: Any, building: Building, following: Step) -> Step:
    """The step of a checked definition, which stands at `building.place`."""
    step_id = id_of(definition, building.place)
    step = _MODULES[type(definition)].compile(definition, building, step_id, following)
    step.following = following
    building.flow.steps[step_id] = step
    if has_own_id(definition):
        building.flow.named_steps.add(step_id)
        step.mark = step_hash(step_id)
    return step
