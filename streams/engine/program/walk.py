"""The walk of a journey from step to step, until it waits, is held or has ended."""

from typing import Any

from streams.engine.customer import Journey, JourneyState, move
from streams.engine.effects import Outcome
from streams.engine.program.flow import CompiledFlow
from streams.engine.program.step import Run, Step
from streams.engine.program.turn import MOST_STEPS, Turn
from streams.engine.values import is_among


def walk(turn: Turn, flow: CompiledFlow, journey: Journey, step: Step | None) -> None:
    """Runs `journey`, to which `turn` has turned and which is RUNNING, from `step` on. After 1,000
    steps in one turn the rest is put off by a millisecond (SEMANTICS 1.12). A step that P has
    passed is passed over, wherever it was moved to (6.2)."""
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
    """Lets a journey that waits or is held go on: `run` is of the step where it stands."""
    turn.focus(journey)
    stands_at = flow.steps[journey.step or ""]
    move(journey, JourneyState.RUNNING)
    following = run(turn, journey)
    if following is not None:
        journey.passed += stands_at.mark
    walk(turn, flow, journey, following)


def run_when_due(journey: Journey, step: Step) -> Run:
    """What to do with a journey that waits or is held at `step` when its time has come: who is held
    is judged again."""
    return step.run if journey.state is JourneyState.HELD else step.resume


def is_filtered(turn: Turn, flow: CompiledFlow, journey: Journey, step: str) -> bool:
    """Whether the flow's profile filter forbids the action of `step`; that is written down, and P
    goes on to the next step (SEMANTICS 1.3). A `send` asks it in its own place, with the rules."""
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
    """Ends `journey` and says why. `step` is where it ended."""
    move(journey, JourneyState.ENDED)
    turn.has_changed_journeys = True
    turn.record(flow, journey, step, Outcome.EXITED, reason, evidence)
    journeys = turn.state.journeys
    for place, other in enumerate(journeys):
        if other is journey:
            del journeys[place]
            break


def finish_of(flow: CompiledFlow) -> Step:
    """What follows the last step of `flow`."""

    def run(turn: Turn, journey: Journey) -> Step | None:
        end(turn, flow, journey, "finished", {})
        return None

    return Step("finish", run, run)
