"""A past customer is added to a metric flow (SEMANTICS 6.3): placed where they would be by the time
of the event that would have started it.

    trigger       wait 2d          wait_for ..., timeout 5d          today
       |-- send ----|-- send, if -----------|-- send --- wait 3d ------|------|
           passed over   by today's state                P waits here         due

Steps above the place are passed over and never made up for; if nothing is left to wait for, P
isn't added. Whether somebody may be added is judged as at any entry (1.11), but for `too_old` and
`re_entry`; who may not is counted, and no decision is written: the command says why beforehand.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any, TypeVar

import msgspec

from streams.engine.customer import (
    CustomerState,
    Journey,
    JourneyState,
    is_concluded,
    may_add_journey,
    remember_entry,
)
from streams.engine.deciding.entry import ended_already, running_in
from streams.engine.deciding.moves import run_moves
from streams.engine.effects import Effects, Outcome
from streams.engine.program import CompiledFlow, Program, Step, Turn, end
from streams.engine.values import Event, Instant, journey_id, pack


class Backfill(msgspec.Struct, gc=False):
    """One record of the topic `backfills`. `event` is the one that would have started the flow, as
    it was written then; `at` is when it was asked for, by the clock of who did."""

    customer_id: str
    flow: str
    at: Instant
    by: str | None
    event: Event


class NotAdded(Enum):
    """The reason why a past customer isn't added to a flow."""

    NOT_LIVE = "not_live"  # the flow, or not started by such an event
    NO_EVENT = "no_event"  # it is unknown: the customer was erased since, or it was refused
    TRIGGER_FILTER = "trigger_filter"
    MISSING_KEY = "missing_key"
    PROFILE_FILTER = "profile_filter"
    EXIT_ON = "exit_on"
    ALREADY_IN_FLOW = "already_in_flow"
    NO_ROOM = "no_room"  # P has too many journeys under way (1.12)
    OVER = "over"  # P would have left the flow by now


class Placed(msgspec.Struct, frozen=True):
    """The step at which a past customer waits now."""

    step: str
    due: Instant | None


def by_backfill(program: Program, turn: Turn, asked: Backfill) -> bool:
    """Adds the customer to the flow, if something is left of it for them."""
    return isinstance(place(program, turn, asked), Placed)


def place(program: Program, turn: Turn, asked: Backfill) -> Placed | NotAdded:
    """As `by_backfill`, and says where the customer waits, or why they aren't added."""
    effects = turn.effects
    placed = _place(program, turn, asked, effects)
    if isinstance(placed, Placed):
        effects.backfilled += 1
    else:
        effects.backfills_rejected += 1
    return placed


def is_fit(program: Program, flow: CompiledFlow) -> bool:
    """Whether past customers can be added to the flow."""
    return flow.is_open and not flow.is_paused and bool(metrics_of(program, flow))


def metrics_of(program: Program, flow: CompiledFlow) -> list[str]:
    """The metrics whose events start the flow."""
    return [metric for metric, plan in program.on_metric.items() if flow in plan.flows]


Dated = TypeVar("Dated")


def in_order(flow: CompiledFlow, events: Sequence[Dated]) -> list[Dated]:
    """Events of one customer, oldest first, in the order in which they are asked about: where each
    would have started the flow anew, the newest is first, and the others have nothing to add."""
    return [*reversed(events)] if flow.re_entry.restarts else [*events]


def _place(program: Program, turn: Turn, asked: Backfill, effects: Effects) -> Placed | NotAdded:
    event = asked.event
    event.occurred_at = min(event.occurred_at, turn.now)
    flow = program.flows.get(asked.flow)
    plan = program.on_metric.get(event.metric, program.otherwise)
    if flow is None or flow not in plan.flows or flow.is_paused:
        return NotAdded.NOT_LIVE
    sequence = _sequence_of(turn.state, event)
    if sequence is None:
        return NotAdded.NO_EVENT
    turn.data = plan.data_of(event)
    tried = turn.effects = Effects()  # what is decided on the way lasts only if there is a place
    journey = _candidate(turn, flow, event, sequence)
    if isinstance(journey, NotAdded):
        return journey
    refusal = _refusal(turn, flow, journey)
    if refusal is not None:
        return refusal
    retrace(turn, flow, journey)
    if journey.state is not JourneyState.WAITING or journey.step is None:
        return NotAdded.OVER
    turn.effects = effects
    _enter(turn, flow, journey, asked)
    effects.decisions += tried.decisions
    turn.focus(None)
    run_moves(program, turn, [])  # somebody may be waiting for P to be in the flow
    return Placed(journey.step, journey.due)


def _sequence_of(state: CustomerState, event: Event) -> int | None:
    """The event's place in the customer's order of processing; 0 where it is forgotten by now, None
    where it can't have been processed."""
    past = state.recent.get(event.metric)
    if past is None:
        return None
    if event.occurred_at < past.since:
        return 0
    for occurrence in reversed(past):
        if occurrence.at == event.occurred_at:
            return occurrence.sequence
        if occurrence.at < event.occurred_at:
            break
    return None


def _candidate(turn: Turn, flow: CompiledFlow, event: Event, sequence: int) -> Journey | NotAdded:
    """The journey that the event would have started; the same as it would have been then, by its
    id."""
    turn.focus(None, turn.data)
    if flow.trigger_test is not None and not flow.trigger_test(turn.data, turn):
        return NotAdded.TRIGGER_FILTER
    key = None
    if flow.key is not None:
        value = flow.key(turn.data)
        if value is None:
            return NotAdded.MISSING_KEY
        key = str(value)
    journey = Journey(
        flow.flow,
        journey_id(turn.state.customer_id, flow.flow, event.event_id),
        turn.now,
        event.occurred_at,
        sequence,
        event.metric,
        event.event_id,
        pack(turn.data),
        key,
        traceparent=event.traceparent,
    )
    turn.focus_entered(journey)
    return journey


def _refusal(turn: Turn, flow: CompiledFlow, journey: Journey) -> NotAdded | None:
    if flow.filter is not None and not flow.filter(turn)[0]:
        return NotAdded.PROFILE_FILTER
    if flow.exit_on and ended_already(turn, flow, journey) is not None:
        return NotAdded.EXIT_ON
    for other in running_in(turn.state, flow, journey.key):
        if other.journey_id == journey.journey_id:
            return NotAdded.ALREADY_IN_FLOW
        if flow.re_entry.restarts and _is_later(other, journey):
            return NotAdded.ALREADY_IN_FLOW
        if journey.key is not None and not flow.re_entry.restarts:
            return NotAdded.ALREADY_IN_FLOW
    if not may_add_journey(turn.state, 0):
        return NotAdded.NO_ROOM
    return None


def _is_later(other: Journey, journey: Journey) -> bool:
    return (other.started_at, other.sequence) >= (journey.started_at, journey.sequence)


def retrace(turn: Turn, flow: CompiledFlow, journey: Journey) -> None:
    """Takes `journey`, to which `turn` has turned and which is RUNNING, from the beginning of the
    flow to where it would be now: WAITING at a step, or RUNNING still, where it would have ended.
    Nothing that is passed is done."""
    step, at = flow.first, journey.started_at
    while step is not None and step is not flow.finish:
        if step.retrace is not None:
            passed = step.retrace(turn, journey, at)
            if passed is None:
                break
            following, at = passed
        else:
            following = _below(step)
        journey.passed += step.mark
        step = following
    for message in flow.steps.values():
        if message.approved is not None and is_concluded(
            turn.state, journey.journey_id, message.id
        ):
            journey.passed += message.mark


def _below(step: Step) -> Step:
    assert step.following is not None  # only the finish has none
    return step.following


def _enter(turn: Turn, flow: CompiledFlow, journey: Journey, asked: Backfill) -> None:
    state = turn.state
    if flow.re_entry.restarts:
        for other in running_in(state, flow, journey.key):
            end(turn, flow, other, "restarted", {"restarted_by": journey.journey_id}, other.step)
    state.journeys.append(journey)
    turn.has_changed_journeys = True
    remember_entry(state, flow.flow, journey.key, turn.now)
    evidence: dict[str, Any] = {
        "metric": journey.trigger_metric,
        "event_id": journey.trigger_event_id,
        "occurred_at": journey.started_at,
        "backfill": {"by": asked.by, "at": asked.at},
        "step": journey.step,
        "due": journey.due,
    }
    if journey.key is not None:
        evidence["key"] = journey.key
    turn.record(flow, journey, None, Outcome.ENTERED, "", evidence)
