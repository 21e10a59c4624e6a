"""Which journeys can move, and in which order they do (SEMANTICS 5.1, 5.2)."""

from collections.abc import Mapping

from streams.engine.conditions import earlier
from streams.engine.customer import TIMEOUT_AT, Journey, JourneyState, noted_of, put_off
from streams.engine.deciding.entry import enter_by_segment, enter_by_time
from streams.engine.deciding.membership import judge
from streams.engine.deciding.occasions import set_occasions
from streams.engine.program import CompiledFlow, Program, Run, SegmentPlan, Step, Turn, go_on, walk

Waits = Mapping[str, Mapping[str, Step]]
"""By flow, steps that wait for a condition, by their ids."""

Move = tuple[int, int, CompiledFlow, Journey, Run | None]
"""A journey that can move: rank of its flow, its place among the customer's journeys, and, for one
that waited or was held, what goes on with it; None for one that has just begun."""


def run_moves(program: Program, turn: Turn, moves: list[Move]) -> None:
    """Every journey that can move runs until it waits or ends: by priority (higher first), flow,
    entry. What a journey changes may let others move: they come after."""
    if len(moves) > 1:
        moves.sort(key=_order)
    for number, (_, _, flow, journey, run) in enumerate(moves):  # which grows on the way
        if journey.state is JourneyState.ENDED:  # restarted by one that has just begun
            continue
        if run is not None:
            go_on(turn, flow, journey, run)
        else:
            if flow.trigger_metric is not None:
                turn.turn_to_entered(journey)
            else:
                turn.turn_to(journey)
            walk(turn, flow, journey, flow.first)
        if turn.has_changed_profile or (turn.has_changed_journeys and program.asks_of_journeys):
            moves.extend(moved_by_change(program, turn, moves[number + 1 :]))
    if not moves and turn.has_changed_journeys and program.asks_of_journeys:
        run_moves(program, turn, moved_by_change(program, turn, []))  # somebody has left a flow


def moved_by_change(program: Program, turn: Turn, under_way: list[Move]) -> list[Move]:
    """Segments are judged again when a journey that has changed the profile waits or ends (5.2),
    and so are those that ask which flows P is in, and the conditions that P waits for."""
    segments: tuple[SegmentPlan, ...] = ()
    waits: list[Waits] = []
    if turn.has_changed_profile:
        # Timers of this moment come after its records, but only once.
        since = turn.now if turn.event is not None else turn.now + 1
        set_occasions(program, turn.state, since)
        segments = program.on_metric["customer.updated"].segments
        waits.append(program.on_metric["customer.updated"].judged_waits)
    if turn.has_changed_journeys:
        segments += tuple(plan for plan in program.journey_segments if plan not in segments)
        waits.append(program.journey_waits)
    turn.has_changed_profile = turn.has_changed_journeys = False
    moves = entered_by_segments(turn, judge(turn, segments)) if segments else []
    for concerned in waits:
        if concerned:
            moves += released_by_truth(program, concerned, turn, [*under_way, *moves])
    return moves


def _order(move: Move) -> tuple[int, int]:
    return move[0], move[1]


def entered_by_segments(turn: Turn, flows: list[CompiledFlow]) -> list[Move]:
    """The journeys of flows whose segment the customer has just become a member of."""
    moves: list[Move] = []
    for flow in flows:
        journey = enter_by_segment(turn, flow)
        if journey is not None:
            moves.append((flow.rank, len(turn.state.journeys), flow, journey, None))
    return moves


def entered_by_time(turn: Turn, flows: list[CompiledFlow]) -> list[Move]:
    """The journeys of flows for which a date or a schedule has come."""
    moves: list[Move] = []
    for flow in flows:
        journey = enter_by_time(turn, flow)
        if journey is not None:
            moves.append((flow.rank, len(turn.state.journeys), flow, journey, None))
    return moves


def released_by_truth(
    program: Program, waits: Waits, turn: Turn, under_way: list[Move]
) -> list[Move]:
    """The journeys that wait at one of `waits` for a condition that holds now, and aren't
    `under_way` anyway. The others learn when it may next change by time alone."""
    moves: list[Move] = []
    released = {id(journey) for _, _, _, journey, _ in under_way}
    for place, journey in enumerate(turn.state.journeys):
        steps = waits.get(journey.flow)
        step = None if steps is None else steps.get(journey.step or "")
        if step is None or journey.state is not JourneyState.WAITING or id(journey) in released:
            continue
        turn.turn_to(journey)
        assert step.condition is not None
        holds, changes_at = step.condition(turn)
        if holds:
            flow = program.flows[journey.flow]
            moves.append((flow.rank, place, flow, journey, step.came))
        else:
            put_off(journey, earlier(noted_of(journey, TIMEOUT_AT, step.id), changes_at))
    return moves
