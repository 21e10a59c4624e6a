"""The first way whose condition holds when P reaches the step, or else (SEMANTICS 2.6)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.engine.conditions import (
    ConditionDefinition,
    add_evidence,
    compile_condition,
    compile_evidence,
)
from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.language import Scope
from streams.engine.program import Building, Step, StepDefinition, Turn, retraced_by
from streams.engine.values import Identifier, Problem


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way of a branch.

    `when`: the condition, judged when the customer gets here
    `then`: the steps where it is the first that holds
    """

    when: ConditionDefinition
    then: list[StepDefinition] = []


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Takes the first of several ways whose condition holds.

    `branch`: the ways, in their order
    `else`: the steps where none holds
    `id`: the name of the step, shown in decisions
    """

    branch: list[Way]
    else_: list[StepDefinition] = msgspec.field(default=[], name="else")
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """There are ways to choose between."""
    if not definition.branch:
        yield Problem(("branch",), "an empty list: write at least one way with 'when' and 'then'")


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that chooses; all ways lead on to `following`."""
    place, flow, scope = building.place, building.flow, building.scope
    ways = [
        (
            number,
            compile_condition(way.when, scope),
            compile_evidence(way.when, scope),
            building.sequence(way.then, f"{place}.branch[{number}].then", following),
        )
        for number, way in enumerate(definition.branch)
    ]
    otherwise = building.sequence(definition.else_, f"{place}.else", following)

    def run(turn: Turn, journey: Journey) -> Step | None:
        compared: dict[str, Any] = {}
        for number, condition, evidence, first in ways:
            if condition(turn)[0]:
                shown = {"way": number + 1, **evidence(turn)}
                turn.note(flow, journey, step_id, Outcome.BRANCH, "then", shown)
                return first
            add_evidence(compared, evidence(turn))
        turn.note(flow, journey, step_id, Outcome.BRANCH, "else", compared)
        return otherwise

    return Step(step_id, run, run, retrace=retraced_by(run))
