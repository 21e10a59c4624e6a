"""Adapts running journeys to new definitions (SEMANTICS 6.1, 6.2)."""

from streams.engine.customer import (
    CustomerState,
    Journey,
    JourneyState,
    add_followed,
    concluded_at,
    move,
    sent_lately,
)
from streams.engine.deciding.date_timers import set_date_timers
from streams.engine.deciding.moves import moved_by_change, run_moves
from streams.engine.deciding.segment_membership import set_silently
from streams.engine.effects import Effects, SegmentCause
from streams.engine.program import (
    CompiledFlow,
    Program,
    Turn,
    adapt_reviews,
    end,
    resume_journey,
    walk,
)
from streams.engine.values import Instant


def adapt(program: Program, state: CustomerState, at: Instant, effects: Effects) -> None:
    """Adapts the customer's journeys to the definitions of `program`, as of `at`: the time of the
    scan after publishing, or of an earlier event or timer.

    A journey of an archived or removed flow ends; one at a deleted step continues at its successor;
    one held by a paused flow is evaluated if the flow is live. All others keep their step and due
    time.
    """
    state.adapted = program.number
    if (program.dated_flows or state.occasions) and (state.profile or state.orders):
        state.occasions = {}  # by the definitions now in force
        set_date_timers(program, state, at)
        state.next_due = next_due(state)
    if program.follows or state.followed:
        _adapt_followed(program, state)
    if not (state.journeys or state.reviews or state.memberships or program.segments):
        return
    turn = Turn(state, at, program.facts, None, None, effects)
    turn.cause = SegmentCause.DEFINITIONS
    set_silently(program, turn)
    for journey in sorted(state.journeys, key=program.rank_of):
        flow = program.flows.get(journey.flow)
        if flow is None:
            flow = program.flow_left_out(journey.flow)
        if flow.is_archived:
            end(turn, flow, journey, "archived", {"step": journey.step}, journey.step)
        else:
            _adapt_journey(program, turn, flow, journey)
    adapt_reviews(program, turn)
    run_moves(program, turn, moved_by_change(program, turn, []))
    state.next_due = next_due(state)


def _adapt_followed(program: Program, state: CustomerState) -> None:
    """Forgets the messages that no condition asks about any longer, and follows those asked about
    by a new one, as far as the state knows of them (SEMANTICS 3.7, 3.8)."""
    running = {journey.journey_id for journey in state.journeys}
    known = {(one.journey_id, one.step): one for one in sent_lately(state)}
    known |= {(one.journey_id, one.step): one for one in state.followed}
    state.followed = []
    for one in sorted(known.values(), key=concluded_at):
        flow = program.flows.get(one.flow)
        asked = None if flow is None else flow.followed.get(one.step)
        if asked or (asked is False and one.journey_id in running):
            add_followed(state, one, running)


def _adapt_journey(program: Program, turn: Turn, flow: CompiledFlow, journey: Journey) -> None:
    assert journey.step is not None
    step = flow.steps.get(journey.step)
    if step is None:
        _leave_deleted_step(program, turn, flow, journey)
    elif journey.state is JourneyState.HELD and journey.due is None and not flow.is_paused:
        resume_journey(turn, flow, journey, step.run)
    elif journey.state is JourneyState.WAITING and step.condition is not None:
        resume_journey(turn, flow, journey, step.resume)  # by the condition now in force


def _leave_deleted_step(program: Program, turn: Turn, flow: CompiledFlow, journey: Journey) -> None:
    deleted = journey.step
    assert deleted is not None  # RUNNING journeys are never stored
    successor = program.successor_of(flow, deleted)
    if successor is None:
        end(turn, flow, journey, "step_removed", {"step": deleted}, deleted)
        return
    move(journey, JourneyState.RUNNING)
    turn.focus(journey)
    walk(turn, flow, journey, successor)


def next_due(state: CustomerState) -> Instant | None:
    """The earliest timer of the customer."""
    earliest: Instant | None = None
    for journey in state.journeys:
        due = journey.due
        if due is not None and (earliest is None or due < earliest):
            earliest = due
    for waiting in state.reviews:
        due = waiting.due
        if due is not None and (earliest is None or due < earliest):
            earliest = due
    for due in state.occasions.values():
        if earliest is None or due < earliest:
            earliest = due
    for membership in state.memberships.values():
        due = membership.changes_at
        if due is not None and (earliest is None or due < earliest):
            earliest = due
    return earliest
