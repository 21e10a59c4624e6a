"""Due timers of a customer: segments, dates, journeys (SEMANTICS 5.2)."""

import msgspec

from streams.engine.deciding.date_timers import due_date_flows
from streams.engine.deciding.moves import (
    Move,
    entered_by_segments,
    entered_by_time,
    run_moves,
)
from streams.engine.deciding.segment_membership import due_segments, judge
from streams.engine.program import Program, Turn, due_reviews, run_when_due


class Due(msgspec.Struct, frozen=True):
    """Timers of the customer are due."""


DUE = Due()


def by_time(program: Program, turn: Turn, _: Due) -> bool:
    """Fires all timers of the customer that are due at `turn.now`: membership that changes by time,
    then dates, then journeys."""
    state, due = turn.state, turn.now
    if state.memberships:
        started = judge(turn, due_segments(program, state, due))
        run_moves(program, turn, entered_by_segments(turn, started))
    if state.occasions:
        dated = due_date_flows(program, state, due)
        run_moves(program, turn, entered_by_time(turn, dated))
    moves = due_journeys(program, turn)
    if len(moves) > 1:
        first = [move for move in moves if not _yields(move, moves)]
        if len(first) < len(moves):
            run_moves(program, turn, first)
            moves = due_journeys(program, turn)
    run_moves(program, turn, moves)
    return True


def _yields(move: Move, moves: list[Move]) -> bool:
    """True for a wait until a date if a journey of another flow that sets this date can continue in
    the same moment: that journey comes first, so that the wait goes by the new date (SEMANTICS
    2.10)."""
    _, _, flow, journey, _ = move
    step = flow.steps.get(journey.step or "")
    if step is None or step.follows is None:
        return False
    field = step.follows.field
    return any(other is not flow and field in other.fields_set for _, _, other, _, _ in moves)


def due_journeys(program: Program, turn: Turn) -> list[Move]:
    """Journeys that waited or were held until now, and approved messages that were held."""
    moves: list[Move] = []
    for place, journey in enumerate(turn.state.journeys):
        if journey.due is not None and journey.due <= turn.now:
            flow = program.flows[journey.flow]
            assert journey.step is not None
            run = run_when_due(journey, flow.steps[journey.step])
            moves.append((flow.rank, place, flow, journey, run))
    if turn.state.reviews:
        moves += due_reviews(program, turn)
    return moves
