"""Membership in the segments that trigger flows, and the time at which it changes without an event
(DESIGN 5.8)."""

from collections.abc import Iterable

from streams.engine.customer import CustomerState, Membership
from streams.engine.program import CompiledFlow, Program, SegmentPlan, Turn
from streams.engine.values import Instant


def judge(turn: Turn, segments: Iterable[SegmentPlan]) -> list[CompiledFlow]:
    """Updates the membership in `segments`. Returns the flows that new memberships start, in order
    of rank (step 5 of SEMANTICS 5.1).

    A customer who is no member, and can become one only by an event of their own, has no record of
    it: a segment takes no space in the states of customers outside of it."""
    started: list[CompiledFlow] = []
    memberships = turn.state.memberships
    turn.focus(None)
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
    """The segments whose condition may change at `due`."""
    return [
        program.segments[segment]
        for segment, membership in state.memberships.items()
        if membership.changes_at is not None and membership.changes_at <= due
    ]


def set_silently(program: Program, turn: Turn) -> None:
    """Updates the membership in new and changed segments without starting flows: an edit triggers
    no entries (SEMANTICS 1.10). A customer without any event is a member of none, so that the
    first event can start flows.

    A customer without a record of membership gives the same result at any time before the next
    event, so that most customers need not be written after a segment was published."""
    state = turn.state
    known = state.memberships
    state.memberships = {}
    if state.sequence == 0:
        return
    turn.focus(None)
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
