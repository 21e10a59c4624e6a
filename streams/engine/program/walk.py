"""The walk of a journey from step to step, until it waits, is held or has ended."""

from typing import Any

from streams.engine.customer import Journey, JourneyState, move, stop_following
from streams.engine.effects import Outcome
from streams.engine.program.flow import CompiledFlow
from streams.engine.program.step import Run, Step
from streams.engine.program.turn import MOST_STEPS, Turn
from streams.engine.values import is_among


def walk(turn: Turn, flow: CompiledFlow, journey: Journey, step: Step | None) -> None:
    """Runs `journey`, which is RUNNING and the focus of `turn`, from `step` on. After 1,000 steps
    in one turn it is held for a millisecond (SEMANTICS 1.12). A step that P has passed is skipped,
    even if it was moved (6.2)."""
    while step is not None:
        turn.steps += 1
        if turn.steps > MOST_STEPS and step is not flow.finish:
            turn.effects.loops += 1
            move(journey, JourneyState.HELD, step.id, turn.now + 1)
            return
        if journey.passed and step.mark and is_among(step.mark, journey.passed):
            step = step.following
            continue
        following = step.run(turn, journey)
        if following is not None:
            journey.passed += step.mark
        step = following


def resume_journey(turn: Turn, flow: CompiledFlow, journey: Journey, run: Run) -> None:
    """Resumes a journey that waits or is held; `run` belongs to its step."""
    turn.focus(journey)
    stands_at = flow.steps[journey.step or ""]
    move(journey, JourneyState.RUNNING)
    following = run(turn, journey)
    if following is not None:
        journey.passed += stands_at.mark
    walk(turn, flow, journey, following)


def run_when_due(journey: Journey, step: Step) -> Run:
    """The function to run for a due journey at `step`: a held journey is judged again."""
    return step.run if journey.state is JourneyState.HELD else step.resume


def is_filtered(turn: Turn, flow: CompiledFlow, journey: Journey, step: str) -> bool:
    """True if the flow's profile filter forbids the action of `step`: recorded as a skip, and P
    continues (SEMANTICS 1.3). A `send` evaluates the filter among its own rules."""
    if flow.filter is None or flow.filter(turn)[0]:
        return False
    assert flow.filter_evidence is not None
    evidence = flow.filter_evidence(turn).as_json()
    turn.record(flow, journey, step, Outcome.SKIPPED, "profile_filter", evidence)
    return True


def end(
    turn: Turn,
    flow: CompiledFlow,
    journey: Journey,
    reason: str,
    evidence: dict[str, Any],
    step: str | None = None,
) -> None:
    """Ends `journey` at `step` and records the reason."""
    move(journey, JourneyState.ENDED)
    turn.has_changed_journeys = True
    turn.record(flow, journey, step, Outcome.EXITED, reason, evidence)
    if turn.state.followed:
        stop_following(turn.state, journey.journey_id, flow.followed)
    journeys = turn.state.journeys
    for place, other in enumerate(journeys):
        if other is journey:
            del journeys[place]
            break


def finish_of(flow: CompiledFlow) -> Step:
    """The step after the last of `flow`."""

    def run(turn: Turn, journey: Journey) -> Step | None:
        end(turn, flow, journey, "finished", {})
        return None

    return Step("finish", run, run)
