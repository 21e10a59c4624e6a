"""One condition, evaluated once, when P reaches the step (SEMANTICS 2.6)."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions import (
    ConditionDefinition,
    compile_condition,
    compile_evidence,
)
from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.language import Scope
from streams.engine.program import Building, Step, StepDefinition, Turn, retraced_by
from streams.engine.values import Identifier, Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Takes one of two branches.

    `if`: the condition, evaluated when the customer reaches the step
    `then`: the steps if it holds
    `else`: the steps if it does not
    `id`: the name of the step, shown in decisions
    """

    if_: ConditionDefinition = msgspec.field(name="if")
    then: list[StepDefinition] = []
    else_: list[StepDefinition] = msgspec.field(default=[], name="else")
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """At least one branch has steps."""
    if not definition.then and not definition.else_:
        yield Problem((), "'if' has no steps; add 'then' or 'else'", allowed=("then", "else"))


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that chooses; both branches lead to `following`."""
    condition = compile_condition(definition.if_, building.scope)
    evidence = compile_evidence(definition.if_, building.scope)
    place = building.place
    then = building.sequence(definition.then, f"{place}.then", following)
    otherwise = building.sequence(definition.else_, f"{place}.else", following)
    flow = building.flow

    def run(turn: Turn, journey: Journey) -> Step | None:
        if condition(turn)[0]:
            turn.record(flow, journey, step_id, Outcome.BRANCH, "then", evidence(turn).as_json())
            return then
        turn.record(flow, journey, step_id, Outcome.BRANCH, "else", evidence(turn).as_json())
        return otherwise

    return Step(step_id, run, run, retrace=retraced_by(run))
