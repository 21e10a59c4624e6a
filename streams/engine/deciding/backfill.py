"""Adds a past customer to a metric flow (SEMANTICS 6.3), at the step that a journey started by the
past event would have reached by now.

    trigger       wait 2d          wait_for ..., timeout 5d          today
       |-- send ----|-- send, if -----------|-- send --- wait 3d ------|------|
           skipped       by today's state                P waits here         due

Steps above that one are skipped for good; if no wait is left, P is not added. The checks are those
of any entry (1.11), without `too_old` and `re_entry`; a rejected request is counted, without a
decision: the command reports the reasons beforehand.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

import msgspec

from streams.engine.customer import (
    NO_ID,
    CustomerState,
    Journey,
    JourneyState,
    about_item,
    is_concluded,
    may_add_journey,
    places_of_articles,
    remember_entry,
)
from streams.engine.deciding.entry import ended_already, follow_articles, running_in
from streams.engine.deciding.moves import run_moves
from streams.engine.effects import Effects, Outcome
from streams.engine.program import CompiledFlow, Program, Step, Turn, end
from streams.engine.values import (
    Event,
    Instant,
    id_hash,
    journey_id,
    journey_id_of_article,
    pack,
)


class Backfill(msgspec.Struct, gc=False):
    """One record of the topic `backfills`. `event` is the past event that would have started the
    flow, as written then; `at` is the time of the request by the requester's clock."""

    customer_id: str
    flow: str
    at: Instant
    by: str | None
    event: Event


class NotAdded(Enum):
    """Reasons for which a past customer is not added to a flow."""

    NOT_LIVE = "not_live"  # the flow, or another metric starts it
    NO_EVENT = "no_event"  # unknown: the customer was erased since, or the event was rejected
    TRIGGER_FILTER = "trigger_filter"
    MISSING_KEY = "missing_key"
    PROFILE_FILTER = "profile_filter"
    EXIT_ON = "exit_on"
    ALREADY_IN_FLOW = "already_in_flow"
    NO_ROOM = "no_room"  # P has too many journeys (1.12)
    OVER = "over"  # the journey would have ended by now


class Placed(msgspec.Struct, frozen=True):
    """Step and due time of a backfilled journey."""

    step: str
    due: Instant | None


def by_backfill(program: Program, turn: Turn, request: Backfill) -> bool:
    """Adds the customer to the flow, unless the journey would have ended."""
    return isinstance(place(program, turn, request), Placed)


def place(program: Program, turn: Turn, request: Backfill) -> Placed | NotAdded:
    """As `by_backfill`; returns the step and due time, or the reason against it."""
    effects = turn.effects
    placed = _place(program, turn, request, effects)
    if isinstance(placed, Placed):
        effects.backfilled += 1
    else:
        effects.backfills_rejected += 1
    return placed


def is_fit(program: Program, flow: CompiledFlow) -> bool:
    """True if past customers can be added to the flow."""
    return flow.is_open and not flow.is_paused and bool(metrics_of(program, flow))


def metrics_of(program: Program, flow: CompiledFlow) -> list[str]:
    """The metrics whose events start the flow."""
    return [metric for metric, plan in program.on_metric.items() if flow in plan.flows]


Dated = TypeVar("Dated")


def in_order(flow: CompiledFlow, events: Sequence[Dated]) -> list[Dated]:
    """Events of one customer, given oldest first, in the order of their backfill requests. For a
    flow that restarts, the newest comes first, and the others add nothing."""
    return [*reversed(events)] if flow.re_entry.restarts else [*events]


def _place(program: Program, turn: Turn, request: Backfill, effects: Effects) -> Placed | NotAdded:
    event = request.event
    flow = program.flows.get(request.flow)
    plan = program.on_metric.get(event.metric, program.otherwise)
    if flow is None or flow not in plan.flows or flow.is_paused:
        return NotAdded.NOT_LIVE
    processed = _as_processed(turn.state, event)
    if processed is None:
        return NotAdded.NO_EVENT
    event.occurred_at, sequence = processed
    turn.data = plan.data_of(event)
    turn.focus(None, turn.data)
    if flow.trigger_test is not None and not flow.trigger_test(turn.data, turn):
        return NotAdded.TRIGGER_FILTER
    if not flow.is_per_item:
        name = journey_id(turn.state.customer_id, flow.flow, event.event_id)
        journey = _candidate(turn, flow, event, sequence, name, turn.data)
        return _add(program, turn, flow, request, journey, effects)
    placed: Placed | NotAdded = NotAdded.MISSING_KEY  # an event without an article
    for sku, place in places_of_articles(turn.data).items():
        name = journey_id_of_article(turn.state.customer_id, flow.flow, event.event_id, sku)
        data = about_item(turn.data, place)
        journey = _candidate(turn, flow, event, sequence, name, data)
        added = _add(program, turn, flow, request, journey, effects)
        if not isinstance(placed, Placed):
            placed = added
    return placed


def _add(
    program: Program,
    turn: Turn,
    flow: CompiledFlow,
    request: Backfill,
    journey: Journey | NotAdded,
    effects: Effects,
) -> Placed | NotAdded:
    if isinstance(journey, NotAdded):
        return journey
    turn.focus(journey)
    tried = turn.effects = Effects()  # decisions on the way count only if P is added
    refusal = _refusal(turn, flow, journey)
    if refusal is not None:
        return refusal
    retrace(turn, flow, journey)
    if journey.state is not JourneyState.WAITING or journey.step is None:
        return NotAdded.OVER
    turn.effects = effects
    _enter(turn, flow, journey, request)
    effects.decisions += tried.decisions
    turn.focus(None)
    run_moves(program, turn, [])  # conditions may depend on P being in the flow
    return Placed(journey.step, journey.due)


def _as_processed(state: CustomerState, event: Event) -> tuple[Instant, int] | None:
    """The event's moment and number in the customer's order of processing, 0 if it is forgotten by
    now. None if it wasn't processed, or was nothing new: another telling of a known order (8.6),
    whose first has the moment that the tellings agree on."""
    past = state.recent.get(event.metric)
    if past is None:
        return None
    place = past.place_of_id(id_hash(event.event_id))
    if place is not None:
        return past.at(place), past.sequence_at(place)
    if event.occurred_at < past.since:
        return event.occurred_at, 0
    for place in range(len(past) - 1, -1, -1):
        at = past.at(place)
        if at == event.occurred_at and past.id_at(place) == NO_ID:
            return at, past.sequence_at(place)
        if at < event.occurred_at:
            break
    return None


def _candidate(
    turn: Turn,
    flow: CompiledFlow,
    event: Event,
    sequence: int,
    name: str,
    data: Mapping[str, Any],
) -> Journey | NotAdded:
    """The journey that the event would have started, with the id that it would have had."""
    key = None
    if flow.key is not None:
        value = flow.key(data)
        if value is None:
            return NotAdded.MISSING_KEY
        key = str(value)
    return Journey(
        flow=flow.flow,
        journey_id=name,
        entered_at=turn.now,
        started_at=event.occurred_at,
        sequence=sequence,
        trigger_metric=event.metric,
        trigger_event_id=event.event_id,
        trigger=pack(data),
        key=key,
        traceparent=event.traceparent,
    )


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
    """Moves `journey`, the focus of `turn` and RUNNING, from the first step to the one at which it
    would be now: WAITING there, or still RUNNING if it would have ended. Passed steps have no
    effects."""
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


def _enter(turn: Turn, flow: CompiledFlow, journey: Journey, request: Backfill) -> None:
    state = turn.state
    if flow.re_entry.restarts:
        for other in running_in(state, flow, journey.key):
            end(turn, flow, other, "restarted", {"restarted_by": journey.journey_id}, other.step)
    state.journeys.append(journey)
    turn.has_changed_journeys = True
    remember_entry(state, flow.flow, journey.key, turn.now)
    if flow.follows_articles:
        follow_articles(turn, turn.trigger_data(), journey.started_at)
    evidence: dict[str, Any] = {
        "metric": journey.trigger_metric,
        "event_id": journey.trigger_event_id,
        "occurred_at": journey.started_at,
        "backfill": {"by": request.by, "at": request.at},
        "step": journey.step,
        "due": journey.due,
    }
    if journey.key is not None:
        evidence["key"] = journey.key
    turn.record(flow, journey, None, Outcome.ENTERED, "", evidence)
