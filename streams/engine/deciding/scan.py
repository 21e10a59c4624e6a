"""Visits: what reaches customers though nothing has happened to them. A schedule has come, a set of
definitions was published, a store fact has changed (SEMANTICS 1.10, 5.4, 6.1, 6.2)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import cast

import msgspec

from streams.engine.customer import (
    CustomerState,
    Situation,
    decode_prefix,
    decode_state,
    encode_state,
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
from streams.engine.program import Audience, CompiledFlow, Program, Turn
from streams.engine.values import Instant


class Visit(msgspec.Struct, array_like=True):
    """The reasons to visit every customer: all that is due at one moment. Part of a task's position
    record: fields are only appended."""

    moment: Instant
    flows: list[str] = []  # whose schedule it is
    of_definitions: bool = False  # a set was published
    of_facts: bool = False  # store facts have changed


Sieve = Callable[[bytes | CustomerState], bool]
"""Whether a visit may concern a customer with this state, decoded or not. For the others `visit`
changes nothing."""


def sieve(program: Program, one: Visit, at: Instant) -> Sieve | None:
    """A test for the customers whom the visit may concern at `at`. It costs less than a visit: of
    the others, who are nearly all, half of the state is decoded. None: it may concern everybody."""
    audiences = [audience for _, audience in _scheduled(program, [one])]
    conditions = [one.condition for one in audiences if one.condition is not None]
    if one.of_definitions or one.of_facts or len(conditions) < len(audiences):
        return None
    depends_on_journeys = any(audience.depends_on_journeys for audience in audiences)
    decode = decode_state if depends_on_journeys else _decode_what_audiences_read
    situation = Situation(new_state(""), at, program.facts)

    def may_concern(known: bytes | CustomerState) -> bool:
        state = decode(known) if isinstance(known, bytes) else known
        if state.next_due is not None and state.next_due <= at:
            return True
        situation.state = state
        for condition in conditions:  # noqa: SIM110 - twice as fast as any()
            if condition(situation)[0]:
                return True
        return False

    return may_concern


_decode_what_audiences_read = cast(Callable[[bytes], CustomerState], decode_prefix)


class Visits(msgspec.Struct, frozen=True):
    """The customer is visited; `of` has several members where they meet at the same customer."""

    of: Sequence[Visit]


def is_concerned(program: Program, state: CustomerState, visits: Visits, at: Instant) -> bool:
    """Whether visits at `at` may change anything. For others, who are nearly all, that is all that
    a visit costs."""
    return (
        (state.next_due is not None and state.next_due <= at)
        or _is_concerned(program, state, visits.of)
        or bool(_meant(program, Situation(state, at, program.facts), visits.of))
    )


def by_visit(program: Program, turn: Turn, visits: Visits) -> bool:
    """Visits the customer, with what is due then anyway: segments left and entered, then dates and
    schedules, then journeys (SEMANTICS 5.2)."""
    state, at = turn.state, turn.now
    are_facts_new = any(one.of_facts for one in visits.of)
    segments = due_segments(program, state, at)
    if are_facts_new:
        segments = [
            plan for plan in program.segments.values() if plan.is_on_facts or plan in segments
        ]
    run_moves(program, turn, entered_by_segments(turn, judge(turn, segments)))
    turn.focus(None)
    starting = due_date_flows(program, state, at) + _meant(program, turn, visits.of)
    run_moves(program, turn, entered_by_time(turn, sorted(starting, key=_rank)))
    moves = due_journeys(program, turn)
    if are_facts_new:
        moves += released_by_truth(program, program.judged_waits, turn, moves)
    run_moves(program, turn, moves)
    return True


def _is_concerned(program: Program, state: CustomerState, visits: Sequence[Visit]) -> bool:
    for one in visits:
        if one.of_facts or (one.of_definitions and state.adapted != program.number):
            return True
    return False


def _meant(program: Program, situation: Situation, visits: Iterable[Visit]) -> list[CompiledFlow]:
    """The flows whose schedule has come and in whose audience the customer is, in their order.
    Judged by the definitions that are in force now, not by those when the visit began."""
    meant = []
    for flow, audience in _scheduled(program, visits):
        if audience.condition is None or audience.condition(situation)[0]:
            meant.append(flow)
    if len(meant) > 1:
        meant.sort(key=_rank)
    return meant


def _scheduled(
    program: Program, visits: Iterable[Visit]
) -> Iterator[tuple[CompiledFlow, Audience]]:
    """The flows whose schedule has come, as they are defined now."""
    for one in visits:
        for name in one.flows:
            flow = program.flows.get(name)
            if flow is not None and flow.audience is not None and flow.is_open:
                yield flow, flow.audience


def has_changed(state: CustomerState, adapted: int, before: bytes) -> bool:
    """Whether there is more to remember than that the customer was visited, whose state was
    `before` and `adapted` then. If there isn't, they are left as they were: adapting them again,
    when they are touched, comes to the same."""
    adapted_now, state.adapted = state.adapted, adapted
    if encode_state(state) == before:
        return False
    state.adapted = adapted_now
    return True


def _rank(flow: CompiledFlow) -> int:
    return flow.rank


def is_visit_needed(previous: Program, current: Program) -> bool:
    """Whether publishing `current` after `previous` may concern customers to whom nothing happens.
    For the others nothing changes until their next event or timer."""
    return (
        _segments_need_it(previous, current)
        or any(_flow_needs_it(previous, current, flow) for flow in previous.flows.values())
        or _dates_need_it(previous, current)
    )


def _segments_need_it(previous: Program, current: Program) -> bool:
    """Membership is set for a segment that is new or was changed (SEMANTICS 1.10). One that hangs
    on facts is forgotten when it goes: nobody judges it again until it comes back."""
    before, now = previous.segments, current.segments
    return any(
        name not in before or before[name].version != plan.version for name, plan in now.items()
    ) or any(plan.is_on_facts and name not in now for name, plan in before.items())


def _flow_needs_it(previous: Program, current: Program, before: CompiledFlow) -> bool:
    """Journeys end, go on from a step that is gone, are no longer held, or wait for something
    else."""
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
    """Everyone's next moment is found for a flow that a date starts."""
    before = {(flow.flow, flow.version, flow.zone.key) for flow in previous.dated_flows}
    return not {(flow.flow, flow.version, flow.zone.key) for flow in current.dated_flows} <= before


def are_concerned_by(program: Program, facts: Collection[str]) -> bool:
    """Whether a change of these store facts may concern customers to whom nothing happens."""
    return bool(program.values_read) and any(
        value_of_fact(fact) in program.values_read for fact in facts
    )
