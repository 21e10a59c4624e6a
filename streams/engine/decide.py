"""One event, or one due timer, of one customer: the order of work (SEMANTICS 5.1, 5.2)."""

from typing import Any

from streams.engine.change import adapt, next_due
from streams.engine.effects import Effects
from streams.engine.entry import enter_by_event
from streams.engine.event import Event, Instant
from streams.engine.flow import CompiledFlow, Step
from streams.engine.identity import event_hash
from streams.engine.journey import Journey
from streams.engine.program import MetricPlan, Program
from streams.engine.state import CustomerState, forget
from streams.engine.turn import Turn
from streams.engine.update import is_duplicate, remember
from streams.engine.walk import end, go_on, walk

ERASED = "customer.erased"

Move = tuple[int, int, CompiledFlow, Journey, Step | None]
"""A journey that can move: rank of its flow, its place among the customer's journeys, and, for one
that waited, the step it goes on from."""


def decide(
    program: Program, state: CustomerState, event: Event, now: Instant, effects: Effects
) -> None:
    """Applies one event to `state` and lets the flows decide about it, in the order of SEMANTICS
    5.1. `now` is the effective record time. What comes of it is appended to `effects`;
    `state.next_due` is the customer's next timer afterwards.
    """
    if state.adapted != program.number:
        adapt(program, state, now, effects)
    hash_ = event_hash(event.event_id)
    if is_duplicate(state, hash_):
        effects.duplicates += 1
        return
    plan = program.on_metric.get(event.metric, program.otherwise)
    if event.metric == ERASED:
        erase(program, state, event, now, effects)
        return
    data = plan.data_of(event)
    if plan.apply is not None:
        plan.apply(state, data, event.occurred_at)
    remember(state, event, data, hash_, now, plan.memory)
    if not plan.flows and not (state.journeys and plan.concerns_journeys):
        return
    turn = Turn(state, now, program.facts, None, None, effects, event, data)
    moves: list[Move] = []
    if state.journeys and plan.concerns_journeys:
        if plan.exits:
            end_journeys(program, plan, turn, event)
        if plan.waits:
            moves = released(program, plan, turn, event)
    for flow in plan.flows:
        journey = enter_by_event(turn, flow, event)
        if journey is not None:
            moves.append((flow.rank, len(state.journeys), flow, journey, None))
    run_moves(turn, moves)
    state.next_due = next_due(state)


def fire(program: Program, state: CustomerState, due: Instant, effects: Effects) -> None:
    """All timers of the customer that are due at `due`, deciding as of that moment."""
    if state.adapted != program.number:
        adapt(program, state, due, effects)
    turn = Turn(state, due, program.facts, None, None, effects)
    moves: list[Move] = []
    for place, journey in enumerate(state.journeys):
        if journey.due is not None and journey.due <= due:
            flow = program.flows[journey.flow]
            assert journey.step is not None
            moves.append((flow.rank, place, flow, journey, flow.steps[journey.step]))
    run_moves(turn, moves)
    state.next_due = next_due(state)


def run_moves(turn: Turn, moves: list[Move]) -> None:
    """Every journey that can move runs until it waits or ends: by priority (higher first), flow,
    entry."""
    if len(moves) > 1:
        moves.sort(key=_order)
    for _, _, flow, journey, step in moves:
        if step is None:
            turn.turn_to_entered(journey)
            walk(turn, flow, journey, flow.first)
        else:
            go_on(turn, flow, journey, step)


def _order(move: Move) -> tuple[int, int]:
    return move[0], move[1]


def end_journeys(program: Program, plan: MetricPlan, turn: Turn, event: Event) -> None:
    """`exit_on` of the running journeys (SEMANTICS 1.4): by flow priority, flow, entry."""
    ending = []
    for place, journey in enumerate(turn.state.journeys):
        tests = plan.exits.get(journey.flow)
        if tests is None or event.occurred_at < journey.started_at:
            continue  # it happened before what started the journey (1.9)
        turn.turn_to(journey)
        for test in tests:
            if test is None or test(turn.data, turn):
                flow = program.flows[journey.flow]
                ending.append((flow.rank, place, flow, journey))
                break
    if len(ending) > 1:
        ending.sort(key=lambda found: found[:2])
    for _, _, flow, journey in ending:
        end(turn, flow, journey, "exit_on", _exit_evidence(turn, journey, event), journey.step)


def _exit_evidence(turn: Turn, journey: Journey, event: Event) -> dict[str, Any]:
    """The event that ended the journey, and both times of a message that it came too late for
    (F81)."""
    evidence: dict[str, Any] = {
        "metric": event.metric,
        "event_id": event.event_id,
        "occurred_at": event.occurred_at,
        "triggered_at": journey.started_at,
        "waited_until": journey.due,
    }
    sent = journey.memory.get("sent")
    if sent is not None:
        evidence["last_sent_step"], evidence["last_sent_at"] = sent
    return evidence


def released(program: Program, plan: MetricPlan, turn: Turn, event: Event) -> list[Move]:
    """The journeys whose `wait_for` this event ends (SEMANTICS 2.8)."""
    return []


def erase(
    program: Program, state: CustomerState, event: Event, now: Instant, effects: Effects
) -> None:
    """`customer.erased` ends everything and forgets everything (SEMANTICS 7.5): afterwards
    `is_forgotten(state)`."""
    turn = Turn(state, now, program.facts, None, None, effects, event)
    order = sorted(state.journeys, key=lambda journey: program.flows[journey.flow].rank)
    for journey in order:
        evidence = {"metric": event.metric, "event_id": event.event_id}
        end(turn, program.flows[journey.flow], journey, "erased", evidence, journey.step)
    forget(state)
