"""Whatever advice says can't happen doesn't, in any history of any flows."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.definitions.journey_walk import Visit, visits_of
from streams.definitions.lint import advice_about
from streams.definitions.lint_conditions import (
    branch_that_nobody_takes,
    filter_that_the_trigger_contradicts,
    message_that_is_never_sent,
    wait_for_an_exit,
)
from streams.definitions.lint_subject import Subject
from streams.engine import Definitions, read_definitions
from streams.engine.values import path_text
from tests.harness.customer import MONDAY
from tests.harness.examples import examples
from tests.properties.generated import Happening, Raw, histories, sets
from tests.properties.test_definition_fuzz import mutated
from tests.properties.test_generated_flows import run

pytestmark = pytest.mark.slow


def subjects_of(raw: Raw) -> list[Subject]:
    definitions = read_definitions(raw)
    assert isinstance(definitions, Definitions)
    return [
        Subject(place, flow, raw["flows"][place], definitions.store)
        for place, flow in enumerate(definitions.flows)
    ]


def name_of(visit: Visit) -> str:
    step = visit.step
    return str(step.get("id") or step.get("template") or path_text(visit.path[2:]))


def impossible(subject: Subject) -> Iterator[tuple[str, str | None, str, str | None]]:
    """Flow, step, outcome and reason of decisions that advice excludes."""
    flow = subject.flow.flow
    visits = {visit.path: visit for visit in visits_of(subject)}
    if list(filter_that_the_trigger_contradicts(subject)):
        yield flow, None, "entered", None
    for problem in branch_that_nobody_takes(subject):
        visit = visits.get(problem.path[:-1])
        if visit is not None:  # then, or else
            yield flow, name_of(visit), "branch", str(problem.path[-1])
    for problem in message_that_is_never_sent(subject):
        yield flow, name_of(visits[problem.path]), "sent", None
    for problem in wait_for_an_exit(subject):
        yield flow, name_of(visits[problem.path[:-1]]), "branch", "then"


@examples(150)
@given(sets, histories())
def test_what_advice_excludes_does_not_happen(raw: Raw, history: list[Happening]) -> None:
    excluded = {one for subject in subjects_of(raw) for one in impossible(subject)}
    if not excluded:
        return
    decisions: list[dict[str, Any]] = [
        decision
        for record in run(raw, None, history, restores=False).output
        if record.topic == DECISIONS and record.value is not None
        for decision in read_decisions(record.value)
    ]
    # What is held is judged again later, when other things may hold.
    held = {(one["journey_id"], one["step"]) for one in decisions if one["outcome"] == "held"}
    for one in decisions:
        if (one["journey_id"], one["step"]) in held:
            continue
        flow, step, outcome = one["flow"], one["step"], one["outcome"]
        told = {(flow, step, outcome, None), (flow, step, outcome, one["reason"])}
        assert not told & excluded, one


@examples(200)
@given(mutated())
def test_advice_about_any_valid_set(raw: Raw) -> None:
    definitions = read_definitions(raw)
    if isinstance(definitions, Definitions):
        for problem in advice_about(definitions, MONDAY):
            assert problem.sentence()
