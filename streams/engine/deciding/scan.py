"""Scans: all customers are read because of a schedule, a published set of definitions or a changed
store fact (SEMANTICS 1.10, 5.4, 6.1, 6.2)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec

from streams.engine.customer import (
    MODEL,
    PREDICTED,
    CustomerState,
    Situation,
    StateHead,
    StatePrefix,
    decode_head,
    decode_prefix,
    decode_state,
    encode_state,
    is_stand_in,
    new_state,
    value_of_fact,
)
from streams.engine.deciding.by_time import due_journeys
from streams.engine.deciding.date_timers import due_date_flows
from streams.engine.deciding.moves import (
    entered_by_segments,
    entered_by_time,
    released_by_truth,
    run_moves,
)
from streams.engine.deciding.segment_membership import due_segments, judge
from streams.engine.effects import SegmentCause
from streams.engine.program import Audience, CompiledFlow, Program, SegmentPlan, Turn
from streams.engine.values import Instant


class Scan(msgspec.Struct, array_like=True):
    """One scan: all reasons for it at one moment. Stored in the task's position: fields are only
    appended."""

    moment: Instant
    flows: list[str] = []  # flows whose schedule is due
    of_definitions: bool = False  # a set was published
    of_facts: bool = False  # store facts have changed


Prefilter = Callable[[bytes], bool]
"""True if a scan may concern a customer with this state. For the others it decides nothing, and
changes nothing that matters before their next event, timer or scan of definitions."""


def prefilter(program: Program, scan: Scan, at: Instant) -> Prefilter | None:
    """A predicate that skips customers whom a scan at `at` does not concern: nearly all of them, of
    whose states it decodes only a part. None if it may concern every customer."""
    audiences = [audience for _, audience in _scheduled(program, [scan])]
    conditions = [audience.condition for audience in audiences if audience.condition is not None]
    if scan.of_definitions or len(conditions) < len(audiences):
        return None
    reads = {audience.reads for audience in audiences}
    do_facts_concern = None
    if scan.of_facts:
        reads.add(CustomerState)
        do_facts_concern = _concerned_by_facts(program)
    # Nobody is concerned without audiences, but customers with due timers: the head has these.
    decode = next((_DECODE[part] for part in _DECODE if part in reads), _DECODE[StateHead])
    situation = Situation(new_state(""), at, program.facts)

    def may_concern(encoded: bytes) -> bool:
        state = decode(encoded)
        if state.next_due is not None and state.next_due <= at:
            return True
        situation.state = state
        for condition in conditions:
            if condition(situation)[0]:
                return True
        return do_facts_concern is not None and do_facts_concern(situation)

    return may_concern


def _concerned_by_facts(program: Program) -> Callable[[Situation], bool]:
    """A predicate that is false for most customers after a fact: those who stay in the segments
    they are in, and outside of the others, and wait for no condition."""
    plans = [plan for plan in program.segments.values() if plan.is_on_facts]
    waits, number = program.judged_waits, program.number

    def is_concerned_by_facts(situation: Situation) -> bool:
        state = situation.state
        if state.adapted != number and (state.journeys or state.occasions or state.reviews):
            return True
        for journey in state.journeys:
            if journey.flow in waits:
                return True
        for plan in plans:
            known = state.memberships.get(plan.segment)
            if known is None or known.version != plan.version:
                return True
            is_member, changes_at = plan.condition(situation)
            if is_member is not known.is_member:
                return True
            # The timer that is set looks again; only one that would be too late is moved.
            if changes_at is not None and (
                known.changes_at is None or changes_at < known.changes_at
            ):
                return True
        return False

    return is_concerned_by_facts


_DECODE: Mapping[type[StateHead], Callable[[bytes], CustomerState]] = {
    CustomerState: decode_state,
    StatePrefix: cast(Callable[[bytes], CustomerState], decode_prefix),
    StateHead: cast(Callable[[bytes], CustomerState], decode_head),
}
"""The largest part of a state first, because it holds the others."""


class Scanned(msgspec.Struct, frozen=True):
    """Scans that reach the customer; several if they meet there."""

    scans: Sequence[Scan]


def is_concerned(program: Program, state: CustomerState, cause: Scanned, at: Instant) -> bool:
    """True if scans at `at` may change the state. For most customers they do not, and cost only
    this check."""
    return (
        (state.next_due is not None and state.next_due <= at)
        or _is_concerned(program, state, cause.scans)
        or bool(_meant(program, Situation(state, at, program.facts), cause.scans))
    )


def by_scan(program: Program, turn: Turn, cause: Scanned) -> bool:
    """Applies scans together with timers due at the same time: segments left and entered, then
    dates and schedules, then journeys (SEMANTICS 5.2)."""
    state, at = turn.state, turn.now
    are_facts_new = any(scan.of_facts for scan in cause.scans)
    segments = due_segments(program, state, at)
    if are_facts_new:
        turn.cause = SegmentCause.FACTS
        segments = [
            plan for plan in program.segments.values() if plan.is_on_facts or plan in segments
        ]
    run_moves(program, turn, entered_by_segments(turn, judge(turn, segments)))
    turn.focus(None)
    starting = due_date_flows(program, state, at) + _meant(program, turn, cause.scans)
    run_moves(program, turn, entered_by_time(turn, sorted(starting, key=_rank)))
    moves = due_journeys(program, turn)
    if are_facts_new:
        moves += released_by_truth(program, program.judged_waits, turn, moves)
    run_moves(program, turn, moves)
    return True


def _is_concerned(program: Program, state: CustomerState, scans: Sequence[Scan]) -> bool:
    for scan in scans:
        if scan.of_facts or (scan.of_definitions and state.adapted != program.number):
            return True
    return False


def _meant(program: Program, situation: Situation, scans: Iterable[Scan]) -> list[CompiledFlow]:
    """The flows with a due schedule and the customer in their audience, in order of rank. By the
    definitions in force now, not by those at the start of the scan."""
    meant = []
    for flow, audience in _scheduled(program, scans):
        if audience.condition is None or audience.condition(situation)[0]:
            meant.append(flow)
    if len(meant) > 1:
        meant.sort(key=_rank)
    return meant


def _scheduled(program: Program, scans: Iterable[Scan]) -> Iterator[tuple[CompiledFlow, Audience]]:
    """The flows with a due schedule, as defined now."""
    for scan in scans:
        for name in scan.flows:
            flow = program.flows.get(name)
            if flow is not None and flow.audience is not None and flow.is_open:
                yield flow, flow.audience


def has_changed(state: CustomerState, adapted: int, before: bytes) -> bool:
    """True if the scan changed more of the state than `adapted`; `before` and `adapted` are the
    values before it. Otherwise `adapted` is reset: adapting the state again at the next event or
    timer gives the same result."""
    adapted_now, state.adapted = state.adapted, adapted
    if encode_state(state) == before:
        return False
    state.adapted = adapted_now
    return True


def _rank(flow: CompiledFlow) -> int:
    return flow.rank


def is_scan_needed(previous: Program, current: Program) -> bool:
    """True if publishing `current` after `previous` may concern customers without events: otherwise
    nothing changes before their next event or timer."""
    return (
        _segments_need_it(previous, current)
        or any(_flow_needs_it(previous, current, flow) for flow in previous.flows.values())
        or _dates_need_it(previous, current)
    )


def _segments_need_it(previous: Program, current: Program) -> bool:
    """Membership is set for new and changed segments (SEMANTICS 1.10), and cleared for removed ones
    that depend on facts, which are not evaluated until they return. Members of a segment that is no
    longer followed are told to leave it (3.9)."""
    before, now = previous.segments, current.segments
    return any(_is_edited(before.get(name), plan) for name, plan in now.items()) or any(
        (plan.is_on_facts or plan.is_followed) and name not in now for name, plan in before.items()
    )


def _is_edited(before: SegmentPlan | None, now: SegmentPlan) -> bool:
    return (
        before is None or before.version != now.version or before.is_followed is not now.is_followed
    )


def _flow_needs_it(previous: Program, current: Program, before: CompiledFlow) -> bool:
    """Journeys end, continue from a deleted step, are released, or wait for another condition."""
    now = current.flows.get(before.flow)
    if now is None or now.is_archived:
        return not before.is_archived
    if before.is_paused and not now.is_paused:
        return True
    if not before.named_steps <= now.named_steps:
        return True
    if now.flow not in current.judged_waits:
        return False
    return before.version != now.version or previous.segments_version != current.segments_version


def _dates_need_it(previous: Program, current: Program) -> bool:
    """Due dates of all customers are set for a new or changed date flow."""
    before = {(flow.flow, flow.version, flow.zone.key) for flow in previous.dated_flows}
    return not {(flow.flow, flow.version, flow.zone.key) for flow in current.dated_flows} <= before


def are_concerned_by(program: Program, facts: Collection[str]) -> bool:
    """True if a change of these store facts may concern customers without events."""
    if MODEL in facts and not PREDICTED.isdisjoint(program.values_read):
        return True
    return bool(program.values_read) and any(
        value_of_fact(fact) in program.values_read
        and (fact in program.facts_read or is_stand_in(fact))
        for fact in facts
    )
