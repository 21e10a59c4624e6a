"""Moves: the journeys that can continue, and their order (SEMANTICS 5.1, 5.2)."""

from collections.abc import Mapping

import msgspec

from streams.engine.conditions import earlier
from streams.engine.customer import (
    PROFILE_AWAITED,
    TIMEOUT_AT,
    Journey,
    JourneyState,
    remembered_at,
    reschedule,
)
from streams.engine.deciding.date_changes import (
    NO_DATES,
    ChangedDates,
    changed_dates,
    dates_of,
    end_dated,
)
from streams.engine.deciding.date_timers import set_date_timers
from streams.engine.deciding.entry import enter_by_segment, enter_by_time
from streams.engine.deciding.segment_membership import judge
from streams.engine.program import (
    CompiledFlow,
    MetricPlan,
    Program,
    Run,
    SegmentPlan,
    Step,
    Turn,
    approved_step,
    resume_journey,
    walk,
)

Waits = Mapping[str, Mapping[str, Step]]
"""Steps that wait for a condition: by flow, then by id."""

Move = tuple[int, int, CompiledFlow, Journey, Run | None]
"""A journey that can continue: rank of its flow, its index among the customer's journeys, and the
function that resumes one that waited or was held; None for a new one."""


def run_moves(program: Program, turn: Turn, moves: list[Move]) -> None:
    """Runs each journey until it waits or ends: by priority (higher first), flow, entry. Journeys
    that can continue because of these run after them."""
    if len(moves) > 1:
        moves.sort(key=_order)
    for number, (_, _, flow, journey, run) in enumerate(moves):  # grows while it is read
        if journey.state is JourneyState.ENDED:  # restarted by a new one
            continue
        if run is not None:
            resume_journey(turn, flow, journey, run)
        else:
            if flow.trigger_metric is not None and not flow.is_per_item:
                turn.focus_entered(journey)
            else:
                turn.focus(journey)
            walk(turn, flow, journey, flow.first)
        if turn.has_changed_profile or (turn.has_changed_journeys and program.depends_on_journeys):
            under_way = moves[number + 1 :]
            under_way += moved_by_change(program, turn, under_way)
            moves[number + 1 :] = under_way
    if not moves and turn.has_changed_journeys and program.depends_on_journeys:
        run_moves(program, turn, moved_by_change(program, turn, []))  # a journey has ended


def moved_by_change(program: Program, turn: Turn, under_way: list[Move]) -> list[Move]:
    """The moves that a journey's changes make possible. After a change of the profile, all segments
    on it are evaluated again (5.2); after a change of journeys, those with conditions on them.
    So are the conditions that P waits for. Changes `under_way` as `moved_by_dates` does."""
    segments: tuple[SegmentPlan, ...] = ()
    waits: list[Waits] = []
    moves: list[Move] = []
    if turn.has_changed_profile:
        # Timers of this moment come after its records, but only once.
        since = turn.now if turn.event is not None else turn.now + 1
        plan = program.on_metric["customer.updated"]
        changed = _dates_changed_by_journeys(plan, turn)
        set_date_timers(program, turn.state, since, changed)
        end_dated(program, turn, changed)
        moves += moved_by_dates(program, turn, changed, under_way)
        segments = plan.segments
        waits.append(plan.judged_waits)
    if turn.has_changed_journeys:
        segments += tuple(plan for plan in program.journey_segments if plan not in segments)
        waits.append(program.journey_waits)
    turn.has_changed_profile = turn.has_changed_journeys = False
    if segments:
        moves += entered_by_segments(turn, judge(turn, segments))
    for concerned in waits:
        if concerned:
            moves += released_by_truth(program, concerned, turn, [*under_way, *moves])
    return moves


def _dates_changed_by_journeys(plan: MetricPlan, turn: Turn) -> ChangedDates:
    """The dates of the profile that journeys have changed since this was last asked."""
    profile, turn.profile_before = turn.profile_before, None
    if profile is None or not plan.dates:
        return NO_DATES
    before = dates_of(plan, msgspec.structs.replace(turn.state, profile=profile))
    return changed_dates(plan, turn.state, before)


def moved_by_dates(
    program: Program, turn: Turn, changed: ChangedDates, under_way: list[Move]
) -> list[Move]:
    """Journeys that wait until a date that has changed: the wait is run again (SEMANTICS 2.10). One
    `under_way` was due by the old date: there the wait is run again in its place."""
    places = {id(move[3]): number for number, move in enumerate(under_way)}
    moves: list[Move] = []
    for place, journey in enumerate(turn.state.journeys):
        flow = program.flows[journey.flow]
        step = flow.steps.get(journey.step or "")
        if step is None or step.follows not in changed:
            continue
        if journey.state is JourneyState.WAITING:
            again: Move = (flow.rank, place, flow, journey, step.run)
            number = places.get(id(journey))
            if number is None:
                moves.append(again)
            else:
                under_way[number] = again
    return moves


def _order(move: Move) -> tuple[int, int]:
    return move[0], move[1]


def entered_by_segments(turn: Turn, flows: list[CompiledFlow]) -> list[Move]:
    """Journeys of the flows that a new membership starts."""
    moves: list[Move] = []
    for flow in flows:
        journey = enter_by_segment(turn, flow)
        if journey is not None:
            moves.append((flow.rank, len(turn.state.journeys), flow, journey, None))
    return moves


def entered_by_time(turn: Turn, flows: list[CompiledFlow]) -> list[Move]:
    """Journeys of the flows that a date or a schedule starts."""
    moves: list[Move] = []
    for flow in flows:
        journey = enter_by_time(turn, flow)
        if journey is not None:
            moves.append((flow.rank, len(turn.state.journeys), flow, journey, None))
    return moves


def released_by_profile(program: Program, turn: Turn) -> list[Move]:
    """Journeys and approved messages that were held because nothing was told of P's profile
    (SEMANTICS 4.5). A mark of another step is stale."""
    moves: list[Move] = []
    state = turn.state
    for place, journey in enumerate((*state.journeys, *state.reviews)):
        step_id = journey.step or ""
        is_held = journey.state is JourneyState.HELD
        if not is_held or remembered_at(journey, PROFILE_AWAITED, step_id) is None:
            continue
        if place < len(state.journeys):
            flow = program.flows[journey.flow]
            moves.append((flow.rank, place, flow, journey, flow.steps[step_id].run))
        else:
            found = approved_step(program, journey)
            assert found is not None  # `adapt_reviews` has removed the others
            moves.append((found[0].rank, place, found[0], journey, found[2]))
    return moves


def released_by_truth(
    program: Program, waits: Waits, turn: Turn, under_way: list[Move]
) -> list[Move]:
    """Journeys at one of `waits` whose condition holds now, without those `under_way` already. The
    others are rescheduled to the next change by time alone."""
    moves: list[Move] = []
    released = {id(journey) for _, _, _, journey, _ in under_way}
    for place, journey in enumerate(turn.state.journeys):
        steps = waits.get(journey.flow)
        step = None if steps is None else steps.get(journey.step or "")
        if step is None or journey.state is not JourneyState.WAITING or id(journey) in released:
            continue
        turn.focus(journey)
        assert step.condition is not None
        holds, changes_at = step.condition(turn)
        if holds:
            flow = program.flows[journey.flow]
            moves.append((flow.rank, place, flow, journey, step.came))
        else:
            reschedule(journey, earlier(remembered_at(journey, TIMEOUT_AT, step.id), changes_at))
    return moves
