"""One customer's timeline: events, and the decisions of each flow with their reasons."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine import Instant
from streams.engine.effects import Outcome
from streams.engine.values import DAY, NEWS, zone_of
from streams.replay.decision_text import decision_text
from streams.replay.event_text import event_text
from streams.replay.history import CustomerHistory, PastDecision, PastEvent, Publication
from streams.replay.ignored import Remarks
from streams.replay.judged_condition import JudgedCondition, judged_condition
from streams.replay.waiting import Waiting, running_journeys
from streams.replay.words import Words


class Line(msgspec.Struct, kw_only=True):
    """One line of a timeline. `at` in milliseconds since the epoch, `when` in the customer's zone.

    `kind` is `published`, `event`, `decision`, `command` and `webhook` (those without a decision),
    `segment` (entered or left), `dead_letter` or `unread` (a record that can't be decoded);
    `data` is the record.
    """

    at: Instant
    when: str
    kind: str
    flow: str | None
    text: str
    data: Any


class SilentFlow(msgspec.Struct):
    """A flow in force without a decision about the customer, and the reason."""

    flow: str
    text: str


class Timeline(msgspec.Struct):
    """The output of `sendflow explain`."""

    customer_id: str
    timezone: str
    lines: list[Line]
    waiting: list[Waiting]
    silences: list[SilentFlow]
    outcomes: dict[str, dict[str, int]]  # flow -> `sent`, `skipped smart_sending`, ... -> number


def customer_timeline(
    history: CustomerHistory, flow: str | None = None, zone: str | None = None
) -> Timeline:
    """Returns the timeline of a customer; with `flow`, its decisions and the events in them.

    `zone` is the zone of the times: by default the customer's, else the store's.
    """
    words = Words(_zone(history, zone), _messages(history))
    decisions = [one for one in history.decisions if flow in (None, one.flow)]
    events = history.events
    if flow is not None:
        events = _events_of_flow(history, decisions)
    lines = [
        *_publications(history, words),
        *_events(history, events, words),
        *_decisions(history, decisions, words),
        *_other_commands(history, flow, words),
        *_other_webhooks(history, flow, words),
        *_unread(history, words),
    ]
    if flow is None:
        lines += _segment_changes(history, words)
        lines += _dead_letters(history, words)
    lines.sort(key=lambda line: line[0])
    return Timeline(
        history.customer_id,
        words.zone.key,
        [line for _, line in lines],
        list(running_journeys(history.state, words, flow)),
        list(_silent_flows(history, flow)),
        _outcomes(decisions),
    )


def flows_known(history: CustomerHistory) -> set[str]:
    """Returns the flows ever published, and those with decisions about the customer."""
    published = {
        flow["flow"]
        for publication in history.publications
        for flow in publication.definitions.get("flows", ())
    }
    return published | {decision.flow for decision in history.decisions if decision.flow}


SortedLine = tuple[tuple[int, ...], Line]
"""A line and its sort key: time, phase (records before timers), order within the phase."""

_PUBLISHED, _RECORDS, _TIMERS = 0, 1, 2


def _zone(history: CustomerHistory, wanted: str | None) -> ZoneInfo:
    store = "UTC"
    if history.publications:
        store = history.publications[-1].definitions.get("store", {}).get("timezone") or store
    own = None
    for event in history.events:
        if event.metric == "customer.updated":
            own = (event.fields.get("set") or {}).get("timezone") or own
            if "timezone" in (event.fields.get("unset") or ()):
                own = None
    otherwise = zone_of(store, ZoneInfo("UTC"))
    return zone_of(wanted or own, otherwise)


def _publications(history: CustomerHistory, words: Words) -> Iterator[SortedLine]:
    for published in history.publications:
        flows = [flow["flow"] for flow in published.definitions.get("flows", ())]
        text = f"definitions {published.version} in force: {', '.join(flows)}"
        data = {"version": published.version, "flows": flows}
        line = _line(published.at, "published", None, text, data, words)
        if published.at < DAY:  # in simulated time: in force from the beginning
            line.when = "before all records"
        yield (published.at, _PUBLISHED), line


def _events(
    history: CustomerHistory, events: list[PastEvent], words: Words
) -> Iterator[SortedLine]:
    remarks = Remarks(history, words)
    remarks_of = {event.place: remarks.of(event) for event in history.events}
    for event in events:
        text = event_text(event.metric, event.fields, words)
        happened = event.fields.get("occurred_at")
        if isinstance(happened, int) and words.moment(happened) != words.moment(event.at):
            text += f" (occurred {words.moment(happened)})"
        if event.is_late:
            text += " (late: processed at this time)"
        text += "".join(f" ({remark})" for remark in remarks_of[event.place])
        data = {"metric": event.metric, **event.fields}
        line = _line(event.at, "event", None, text, data, words)
        yield (event.at, _RECORDS, *event.place, 0), line


def _decisions(
    history: CustomerHistory, decisions: list[PastDecision], words: Words
) -> Iterator[SortedLine]:
    """Yields decisions, each after its event; those of a timer after all events of its time."""
    places = {(event.at, event.event_id): event.place for event in reversed(history.events)}
    commands = {command["send_id"]: command for command in history.commands}
    for decision in decisions:
        judged = _judged(history, decision)
        text = decision_text(decision.outcome, decision.reason, decision.evidence, words, judged)
        command = commands.get(decision.evidence.get("send_id", ""))
        if decision.outcome is Outcome.SENT and command is not None:
            text = text.replace(" by ", f" to {command['recipient']} by ", 1)
        if decision.step is not None and decision.outcome is not Outcome.EXITED:
            text = f"{decision.step}: {text}"
        line = _line(decision.at, "decision", decision.flow, text, _data(decision), words)
        place = places.get((decision.at, decision.event_id or ""))
        if place is None:
            yield (decision.at, _TIMERS, decision.offset), line
        else:
            yield (decision.at, _RECORDS, *place, 1, decision.offset), line


def _judged(history: CustomerHistory, decision: PastDecision) -> JudgedCondition | None:
    """Returns the condition that a decision evaluated, from the set in force at its time."""
    for published in reversed(history.publications):
        if published.at <= decision.at:
            for flow in published.definitions.get("flows", ()):
                if flow["flow"] == decision.flow:
                    return judged_condition(
                        flow,
                        decision.step,
                        decision.outcome,
                        decision.reason,
                        decision.evidence,
                    )
            return None
    return None


def _other_commands(
    history: CustomerHistory, flow: str | None, words: Words
) -> Iterator[SortedLine]:
    """Yields commands whose decision has expired from its topic."""
    known = {decision.evidence.get("send_id") for decision in history.decisions}
    for number, command in enumerate(history.commands):
        if command["send_id"] in known or flow not in (None, command["flow"]):
            continue
        at = command["decided_at"]
        text = (
            f"{command['step']}: sent {command['template']} to {command['recipient']} by "
            f"{command['channel']}"
        )
        line = _line(at, "command", command["flow"], text, command, words)
        yield (at, _TIMERS, number), line


def _other_webhooks(
    history: CustomerHistory, flow: str | None, words: Words
) -> Iterator[SortedLine]:
    """Yields webhook commands whose decision has expired from its topic."""
    known = {(one.journey_id, one.step) for one in history.decisions}
    for number, command in enumerate(history.webhooks):
        if (command["journey_id"], command["step"]) in known or flow not in (None, command["flow"]):
            continue
        at = command["decided_at"]
        text = f"{command['step']}: webhook command {command['webhook']}"
        yield (at, _TIMERS, number), _line(at, "webhook", command["flow"], text, command, words)


def _unread(history: CustomerHistory, words: Words) -> Iterator[SortedLine]:
    for number, one in enumerate(history.unread):
        text = f"{one.where} can't be decoded: {one.problem}"
        data = {"record": one.where, "problem": one.problem}
        yield (one.at, _TIMERS, number), _line(one.at, "unread", None, text, data, words)


def _messages(history: CustomerHistory) -> dict[str, str]:
    """The message of each send_id, for reports of deliveries."""
    messages = {
        one.evidence["send_id"]: f"{one.step} of {one.flow}"
        for one in history.decisions
        if one.outcome is Outcome.SENT and "send_id" in one.evidence
    }
    for command in history.commands:
        messages.setdefault(command["send_id"], f"{command['step']} of {command['flow']}")
    return messages


def _segment_changes(history: CustomerHistory, words: Words) -> Iterator[SortedLine]:
    """Yields what happened in followed segments: before the flows decide (SEMANTICS 5.1, 5.2)."""
    places = {(event.at, event.event_id): event.place for event in reversed(history.events)}
    for number, change in enumerate(history.segment_changes):
        at, cause = change["at"], change["cause"]
        text = f"{change['change']} segment {change['segment']}"
        text += _BECAUSE_OF.get(cause, f" ({cause})")
        line = _line(at, "segment", None, text, change, words)
        place = places.get((at, change["event_id"] or ""))
        if place is None:
            yield (at, _TIMERS, -1, number), line
        else:
            yield (at, _RECORDS, *place, 0, number), line


_BECAUSE_OF = {
    "event": "",  # in the line above
    "time": " by time alone",
    "facts": " because store facts changed",
    "definitions": " because definitions were published",
    "review": " because a message was reviewed",
    "backfill": " because of a backfill",
    "erased": " because the customer was erased",
}


def _dead_letters(history: CustomerHistory, words: Words) -> Iterator[SortedLine]:
    for letter in history.dead_letters:
        data = {
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "reason": letter.reason,
        }
        text = f"dead letter {letter.where}: {letter.reason}"
        line = _line(letter.at, "dead_letter", None, text, data, words)
        yield (letter.at, _TIMERS, letter.offset), line


def _line(at: Instant, kind: str, flow: str | None, text: str, data: Any, words: Words) -> Line:
    return Line(at=at, when=words.moment(at), kind=kind, flow=flow, text=text, data=data)


def _data(decision: PastDecision) -> dict[str, Any]:
    data = {**msgspec.structs.asdict(decision), "outcome": decision.outcome.value}
    del data["offset"]  # an internal position, which differs from run to run
    return data


def _events_of_flow(history: CustomerHistory, decisions: list[PastDecision]) -> list[PastEvent]:
    """Returns the events of decisions of one flow, and the events in their evidence."""
    ids = {decision.event_id for decision in decisions}
    ids |= {decision.evidence.get("event_id") for decision in decisions}
    flows = {decision.flow for decision in decisions}
    sends = {decision.evidence.get("send_id") for decision in decisions} - {None}
    return [
        event
        for event in history.events
        if event.event_id in ids
        or (event.metric == "review" and event.fields.get("send_id") in sends)
        or (event.metric == "backfill" and event.fields.get("flow") in flows)
    ]


def _outcomes(decisions: list[PastDecision]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for decision in decisions:
        if not decision.flow:
            continue  # of the state, not of a flow
        outcome = "webhook" if "webhook" in decision.evidence else decision.outcome.value
        name = f"{outcome} {decision.reason}".rstrip()
        counts.setdefault(decision.flow, Counter())[name] += 1
    return {flow: dict(sorted(found.items())) for flow, found in sorted(counts.items())}


# ── Flows without decisions ───────────────────────────────────────────────────────────────────────


def _silent_flows(history: CustomerHistory, flow: str | None) -> Iterator[SilentFlow]:
    """Yields the flows in force without a decision. A trigger that does not match is not recorded
    (DESIGN 7), so the reason is derived from the events."""
    if not history.publications:
        return
    published = history.publications[-1]
    decided = {decision.flow for decision in history.decisions}
    flows = {one["flow"]: one for one in published.definitions.get("flows", ())}
    if history.since is not None:
        decided |= flows.keys()  # earlier events and decisions are unknown
    if flow is not None and flow not in flows and flow not in decided:
        names = ", ".join(flows) or "none"
        yield SilentFlow(flow, f"not published any more; published: {names}")
    for name, definition in flows.items():
        if name not in decided and flow in (None, name):
            yield SilentFlow(name, _why_silent(definition, history, published))


def _why_silent(
    definition: dict[str, Any], history: CustomerHistory, published: Publication
) -> str:
    status = definition.get("status", "live")
    if status in ("draft", "archived"):
        return f"no entries: status {status}"
    trigger = definition.get("trigger", {})
    metric = trigger.get("metric")
    if metric is None:
        return "no decisions: trigger never matched"
    came = [event for event in history.events if event.metric == metric]
    if not came and metric in NEWS:
        return (
            f"no entries: no {metric} reached this customer; news of an article follow a "
            "wishlist entry or a view, until it is ordered"
        )
    if not came:
        return f"no entries: no {metric} from this customer"
    since = [event for event in came if event.at >= published.at]
    if not since:
        return f"no entries: every {metric} predates publication"
    since = [event for event in since if not event.is_history]
    if not since:
        return f"no entries: every {metric} is history (imported), which triggers nothing"
    since = [event for event in since if not event.fields.get("machine")]
    if not since:
        return f"no entries: every {metric} is of a machine, which triggers nothing"
    where = trigger.get("where")
    if where:
        written = msgspec.json.encode(where).decode()
        return f"no entries: {len(since)} {metric}, none matches where {written}"
    return f"{len(since)} {metric} not processed yet; are the workers running?"
