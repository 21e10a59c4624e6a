"""Messages awaiting review (SEMANTICS 4.1). P continues at once, so a request is a copy of the
journey before the message; the sending rules judge it after approval.

    enqueue ─► HELD, no due time ──── dropped, or flow or step gone ─────► gone
                   │        │                                               ▲
                   │        └──────── 30 days old, or 50 newer ones ────────┤
                   │ approved                                               │
                   v                                                        │
               the rules judge ─── sent or skipped ─────────────────────────┤
                   │    ▲                                                   │
                   v    │ due, or the flow is live again                    │
               HELD: quiet hours, paused flow ── flow archived, step gone ──┘
"""

from typing import Any

import msgspec

from streams.engine.customer import REACHED, CustomerState, Journey, JourneyState, move
from streams.engine.program.flow import CompiledFlow
from streams.engine.program.program import Program
from streams.engine.program.step import Run, Step
from streams.engine.program.turn import Turn
from streams.engine.program.walk import resume_journey
from streams.engine.values import DAY, Instant, send_id

APPROVED = "approved"
"""In the memory of a request: {by, at} of the approval."""

MOST_WAITING = 50
KEPT = 30 * DAY
"""Limits of unanswered requests: the oldest are dropped when another is added. Their records have
then left the topic too."""


def enqueue(turn: Turn, journey: Journey, step: str, reached: Instant) -> None:
    """Adds a request for the message of `step`, which P reached at `reached`."""
    waiting = msgspec.structs.replace(journey, memory={REACHED: [step, reached]})
    move(waiting, JourneyState.HELD, step)
    state = turn.state
    kept = [one for one in state.reviews if APPROVED in one.memory or _is_new(one, turn.now)]
    state.reviews = [*kept, waiting][-MOST_WAITING:]


def _is_new(waiting: Journey, now: Instant) -> bool:
    reached: Instant = waiting.memory[REACHED][1]
    return now < reached + KEPT


def find_request(state: CustomerState, wanted: str) -> Journey | None:
    """The unanswered request for the message with the id `wanted`."""
    for waiting in state.reviews:
        if APPROVED not in waiting.memory and send_id(waiting.journey_id, _step(waiting)) == wanted:
            return waiting
    return None


def approve(waiting: Journey, approval: dict[str, Any]) -> None:
    """Approves a request."""
    waiting.memory = {**waiting.memory, APPROVED: approval}


def remove_request(state: CustomerState, waiting: Journey) -> None:
    """Removes a request."""
    if waiting.state is not JourneyState.ENDED:
        move(waiting, JourneyState.ENDED)
    state.reviews = [one for one in state.reviews if one is not waiting]


def approved_step(program: Program, waiting: Journey) -> tuple[CompiledFlow, Step, Run] | None:
    """The flow, message step and `approved` function of a request; None if flow or step is gone:
    then nothing is sent (SEMANTICS 6.1, 6.2)."""
    flow = program.flows.get(waiting.flow)
    step = None if flow is None or flow.is_archived else flow.steps.get(_step(waiting))
    if flow is None or step is None or step.approved is None:
        return None
    return flow, step, step.approved


def due_reviews(program: Program, turn: Turn) -> list[tuple[int, int, CompiledFlow, Journey, Run]]:
    """Moves of approved messages that were held until now, after the journeys of their flow."""
    moves = []
    for place, waiting in enumerate(turn.state.reviews, len(turn.state.journeys)):
        if waiting.due is not None and waiting.due <= turn.now:
            found = approved_step(program, waiting)
            assert found is not None  # `adapt_reviews` has removed the others
            moves.append((found[0].rank, place, found[0], waiting, found[2]))
    return moves


def adapt_reviews(program: Program, turn: Turn) -> None:
    """Adapts requests to new definitions: those of a missing flow or message are removed; an
    approved message that a paused flow held is judged once the flow is live again."""
    for waiting in turn.state.reviews:
        found = approved_step(program, waiting)
        if found is None:
            remove_request(turn.state, waiting)
        elif APPROVED in waiting.memory and waiting.due is None and not found[0].is_paused:
            resume_journey(turn, found[0], waiting, found[2])


def _step(waiting: Journey) -> str:
    assert waiting.step is not None
    return waiting.step
