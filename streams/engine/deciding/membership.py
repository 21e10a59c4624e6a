"""Of which triggering segments a customer is a member, and when that changes by time alone
(DESIGN 5.8)."""

from collections.abc import Iterable

from streams.engine.customer import CustomerState, Membership
from streams.engine.program import CompiledFlow, Program, SegmentPlan, Turn
from streams.engine.values import Instant


def judge(turn: Turn, segments: Iterable[SegmentPlan]) -> list[CompiledFlow]:
    """Judges whether the customer is a member of `segments`, and notes it. The flows that those
    start who have just become members, in their order (step 5 of SEMANTICS 5.1).

    Who is no member, and can't become one but by an event of their own, needs no note of it: so a
    segment costs nothing in the states of customers who have nothing to do with it."""
    started: list[CompiledFlow] = []
    memberships = turn.state.memberships
    turn.turn_to(None)
    for plan in segments:
        is_member, changes_at = plan.condition(turn)
        before = memberships.get(plan.segment)
        if is_member or changes_at is not None or plan.is_on_facts:
            memberships[plan.segment] = Membership(plan.version, is_member, changes_at)
        elif before is not None:
            del memberships[plan.segment]
        if is_member and (before is None or not before.is_member):
            started.extend(plan.flows)
    if len(started) > 1:
        started.sort(key=_rank)
    return started


def due_segments(program: Program, state: CustomerState, due: Instant) -> list[SegmentPlan]:
    """The segments of which the truth may change at `due`."""
    return [
        program.segments[segment]
        for segment, membership in state.memberships.items()
        if membership.changes_at is not None and membership.changes_at <= due
    ]


def set_silently(program: Program, turn: Turn) -> None:
    """Sets the membership of segments that are new or were changed: nobody enters because of an
    edit (SEMANTICS 1.10). A customer of whom nothing is known yet is a member of none, so that
    their first event can make them one.

    Without a note, as `judge` leaves none, it comes to the same whenever it is judged, until an
    event. So most customers needn't be written because of a segment that was published."""
    state = turn.state
    known = state.memberships
    state.memberships = {}
    if state.sequence == 0:
        return
    turn.turn_to(None)
    for segment, plan in program.segments.items():
        membership = known.get(segment)
        if membership is not None and membership.version == plan.version:
            state.memberships[segment] = membership
        else:
            is_member, changes_at = plan.condition(turn)
            if is_member or changes_at is not None or plan.is_on_facts:
                state.memberships[segment] = Membership(plan.version, is_member, changes_at)


def _rank(flow: CompiledFlow) -> int:
    return flow.rank
