"""Membership in the segments that trigger flows or are followed, and the time at which it changes
without an event (DESIGN 5.8)."""

from collections.abc import Iterable

from streams.engine.customer import CustomerState, Membership
from streams.engine.effects import SegmentCause
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
        before = memberships.get(plan.segment)
        now = _judged(turn, plan, before)
        if now is not None:
            memberships[plan.segment] = now
            if now.is_member and (before is None or not before.is_member):
                started.extend(plan.flows)
        elif before is not None:
            del memberships[plan.segment]
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
    first event can start flows. Of followed segments, entering and leaving are told all the same
    (3.9).

    A customer without a record of membership gives the same result at any time before the next
    event, so that most customers need not be written after a segment was published."""
    state = turn.state
    known = state.memberships
    state.memberships = {}
    for segment, membership in known.items():
        if membership.is_told and segment not in program.segments:
            turn.tell_membership(segment, program.version, is_member=False)
    if state.sequence == 0:
        return
    turn.focus(None)
    for segment, plan in program.segments.items():
        before = known.get(segment)
        if before is not None and before.version == plan.version:
            before.is_told = _tell(turn, plan, before.is_member, before)
            state.memberships[segment] = before
        else:
            now = _judged(turn, plan, before)
            if now is not None:
                state.memberships[segment] = now


def leave_all(program: Program, turn: Turn) -> None:
    """Tells that the customer leaves all followed segments, before the state is erased."""
    turn.cause = SegmentCause.ERASED
    for segment, membership in turn.state.memberships.items():
        if membership.is_told:
            turn.tell_membership(segment, program.version, is_member=False)


def _judged(turn: Turn, plan: SegmentPlan, before: Membership | None) -> Membership | None:
    """The membership at this moment, told if it is another than `before`. None: no record."""
    is_member, changes_at = plan.condition(turn)
    is_told = _tell(turn, plan, is_member, before)
    if is_member or changes_at is not None or plan.is_on_facts:
        return Membership(plan.version, is_member, changes_at, is_told)
    return None


def _tell(turn: Turn, plan: SegmentPlan, is_member: bool, before: Membership | None) -> bool:
    """Tells what `segment-changes` doesn't say yet. Returns whether it has P as a member then."""
    is_told = is_member and plan.is_followed
    if is_told != (before is not None and before.is_told):
        turn.tell_membership(plan.segment, plan.set_version, is_member=is_told)
    return is_told


def _rank(flow: CompiledFlow) -> int:
    return flow.rank
