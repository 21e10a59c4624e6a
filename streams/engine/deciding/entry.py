"""Entries into flows. The checks of an entry, in their order; the first that fails is the reason
(SEMANTICS 1.11):

    too_old, flow_paused, missing_key, known_order, profile_filter, exit_on, already_in_flow,
    re_entry, loop

An event of an imported history (8.10) is refused before them, and only counted. `stale` (8.9) is
refused in the place of `known_order`.
"""

from collections.abc import Mapping
from typing import Any

from streams.engine.conditions import HISTORY_SINCE, known_since
from streams.engine.customer import (
    KEYS_KEPT,
    Again,
    CustomerState,
    Journey,
    about_item,
    after_trigger,
    follow_article,
    last_entry,
    may_add_journey,
    places_of_articles,
    remember_entry,
)
from streams.engine.effects import Outcome
from streams.engine.program import MOST_ENTRIES, CompiledFlow, Turn, end
from streams.engine.values import Event, Instant, journey_id, journey_id_of_article, pack

EntryRefusal = tuple[str, dict[str, Any]]
"""Reason of a rejected entry, and its evidence."""


def enter_by_event(turn: Turn, flow: CompiledFlow, event: Event) -> Journey | None:
    """The journey that the event starts in `flow`, RUNNING and before its first step. None if the
    trigger filter does not match, or if a check fails, which is recorded."""
    if not _is_triggered(turn, flow, event):
        return None
    key = None
    if flow.key is not None:
        value = flow.key(turn.data)
        if value is None:
            turn.record(
                flow, None, None, Outcome.NOT_ENTERED, "missing_key", {"key": flow.key_name}
            )
            return None
        key = str(value)
    packed = turn.packed
    if packed is None:
        packed = turn.packed = pack(turn.data)
    name = journey_id(turn.state.customer_id, flow.flow, event.event_id)
    journey = _started_by(turn, flow, event, name, packed, key)
    turn.focus_entered(journey)
    if not begin(turn, flow, journey):
        return None
    if flow.follows_articles:
        follow_articles(turn, turn.data, event.occurred_at)
    return journey


def enter_per_item(turn: Turn, flow: CompiledFlow, event: Event) -> list[Journey]:
    """As `enter_by_event`, for a flow with `each: items`: a journey for each article of the event
    (SEMANTICS 1.13), in the order of their first lines."""
    if not _is_triggered(turn, flow, event):
        return []
    entered = []
    for sku, place in places_of_articles(turn.data).items():
        data = about_item(turn.data, place)
        key = None
        if flow.key is not None:
            value = flow.key(data)
            if value is None:
                evidence = {"key": flow.key_name, "sku": sku}
                turn.record(flow, None, None, Outcome.NOT_ENTERED, "missing_key", evidence)
                continue
            key = str(value)
        name = journey_id_of_article(turn.state.customer_id, flow.flow, event.event_id, sku)
        journey = _started_by(turn, flow, event, name, pack(data), key)
        turn.focus(journey, data)
        if begin(turn, flow, journey):
            entered.append(journey)
            if flow.follows_articles:
                follow_articles(turn, data, event.occurred_at)
    return entered


def follow_articles(turn: Turn, data: Mapping[str, Any], at: Instant) -> None:
    """P entered a flow about the articles of `data`, its trigger of `at`, and hears news of them
    (SEMANTICS 7.6)."""
    for sku in dict.fromkeys([data.get("sku"), *places_of_articles(data)]):
        follow_article(turn.state, sku, at, turn.now, turn.effects)


def _is_triggered(turn: Turn, flow: CompiledFlow, event: Event) -> bool:
    """True if the trigger filter matches, and no check of the event itself fails; a failure is
    recorded."""
    turn.focus(None, turn.data)
    if flow.trigger_test is not None and not flow.trigger_test(turn.data, turn):
        return False
    if event.is_history:
        turn.effects.not_entered_history += 1
        return False
    refusal = _refuse_event(turn, flow, event)
    if refusal is not None:
        turn.record(flow, None, None, Outcome.NOT_ENTERED, *refusal)
        return False
    return True


def _started_by(
    turn: Turn, flow: CompiledFlow, event: Event, name: str, packed: bytes, key: str | None
) -> Journey:
    return Journey(
        flow.flow,
        name,
        turn.now,
        event.occurred_at,
        turn.state.sequence,
        event.metric,
        event.event_id,
        packed,
        key,
        traceparent=event.traceparent,
    )


def refuse_again(turn: Turn, flow: CompiledFlow, event: Event, again: Again) -> None:
    """Records that an event which is nothing new doesn't enter `flow`, unless its trigger filter
    does not match."""
    if not _is_triggered(turn, flow, event):
        return
    refusal: EntryRefusal = again.reason, again.evidence
    if flow.key is not None and not flow.is_per_item and flow.key(turn.data) is None:
        refusal = "missing_key", {"key": flow.key_name}
    turn.record(flow, None, None, Outcome.NOT_ENTERED, *refusal)


def enter_by_segment(turn: Turn, flow: CompiledFlow) -> Journey | None:
    """The journey of a new member of the segment that starts `flow`, unless a check fails. It
    starts at the time of the event, or now for a membership by time alone."""
    event = turn.event
    refusal: EntryRefusal | None = ("flow_paused", {}) if flow.is_paused else None
    if event is not None:
        if event.is_history:
            turn.effects.not_entered_history += 1
            return None
        refusal = _refuse_event(turn, flow, event)
    if refusal is not None:
        turn.record(flow, None, None, Outcome.NOT_ENTERED, *refusal)
        return None
    journey = _without_trigger(turn, flow)
    if event is not None:
        journey.started_at = event.occurred_at
        journey.trigger_event_id = event.event_id
        journey.traceparent = event.traceparent
    turn.focus(journey)
    return journey if begin(turn, flow, journey) else None


def enter_by_time(turn: Turn, flow: CompiledFlow) -> Journey | None:
    """The journey that a date or a schedule starts, unless a check fails; failures are only counted
    (SEMANTICS 5.5)."""
    if flow.is_paused:
        turn.effects.not_entered_by_time += 1
        return None
    journey = _without_trigger(turn, flow)
    turn.focus(journey)
    return journey if begin(turn, flow, journey) else None


def _without_trigger(turn: Turn, flow: CompiledFlow) -> Journey:
    """A journey without a trigger event. Its id derives from a cause that is unique."""
    state = turn.state
    cause = f"{turn.now}.{state.sequence}.{turn.entries}"
    name = journey_id(state.customer_id, flow.flow, cause)
    return Journey(flow.flow, name, turn.now, turn.now, state.sequence)


def _refuse_event(turn: Turn, flow: CompiledFlow, event: Event) -> EntryRefusal | None:
    age = turn.now - event.occurred_at
    if age > flow.max_event_age:
        evidence = {
            "occurred_at": event.occurred_at,
            "age_ms": age,
            "max_event_age_ms": flow.max_event_age,
        }
        return "too_old", evidence
    if flow.is_paused:
        return "flow_paused", {}
    return None


def begin(turn: Turn, flow: CompiledFlow, journey: Journey) -> bool:
    """True if `journey`, the focus of `turn`, passes the checks from `profile_filter` on: it is
    then among the customer's journeys, and those that it restarts have ended."""
    if flow.filter is not None and not flow.filter(turn)[0]:
        assert flow.filter_evidence is not None
        return _refuse(turn, flow, "profile_filter", flow.filter_evidence(turn).as_json())
    if flow.exit_on:
        refusal = ended_already(turn, flow, journey)
        if refusal is not None:
            return _refuse(turn, flow, *refusal)
    state, now, key = turn.state, turn.now, journey.key
    restarts = flow.re_entry.restarts
    may_run = state.journeys and (restarts or key is not None)
    running = running_in(state, flow, key) if may_run else []
    if running and not restarts:
        evidence = {
            "key": key,
            "running_journey_id": running[0].journey_id,
            "entered_at": running[0].entered_at,
        }
        return _refuse(turn, flow, "already_in_flow", evidence)
    if flow.re_entry.after != 0:
        refusal = _too_soon(state, flow, key, now)
        if refusal is not None:
            return _refuse(turn, flow, *refusal)
    if turn.entries >= MOST_ENTRIES:
        turn.effects.loops += 1
        return _refuse(turn, flow, "loop", {"entries": turn.entries})
    if not may_add_journey(state, len(running)):
        turn.effects.loops += 1
        return _refuse(turn, flow, "loop", {"running_journeys": len(state.journeys)})
    turn.entries += 1
    if running:
        evidence = {"restarted_by": journey.journey_id}
        for other in running:
            end(turn, flow, other, "restarted", evidence, other.step)
    state.journeys.append(journey)
    turn.has_changed_journeys = True
    remember_entry(state, flow.flow, key, now)
    turn.record(flow, journey, None, Outcome.ENTERED, "", _entry_evidence(turn, flow, journey))
    return True


def _refuse(turn: Turn, flow: CompiledFlow, reason: str, evidence: dict[str, Any]) -> bool:
    if flow.is_started_by_time:
        turn.effects.not_entered_by_time += 1
        return False
    turn.record(flow, None, None, Outcome.NOT_ENTERED, reason, evidence)
    return False


def _entry_evidence(turn: Turn, flow: CompiledFlow, journey: Journey) -> dict[str, Any]:
    evidence: dict[str, Any]
    if journey.trigger_metric is not None:
        evidence = {"metric": journey.trigger_metric, "occurred_at": journey.started_at}
    elif flow.trigger_segment is not None:
        assert flow.segment_evidence is not None
        evidence = {"segment": flow.trigger_segment, **flow.segment_evidence(turn).values}
    elif flow.date is not None:
        evidence = {flow.date.followed.name: flow.date.followed.value_of(turn.state)}
    elif flow.audience is not None and flow.audience.evidence is not None:
        evidence = flow.audience.evidence(turn).as_json()
    else:
        evidence = {}
    if journey.key is not None:
        evidence["key"] = journey.key
    if flow.filter_evidence is not None:
        since = known_since(turn, flow.filter_evidence)
        if since is not None:
            evidence[HISTORY_SINCE] = since
    return evidence


def running_in(state: CustomerState, flow: CompiledFlow, key: str | None) -> list[Journey]:
    """The customer's journeys in `flow`; with a key, only those of the key."""
    flow_id = flow.flow
    return [
        journey
        for journey in state.journeys
        if journey.flow == flow_id and (key is None or journey.key == key)
    ]


def ended_already(turn: Turn, flow: CompiledFlow, journey: Journey) -> EntryRefusal | None:
    """The rejection by an `exit_on` event that happened after the trigger, but was processed before
    the entry (SEMANTICS 1.9, E23, D17)."""
    started_at, recent = journey.started_at, turn.state.recent
    own = journey.trigger_metric if journey.sequence == turn.state.sequence else None
    for rule in flow.exit_on:
        past = recent.get(rule.metric)
        # The common case, also of a metric that both starts and ends the flow: nothing is newer.
        if past is None or past.at(-1) < started_at + (rule.metric == own):
            continue
        for event in reversed(after_trigger(past, rule.metric, journey)):
            if rule.test is None or rule.test(event.data or {}, turn):
                evidence = {
                    "metric": rule.metric,
                    "occurred_at": event.at,
                    "triggered_at": started_at,
                }
                return "exit_on", evidence
    return None


def _too_soon(
    state: CustomerState, flow: CompiledFlow, key: str | None, now: Instant
) -> EntryRefusal | None:
    last = last_entry(state, flow.flow, key)
    if last is None or (key is not None and now - last >= KEYS_KEPT):
        return None
    after = flow.re_entry.after
    if after is None:
        return "re_entry", {"re_entry": "never", "last_entry_at": last}
    if now - last >= after:
        return None
    evidence = {"last_entry_at": last, "after_ms": after, "allowed_at": last + after}
    return "re_entry", evidence
