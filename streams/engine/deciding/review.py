"""Reviews of messages that await one: send or drop (SEMANTICS 4.1)."""

import msgspec

from streams.engine.deciding.moves import run_moves
from streams.engine.effects import Outcome
from streams.engine.program import (
    Program,
    Turn,
    approve,
    approved_step,
    find_request,
    remove_request,
    resume_journey,
)
from streams.engine.values import Instant


class Review(msgspec.Struct, gc=False):
    """One record of the topic `reviews`. `at` is the time of the review by the reviewer's clock."""

    send_id: str
    customer_id: str
    is_approved: bool
    by: str | None
    at: Instant


def by_review(program: Program, turn: Turn, given: Review) -> bool:
    """Sends the message, subject to the rules of sending, or drops it. A review of a message that
    does not await one is only counted."""
    state = turn.state
    waiting = find_request(state, given.send_id)
    found = None if waiting is None else approved_step(program, waiting)
    if waiting is None or found is None:
        turn.effects.reviews_stale += 1
        return False
    flow, step, judge = found
    if given.is_approved:
        approve(waiting, {"by": given.by, "at": given.at})
        resume_journey(turn, flow, waiting, judge)
        run_moves(program, turn, [])  # who waits for the message to be sent (3.8)
    else:
        evidence = {"send_id": given.send_id, "verdict": "drop", "by": given.by, "at": given.at}
        turn.record(flow, waiting, step.id, Outcome.REVIEW, "", evidence)
        remove_request(state, waiting)
    return True
