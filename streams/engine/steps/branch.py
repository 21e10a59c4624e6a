"""The first branch whose condition holds when P reaches the step, or `else` (SEMANTICS 2.6)."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions import (
    ConditionDefinition,
    Evidence,
    compile_condition,
    compile_evidence,
)
from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.language import Scope
from streams.engine.program import Building, Step, StepDefinition, Turn, retraced_by
from streams.engine.values import Identifier, Problem


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One branch of several.

    `when`: the condition, evaluated when the customer reaches the step
    `then`: the steps if it is the first that holds
    """

    when: ConditionDefinition
    then: list[StepDefinition] = []


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Takes the first of several branches whose condition holds.

    `branch`: the branches, in order of evaluation
    `else`: the steps if none holds
    `id`: the name of the step, shown in decisions
    """

    branch: list[Way]
    else_: list[StepDefinition] = msgspec.field(default=[], name="else")
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """There is at least one branch."""
    if not definition.branch:
        yield Problem(("branch",), "expected at least one branch with 'when' and 'then'")


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that chooses; all branches lead to `following`."""
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
        compared = Evidence()
        for number, condition, evidence, first in ways:
            if condition(turn)[0]:
                shown = {"way": number + 1, **evidence(turn).as_json()}
                turn.record(flow, journey, step_id, Outcome.BRANCH, "then", shown)
                return first
            compared.add(evidence(turn))
        turn.record(flow, journey, step_id, Outcome.BRANCH, "else", compared.as_json())
        return otherwise

    return Step(step_id, run, run, retrace=retraced_by(run))
