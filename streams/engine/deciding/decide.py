"""One event, or one due timer, of one customer: the order of work (SEMANTICS 5.1, 5.2)."""

from typing import Any

from streams.engine.customer import (
    SENT,
    CustomerState,
    Journey,
    JourneyState,
    forget_all,
    is_duplicate,
    is_watched,
    purchase_of,
    remember,
    withdraw_all_interests,
)
from streams.engine.deciding.change import adapt, next_due
from streams.engine.deciding.conversion import convert
from streams.engine.deciding.date_timers import due_date_flows, set_date_timers
from streams.engine.deciding.entry import enter_by_event
from streams.engine.deciding.moves import (
    Move,
    entered_by_segments,
    entered_by_time,
    released_by_truth,
    run_moves,
)
from streams.engine.deciding.segment_membership import due_segments, judge
from streams.engine.effects import Effects
from streams.engine.program import MetricPlan, Program, Turn, due_reviews, end, run_when_due
from streams.engine.values import Event, Instant, currency_without_rate, event_hash

ERASED = "customer.erased"
ORDERED = "order.placed"


def decide(
    program: Program, state: CustomerState, event: Event, now: Instant, effects: Effects
) -> None:
    """Applies one event to `state` and lets the flows decide about it, in the order of SEMANTICS
    5.1. `now` is the effective record time. What comes of it is appended to `effects`;
    `state.next_due` is the customer's next timer afterwards.
    """
    is_new = state.sequence == 0
    if state.adapted != program.number:
        adapt(program, state, now, effects)
    hash_ = event_hash(event.event_id)
    if is_duplicate(state, hash_):
        effects.duplicates += 1
        return
    plan = program.on_metric.get(event.metric, program.otherwise)
    if plan.is_news and not is_watched(state, event.data["sku"], now):
        effects.news_stale += 1  # bought, erased or over since the article's task was told
        return
    if event.metric == ERASED:
        erase(program, state, event, now, effects)
        return
    data = plan.data_of(event)
    if plan.has_money and currency_without_rate(data) is not None:
        effects.without_rate += 1
    if plan.apply is not None:
        plan.apply(state, data, event.occurred_at)
    if event.metric == ORDERED:
        purchase = purchase_of(state, data, event.occurred_at)
        if purchase is not None:
            effects.purchases.append(purchase)
    remember(state, event, data, hash_, now, plan.retention)
    if plan.watch is not None:
        plan.watch(state, data, event.occurred_at, now, effects)
    if plan.changes_profile and program.dated_flows:
        set_date_timers(program, state, now)
        state.next_due = next_due(state)

    segments = plan.first_segments if is_new else plan.segments
    converts = plan.converts and state.touches
    if not (plan.flows or segments or converts or (plan.concerns_journeys and state.journeys)):
        return  # as it is for most events: nobody has asked for it
    turn = Turn(state, now, program.facts, None, None, effects, event, data)
    if converts:
        convert(program, turn, event)
    moves: list[Move] = []
    if plan.concerns_journeys and state.journeys:
        if plan.exits:
            end_journeys(program, plan, turn, event)
        if plan.waits:
            moves = released_by_event(program, plan, turn, event)
        if plan.judged_waits:
            moves += released_by_truth(program, plan.judged_waits, turn, moves)
    if segments:
        moves += entered_by_segments(turn, judge(turn, segments))
    for flow in plan.flows:
        journey = enter_by_event(turn, flow, event)
        if journey is not None:
            moves.append((flow.rank, len(state.journeys), flow, journey, None))
    run_moves(program, turn, moves)
    state.next_due = next_due(state)


def fire(program: Program, state: CustomerState, due: Instant, effects: Effects) -> None:
    """All timers of the customer that are due at `due`, deciding as of that moment: segments left
    and entered by time, then dates, then journeys (SEMANTICS 5.2)."""
    if state.adapted != program.number:
        adapt(program, state, due, effects)
    turn = Turn(state, due, program.facts, None, None, effects)
    if state.memberships:
        started = judge(turn, due_segments(program, state, due))
        run_moves(program, turn, entered_by_segments(turn, started))
    if state.occasions:
        dated = due_date_flows(program, state, due)
        run_moves(program, turn, entered_by_time(turn, dated))
    run_moves(program, turn, due_journeys(program, turn))
    state.next_due = next_due(state)


def due_journeys(program: Program, turn: Turn) -> list[Move]:
    """The journeys that waited or were held until now, and approved messages that were."""
    moves: list[Move] = []
    for place, journey in enumerate(turn.state.journeys):
        if journey.due is not None and journey.due <= turn.now:
            flow = program.flows[journey.flow]
            assert journey.step is not None
            run = run_when_due(journey, flow.steps[journey.step])
            moves.append((flow.rank, place, flow, journey, run))
    if turn.state.reviews:
        moves += due_reviews(program, turn)
    return moves


def end_journeys(program: Program, plan: MetricPlan, turn: Turn, event: Event) -> None:
    """`exit_on` of the running journeys (SEMANTICS 1.4): by flow priority, flow, entry."""
    ending = []
    for place, journey in enumerate(turn.state.journeys):
        tests = plan.exits.get(journey.flow)
        if tests is None or event.occurred_at < journey.started_at:
            continue  # it happened before what started the journey (1.9)
        turn.focus(journey)
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
    sent = journey.memory.get(SENT)
    if sent is not None:
        evidence["last_sent_step"], evidence["last_sent_at"] = sent
    return evidence


def released_by_event(program: Program, plan: MetricPlan, turn: Turn, event: Event) -> list[Move]:
    """The journeys whose `wait_for` this event ends (SEMANTICS 2.8): it happened after what started
    the journey (1.9)."""
    moves: list[Move] = []
    for place, journey in enumerate(turn.state.journeys):
        steps = plan.waits.get(journey.flow)
        step = None if steps is None else steps.get(journey.step or "")
        if step is None or journey.state is not JourneyState.WAITING:
            continue
        if event.occurred_at < journey.started_at:
            continue
        turn.focus(journey)
        assert step.awaited is not None
        test = step.awaited.test
        if test is None or test(turn.data, turn):
            flow = program.flows[journey.flow]
            moves.append((flow.rank, place, flow, journey, step.came))
    return moves


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
    withdraw_all_interests(state, now, effects)
    forget_all(state)
