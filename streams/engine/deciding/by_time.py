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
    run_moves(program, turn, due_journeys(program, turn))
    return True


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
