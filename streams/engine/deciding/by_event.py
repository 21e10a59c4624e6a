"""An event of a customer: its changes of the state, and the decisions of flows (SEMANTICS 5.1)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.customer import (
    DUPLICATE,
    FOLLOWED,
    SENT,
    Again,
    CustomerState,
    Journey,
    JourneyState,
    bad_addresses,
    correct,
    end_coupon,
    forget_all,
    interest_at,
    is_duplicate,
    is_first_patch,
    mark_seen,
    note_machine,
    note_ordered,
    purchase_of,
    remember,
    withdraw_all_interests,
)
from streams.engine.deciding.change import next_due
from streams.engine.deciding.conversion import convert
from streams.engine.deciding.date_changes import (
    NO_DATES,
    ChangedDates,
    changed_dates,
    dates_of,
    end_dated,
)
from streams.engine.deciding.date_timers import set_date_timers
from streams.engine.deciding.entry import enter_by_event, enter_per_item, refuse_again
from streams.engine.deciding.moves import (
    Move,
    entered_by_segments,
    moved_by_dates,
    released_by_profile,
    released_by_truth,
    run_moves,
)
from streams.engine.deciding.segment_membership import judge, leave_all
from streams.engine.effects import Effects
from streams.engine.program import MetricPlan, Program, SegmentPlan, Turn, end
from streams.engine.values import Event, Instant, currency_without_rate, id_hash

ERASED = "customer.erased"
ORDERED = "order.placed"
CART = "cart.updated"


def by_event(
    program: Program, state: CustomerState, event: Event, now: Instant, effects: Effects
) -> bool:
    """Applies the event to the state, and lets the flows decide where one reads it (SEMANTICS 5.1).
    `now` is the effective record time. True if a timer of the customer may have changed: not for
    most events, which no flow reads."""
    id_ = id_hash(event.event_id)
    if is_duplicate(state, event.metric, id_):
        effects.duplicates += 1
        return False
    plan = program.on_metric.get(event.metric, program.otherwise)
    if plan.by_machine is not None and event.data.get("machine"):
        plan = plan.by_machine
    if plan.is_news:
        interest = interest_at(state, event.data["sku"], now)
        if interest is None:
            effects.news_stale += 1  # bought, erased or expired
            return False
        if event.data.get("interest") != interest:  # of several, another has ended since
            data = {**event.data, "interest": interest}
            event = msgspec.structs.replace(event, data=data)
    if event.metric == ERASED:
        erase(program, state, event, now, effects)
        return False
    data = event.data
    if plan.has_money or plan.adds:
        data = plan.data_of(event)
        if data is not event.data and currency_without_rate(data) is not None:
            effects.without_rate += 1
    before = dates_of(plan, state) if plan.dates else None
    if plan.apply is not None:
        plan.apply(state, data, event.occurred_at)
    elif plan.apply_unless_known is not None:
        again = plan.apply_unless_known(state, data, event.occurred_at, now)
        if again is not None:
            turn = Turn(state, now, program.facts, None, None, effects, event, data)
            if again.reason == DUPLICATE:
                effects.duplicates += 1
                return False
            mark_seen(state, id_)
            return told_again(program, plan, turn, again, before)
    if event.metric == ORDERED:
        _note_order(program, state, data, event.occurred_at)
        purchase = purchase_of(state, data, event.occurred_at)
        if purchase is not None:
            effects.purchases.append(purchase)
    if plan.is_by_machine:
        note_machine(state, id_)
    else:
        remember(state, event, data, id_, now, plan.retention)
    if plan.interest_change is not None:
        plan.interest_change(state, data, event.occurred_at, now, effects)
    if plan.changes_profile:
        effects.bad_addresses += bad_addresses(state, data)
    changed = NO_DATES if before is None else changed_dates(plan, state, before)
    if (plan.changes_profile or changed) and program.dated_flows:
        set_date_timers(program, state, now, () if event.is_history else changed)
        state.next_due = next_due(state)
    segments = plan.first_segments if state.sequence == 1 else plan.segments
    converts = plan.converts and state.touches
    concerns_journeys = plan.concerns_journeys and state.journeys
    is_awaited = plan.changes_profile and (state.journeys or state.reviews)
    is_first_profile = is_awaited and is_first_patch(state)
    if not (plan.flows or segments or converts or concerns_journeys or is_first_profile):
        return False
    turn = Turn(state, now, program.facts, None, None, effects, event, data)
    if event.metric == CART and event.occurred_at == state.cart_at:
        turn.packed = state.cart  # this event's data, packed already
    if converts:
        convert(program, turn, event)
    if changed:
        end_dated(program, turn, changed)
    _decide(program, plan, turn, event, segments, changed)
    return True


def told_again(
    program: Program,
    plan: MetricPlan,
    turn: Turn,
    again: Again,
    before: list[Any] | None,
) -> bool:
    """An event that is nothing new: it corrects at most what is known of an order, and triggers
    nothing (SEMANTICS 8.6, 8.9). Segments, dates and conditions see the correction. `before`: the
    dates of date flows until then."""
    state, event = turn.state, turn.event
    assert event is not None
    if again.corrects is not None:
        correct(state, event.metric, again, turn.data, plan.retention)
    for flow in plan.flows:
        refuse_again(turn, flow, event, again)
    if event.metric != ORDERED:
        return False
    _note_order(program, state, turn.data, event.occurred_at)
    if plan.interest_change is not None:
        plan.interest_change(state, turn.data, event.occurred_at, turn.now, turn.effects)
    moves: list[Move] = []
    if plan.judged_waits and state.journeys:
        moves = released_by_truth(program, plan.judged_waits, turn, moves)
    changed = NO_DATES if before is None else changed_dates(plan, state, before)
    if changed:
        set_date_timers(program, state, turn.now, () if event.is_history else changed)
        end_dated(program, turn, changed)
        moves += moved_by_dates(program, turn, changed, moves)
    if plan.segments:
        moves += entered_by_segments(turn, judge(turn, plan.segments))
    run_moves(program, turn, moves)
    return True


def _note_order(
    program: Program, state: CustomerState, data: Mapping[str, Any], at: Instant
) -> None:
    """An order, told for the first time or again: its code is redeemed (SEMANTICS 7.1), and its
    articles are no longer shown as viewed (7.4)."""
    if state.coupons and data.get("coupon_code"):
        end_coupon(state, data["coupon_code"], at)
    if program.shows_viewed and data.get("items"):
        note_ordered(state, data["items"], at)


def _decide(
    program: Program,
    plan: MetricPlan,
    turn: Turn,
    event: Event,
    segments: tuple[SegmentPlan, ...],
    changed: ChangedDates,
) -> None:
    """Lets the flows decide about an applied event, from step 3 of SEMANTICS 5.1 on."""
    state = turn.state
    moves: list[Move] = []
    if plan.concerns_journeys and state.journeys:
        if plan.exits:
            end_journeys(program, plan, turn, event)
        if plan.waits:
            moves = released_by_event(program, plan, turn, event)
        if plan.judged_waits:
            moves += released_by_truth(program, plan.judged_waits, turn, moves)
        if changed:
            moves += moved_by_dates(program, turn, changed, moves)
    if plan.changes_profile and is_first_patch(state):
        moves += released_by_profile(program, turn)
    if segments:
        moves += entered_by_segments(turn, judge(turn, segments))
    if plan.is_news and turn.data.get("interest") == FOLLOWED:
        run_moves(program, turn, moves)  # for the journeys about the article alone
        return
    for flow in plan.flows:
        if flow.is_per_item:
            for journey in enter_per_item(turn, flow, event):
                moves.append((flow.rank, len(state.journeys), flow, journey, None))
            continue
        entered = enter_by_event(turn, flow, event)
        if entered is not None:
            moves.append((flow.rank, len(state.journeys), flow, entered, None))
    run_moves(program, turn, moves)


def end_journeys(program: Program, plan: MetricPlan, turn: Turn, event: Event) -> None:
    """`exit_on` of the running journeys (SEMANTICS 1.4): by flow priority, flow, entry."""
    ending = []
    for place, journey in enumerate(turn.state.journeys):
        tests = plan.exits.get(journey.flow)
        if tests is None or event.occurred_at < journey.started_at:
            continue  # happened before the journey's trigger (1.9)
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
    """The event that ended the journey, and the last message before it (F81)."""
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
    """Journeys whose `wait_for` this event ends (SEMANTICS 2.8): it happened after their trigger
    (1.9)."""
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
    """`customer.erased` ends all journeys and clears the state (SEMANTICS 7.5); afterwards
    `is_forgotten(state)`."""
    turn = Turn(state, now, program.facts, None, None, effects, event)
    order = sorted(state.journeys, key=lambda journey: program.flows[journey.flow].rank)
    for journey in order:
        evidence = {"metric": event.metric, "event_id": event.event_id}
        end(turn, program.flows[journey.flow], journey, "erased", evidence, journey.step)
    leave_all(program, turn)
    withdraw_all_interests(state, now, effects)
    forget_all(state)
