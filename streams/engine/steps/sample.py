"""Divides customers at random: always the same path for a customer, unless `fresh` draws for each
journey (SEMANTICS 2.7)."""

from collections.abc import Iterator

import msgspec

from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.language import Scope
from streams.engine.program import Building, Step, StepDefinition, Turn, retraced_by
from streams.engine.values import (
    SAMPLE_POINTS,
    Boolean,
    Identifier,
    Percent,
    Problem,
    sample_point,
    unknown_name,
)


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Divides customers at random.

    `sample`: names of the paths to their shares in percent, 100 in total
    `paths`: the steps of each path; a path left out has no steps
    `fresh`: true: a draw for each journey; otherwise a customer always gets the same path
    `id`: the name of the step, which seeds the draw
    """

    sample: dict[Identifier, Percent]
    paths: dict[Identifier, list[StepDefinition]] = {}
    fresh: Boolean = False
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """Shares add up to 100; every path has one."""
    total = sum(definition.sample.values())
    if total != 100:
        yield Problem(("sample",), f"shares add up to {total}, expected 100")
    for path in definition.paths:
        if path not in definition.sample:
            yield unknown_name(("paths", path), "path", path, definition.sample, at_key=True)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that draws; all paths lead to `following`."""
    place, flow, is_fresh = building.place, building.flow, definition.fresh
    flow_id = flow.flow
    paths: list[tuple[int, str, Step]] = []
    end = 0
    for name, share in definition.sample.items():
        end += share
        steps = definition.paths.get(name, [])
        first = building.sequence(steps, f"{place}.paths.{name}", following)
        paths.append((end * SAMPLE_POINTS // 100, name, first))

    def drawn(turn: Turn, journey: Journey) -> tuple[str, Step]:
        if is_fresh:
            point = sample_point(journey.journey_id, flow_id, step_id)
        else:
            point = sample_point(turn.state.customer_id, flow_id, step_id)
        return next((name, first) for below, name, first in paths if point < below)

    def run(turn: Turn, journey: Journey) -> Step | None:
        name, first = drawn(turn, journey)
        turn.record(flow, journey, step_id, Outcome.BRANCH, name, {"fresh": is_fresh})
        return first

    flow.samples[step_id] = lambda turn, journey: drawn(turn, journey)[0]
    return Step(step_id, run, run, retrace=retraced_by(run))
