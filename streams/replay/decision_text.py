"""Decisions as sentences: one for every outcome and reason (SEMANTICS 5.5).

Each sentence is built from the reason and the evidence: the values behind the decision.
"""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine import Instant
from streams.engine.conditions import HISTORY_SINCE
from streams.engine.effects import Outcome
from streams.engine.values import duration_text, to_wall
from streams.replay.judged_condition import JudgedCondition

EvidenceFields = Mapping[str, Any]


class Words:
    """The texts of times, values and messages for one customer."""

    def __init__(self, zone: ZoneInfo, messages: Mapping[str, str] | None = None) -> None:
        """`messages`: send_id -> the message, as a text."""
        self.zone = zone
        self.messages: Mapping[str, str] = {} if messages is None else messages

    def moment(self, at: Instant) -> str:
        """`Wed 2011-03-02 10:00:05`: the customer's local time, to the second."""
        return to_wall(at, self.zone).strftime("%a %Y-%m-%d %H:%M:%S")

    def day(self, value: Any) -> str:
        """A date as it is written, a moment in the customer's local time."""
        return self.moment(value) if isinstance(value, int) else str(value)

    def values(self, evidence: EvidenceFields, *leave_out: str) -> str:
        """The compared values: `count order.placed is 2; equals 1`."""
        parts = [
            f"{name} {self._value(name, value)}"
            for name, value in evidence.items()
            if name not in leave_out
        ]
        return "; ".join(parts)

    def _value(self, name: str, value: Any) -> str:
        match value:
            case None:
                return "is missing"
            case bool():
                return "yes" if value else "no"
            case int() if name.endswith("_at") or name in ("until", "at", "entered", "due"):
                return self.moment(value)
            case int() if name.endswith("_ms"):
                return duration_text(value)
            case list():
                return ", ".join(self._value("", entry) for entry in value) or "none"
            case dict():
                return "(" + self.values(value) + ")"
        return str(value)


TextFunction = Callable[[EvidenceFields, Words], str]


def decision_text(
    outcome: Outcome,
    reason: str,
    evidence: EvidenceFields,
    words: Words,
    judged: JudgedCondition | None = None,
) -> str:
    """Returns a decision as a sentence; `judged` is the condition that it evaluated. Raises
    KeyError for a reason that is not in SEMANTICS 5.5."""
    since = None if outcome is Outcome.FORGOTTEN else evidence.get(HISTORY_SINCE)
    if since is not None:
        evidence = {name: value for name, value in evidence.items() if name != HISTORY_SINCE}
    if outcome is Outcome.BRANCH:
        text = _branch(reason, evidence, words, judged or JudgedCondition(""))
    else:
        text = DECISION_TEXTS[outcome][reason](evidence, words)
        if judged is not None:
            text += f"; condition: {judged.condition}"
    if since is not None:
        text += f"; history is incomplete before {words.moment(since)}"
    return text


def _because(text: str) -> TextFunction:
    """A fixed text, followed by the values behind the decision."""

    def build(evidence: EvidenceFields, words: Words) -> str:
        values = words.values(evidence)
        return f"{text} ({values})" if values else text

    return build


def _branch(reason: str, evidence: EvidenceFields, words: Words, judged: JudgedCondition) -> str:
    """The path taken by a step: if, branch, wait_for or sample, or by a wait without its end."""
    if reason == "missing" and not judged.by:
        instead = evidence.get("instead_ms")
        wait = "" if instead is None else f": waits {duration_text(instead)} instead"
        return f"{evidence.get('field', 'the end of the wait')} is missing{wait}"
    values = words.values(evidence, "way", "timeout_at", "event_id")
    found = f" ({values})" if values else ""
    condition = f"'{judged.condition}'" if judged.condition else "the condition"
    if judged.by == "sample":
        draw = "random draw" if evidence.get("fresh") else "fixed draw of the customer"
        return f"path '{reason}' ({draw})"
    if reason == "timeout":
        until = evidence.get("timeout_at")
        by = "in time" if until is None else f"by {words.moment(until)}"
        return f"timeout: {condition} not met {by}{found}"
    if judged.by == "wait_for":
        return f"{condition} met{found}: 'then'"
    if judged.by == "branch":
        if reason == "else":
            return f"none of {condition} holds{found}: 'else'"
        return f"{condition} holds{found}: branch {evidence.get('way')}"
    if reason in ("then", "else"):
        verb = "holds" if reason == "then" else "does not hold"
        return f"{condition} {verb}{found}: '{reason}'"
    return f"path '{reason}'{found}"


def _entered(evidence: EvidenceFields, words: Words) -> str:
    metric = evidence.get("metric")
    if "segment" in evidence:
        return f"entered: joined segment {evidence['segment']}"
    if metric is None:
        return _because("entered")(evidence, words)
    key = f", key {evidence['key']}" if "key" in evidence else ""
    if "backfill" in evidence:
        by = evidence["backfill"].get("by") or "a person"
        at, due = words.moment(evidence["occurred_at"]), evidence.get("due")
        until = "" if due is None else f" until {words.moment(due)}"
        return (
            f"entered by backfill ({by}): {metric} at {at}{key}; "
            f"waiting at {evidence['step']}{until}"
        )
    return f"entered: {metric}{key}"


def _too_old(evidence: EvidenceFields, words: Words) -> str:
    if "age_ms" not in evidence:
        return _because("not entered: event too old")(evidence, words)
    return (
        f"not entered: event of {words.moment(evidence['occurred_at'])} arrived "
        f"{duration_text(evidence['age_ms'])} later; limit "
        f"{duration_text(evidence['max_event_age_ms'])} (max_event_age)"
    )


def _missing_key(evidence: EvidenceFields, words: Words) -> str:
    return f"not entered: event lacks '{evidence.get('key')}' (the flow's key)"


def _known_order(evidence: EvidenceFields, words: Words) -> str:
    if "ordered_at" in evidence:
        return f"not entered: the cart of the order at {words.moment(evidence['ordered_at'])}"
    return f"not entered: order {evidence.get('order_id', '')} is known already".replace("  ", " ")


def _stale(evidence: EvidenceFields, words: Words) -> str:
    if "newest_at" not in evidence:
        return "not entered: older than the newest cart"
    return (
        f"not entered: cart of {words.moment(evidence['occurred_at'])}, older than the newest "
        f"({words.moment(evidence['newest_at'])})"
    )


def _not_entered_exit_on(evidence: EvidenceFields, words: Words) -> str:
    if "metric" not in evidence:
        return _because("not entered: exit_on event already received")(evidence, words)
    return (
        f"not entered: {evidence['metric']} at {words.moment(evidence['occurred_at'])} followed "
        f"the trigger ({words.moment(evidence['triggered_at'])})"
    )


def _already_in_flow(evidence: EvidenceFields, words: Words) -> str:
    if "entered_at" not in evidence:
        return _because("not entered: already in the flow")(evidence, words)
    return (
        f"not entered: already in the flow for {evidence.get('key')} since "
        f"{words.moment(evidence['entered_at'])}"
    )


def _re_entry(evidence: EvidenceFields, words: Words) -> str:
    if "last_entry_at" not in evidence:
        return _because("not entered: re_entry not allowed yet")(evidence, words)
    last = words.moment(evidence["last_entry_at"])
    if "allowed_at" not in evidence:
        return f"not entered: entered at {last}, re_entry: never"
    return (
        f"not entered: entered at {last}, next entry from "
        f"{words.moment(evidence['allowed_at'])} (re_entry {duration_text(evidence['after_ms'])})"
    )


def _loop(evidence: EvidenceFields, words: Words) -> str:
    running = evidence.get("running_journeys")
    if running is None:
        text = "not entered: entry limit of one event or timer reached (flows trigger each other)"
        return _because(text)(evidence, words)
    return f"not entered: {running:,} active journeys, limit reached"


def _sent(evidence: EvidenceFields, words: Words) -> str:
    if "webhook" in evidence:
        return f"webhook command {evidence['webhook']}"
    if "template" not in evidence:
        return _because("sent")(evidence, words)
    text = f"sent {evidence['template']} by {evidence['channel']}"
    if "approved" in evidence:
        text += f", approved by {evidence['approved'].get('by') or 'a person'}"
    triggered = evidence.get("triggered_at")
    if triggered in (None, evidence.get("reached_at")):
        return text
    return f"{text}, trigger at {words.moment(triggered)}"


def _review(evidence: EvidenceFields, words: Words) -> str:
    if evidence.get("verdict") == "drop":
        return f"dropped by {evidence.get('by') or 'a person'} in review"
    if "template" not in evidence:
        return _because("awaiting review")(evidence, words)
    return f"awaiting review: {evidence['template']} by {evidence['channel']}"


def _converted(evidence: EvidenceFields, words: Words) -> str:
    if "order_id" not in evidence:
        return _because("conversion")(evidence, words)
    return (
        f"conversion: order {evidence['order_id']}: {evidence['touch']} at "
        f"{words.moment(evidence['touched_at'])}, message sent at "
        f"{words.moment(evidence['sent_at'])}"
    )


def _exit_on(evidence: EvidenceFields, words: Words) -> str:
    if "metric" not in evidence:
        return _because("exited by an event of exit_on")(evidence, words)
    text = f"exited by {evidence['metric']} at {words.moment(evidence['occurred_at'])}"
    if "last_sent_at" in evidence:
        sent = words.moment(evidence["last_sent_at"])
        text += f"; last message {evidence['last_sent_step']} at {sent}"
    waited = evidence.get("waited_until")
    return text if waited is None else f"{text}; next step was due {words.moment(waited)}"


def _step_gone(what: str) -> TextFunction:
    def build(evidence: EvidenceFields, words: Words) -> str:
        step = evidence.get("step")
        return f"ended: {what}" + (f" (at step {step})" if step else "")

    return build


def _date_changed(evidence: EvidenceFields, words: Words) -> str:
    if "date" not in evidence:
        return "ended: the date of the flow changed"
    before, now = words.day(evidence["before"]), words.day(evidence["now"])
    if evidence["now"] is None:
        return f"ended: {evidence['date']} was {before} and is removed"
    return f"ended: {evidence['date']} changed from {before} to {now}"


def _fixed(text: str) -> TextFunction:
    """A text without evidence."""
    return lambda evidence, words: text


def _smart_sending(evidence: EvidenceFields, words: Words) -> str:
    channel = evidence.get("channel", "the channel")
    earlier = evidence.get("earlier_sent_at")
    if earlier is None:
        return _because("not sent: Smart Sending")(evidence, words)
    window = duration_text(evidence["window_ms"])
    return (
        f"not sent: Smart Sending: {evidence['earlier_flow']} sent "
        f"{evidence['earlier_step']} by {channel} at {words.moment(earlier)}, less than {window} "
        f"before; next possible {words.moment(evidence['free_at'])}"
    )


def _held_by_smart_sending(evidence: EvidenceFields, words: Words) -> str:
    if "until" not in evidence:
        return _because("held: Smart Sending")(evidence, words)
    return (
        f"held: Smart Sending: {evidence['earlier_flow']} sent {evidence['earlier_step']} by "
        f"{evidence['channel']} at {words.moment(evidence['earlier_sent_at'])}; evaluated again at "
        f"{words.moment(evidence['until'])}"
    )


def _held_by_cap(evidence: EvidenceFields, words: Words) -> str:
    if "until" not in evidence:
        return _because("held: cap reached")(evidence, words)
    until = words.moment(evidence["until"])
    return f"held: {_cap_reached(evidence, words)}; evaluated again at {until}"


def _frequency_cap(evidence: EvidenceFields, words: Words) -> str:
    return f"not sent: {_cap_reached(evidence, words)}"


def _cap_reached(evidence: EvidenceFields, words: Words) -> str:
    window = evidence.get("window_ms")
    within = "on one day" if window is None else f"within {duration_text(window)}"
    channels = ", ".join(evidence.get("channels", ()))
    sent = ", ".join(words.moment(at) for at in evidence.get("sent_at", ()))
    return f"cap of {evidence.get('at_most')} {within} ({channels}) reached; sent at {sent}"


def _expired(evidence: EvidenceFields, words: Words) -> str:
    if "reached_at" not in evidence:
        return _because("not sent: expired")(evidence, words)
    return (
        f"not sent: expired (reached {words.moment(evidence['reached_at'])}, "
        f"expired {words.moment(evidence['expired_at'])})"
    )


def _no_recipient(evidence: EvidenceFields, words: Words) -> str:
    channel, field = evidence.get("channel"), evidence.get("field")
    return f"not sent: no address for {channel} (profile field '{field}' is empty)"


def _bad_recipient(evidence: EvidenceFields, words: Words) -> str:
    return (
        f"not sent: '{evidence.get('found')}' is not an address for {evidence.get('channel')} "
        f"(profile field '{evidence.get('field')}')"
    )


def _no_consent(evidence: EvidenceFields, words: Words) -> str:
    given = ", ".join(evidence.get("consent", ())) or "nothing"
    return f"not sent: no consent to {evidence.get('channel')} (consented to: {given})"


def _topic_left(evidence: EvidenceFields, words: Words) -> str:
    return f"not sent: left the topic {evidence.get('topic')} on {evidence.get('channel')}"


_CAUSES = {
    "unsubscribed": "unsubscribed",
    "hard_bounce": "hard bounce (address does not exist)",
    "soft_bounces": "seven soft bounces in a row",
    "complaint": "spam complaint",
}


def _suppressed(evidence: EvidenceFields, words: Words) -> str:
    causes = ", ".join(_CAUSES.get(cause, cause) for cause in evidence.get("causes", ()))
    return f"not sent: {evidence.get('channel')} is suppressed: {causes}"


_ITEM_SOURCES = {
    "trigger": "in the triggering event",
    "cart": "in the cart",
    "viewed": "viewed",
}


def _no_items(evidence: EvidenceFields, words: Words) -> str:
    return f"not sent: no items {_ITEM_SOURCES.get(evidence.get('items', ''), 'to show')}"


def _quiet_hours(evidence: EvidenceFields, words: Words) -> str:
    until = evidence.get("until")
    if until is None:
        return _because("held: quiet hours")(evidence, words)
    times = []
    if "quiet_from" in evidence:
        times.append(f"quiet hours from {evidence['quiet_from']} to {evidence['quiet_to']}")
    if "quiet_days" in evidence:
        days = evidence["quiet_days"]
        times.append(f"quiet day{'s' if len(days) > 1 else ''} {', '.join(days)}")
    return f"held: {' and '.join(times)}; evaluated again at {words.moment(until)}"


def _no_profile_yet(evidence: EvidenceFields, words: Words) -> str:
    until = evidence.get("until")
    if until is None:
        return "held: no profile received yet"
    return (
        f"held: no profile received yet, so no address for {evidence.get('channel')}; evaluated "
        f"again with the first customer.updated, at {words.moment(until)} at the latest"
    )


def _forgotten(evidence: EvidenceFields, words: Words) -> str:
    """Of no flow: the state exceeded its size limit."""
    if "forgotten" not in evidence:
        return _because("oldest events dropped")(evidence, words)
    counted = ", ".join(f"{n:,} {metric}" for metric, n in evidence["forgotten"].items())
    return (
        f"oldest events dropped ({counted}): state reached {evidence['bytes']:,} bytes; history "
        f"complete since {words.moment(evidence['history_since'])}"
    )


def _coupon(text: str) -> TextFunction:
    """The code, its pool and its expiry."""

    def build(evidence: EvidenceFields, words: Words) -> str:
        if "code" not in evidence:
            return _because(text)(evidence, words)
        until = evidence.get("expires_at")
        valid = "no expiry" if until is None else f"valid until {words.moment(until)}"
        return f"{text}: {evidence['code']} of {evidence.get('pool')}, {valid}"

    return build


def _no_coupon(before: str) -> TextFunction:
    """Loaded codes belong to one partition each: other partitions may still have some."""

    def build(evidence: EvidenceFields, words: Words) -> str:
        return f"{before}no codes of {evidence.get('pool', 'the pool')} left in this partition"

    return build


def _exit(evidence: EvidenceFields, words: Words) -> str:
    own_words = evidence.get("reason")
    return f"ended by an exit step: {own_words}" if own_words else "ended by an exit step"


DECISION_TEXTS: dict[Outcome, dict[str, TextFunction]] = {
    Outcome.ENTERED: {"": _entered},
    Outcome.NOT_ENTERED: {
        "too_old": _too_old,
        "flow_paused": _because("not entered: flow paused"),
        "missing_key": _missing_key,
        "known_order": _known_order,
        "stale": _stale,
        "profile_filter": _because("not entered: flow filter does not hold"),
        "exit_on": _not_entered_exit_on,
        "already_in_flow": _already_in_flow,
        "re_entry": _re_entry,
        "loop": _loop,
    },
    Outcome.SENT: {"": _sent},
    Outcome.SKIPPED: {
        "expired": _expired,
        "profile_filter": _because("not sent: flow filter no longer holds"),
        "message_filter": _because("not sent: only_if of the message does not hold"),
        "no_recipient": _no_recipient,
        "bad_recipient": _bad_recipient,
        "no_consent": _no_consent,
        "topic_left": _topic_left,
        "suppressed": _suppressed,
        "smart_sending": _smart_sending,
        "frequency_cap": _frequency_cap,
        "no_items": _no_items,
        "no_coupon": _no_coupon("not sent: "),
    },
    Outcome.HELD: {
        "quiet_hours": _quiet_hours,
        "flow_paused": _because("held: flow paused"),
        "no_profile_yet": _no_profile_yet,
        "smart_sending": _held_by_smart_sending,
        "frequency_cap": _held_by_cap,
    },
    Outcome.REVIEW: {"": _review},
    Outcome.COUPON: {
        "given": _coupon("coupon assigned"),
        "kept": _coupon("coupon kept"),
        "no_coupon": _no_coupon(""),
    },
    Outcome.EXITED: {
        "finished": _fixed("ended: all steps done"),
        "exit_on": _exit_on,
        "exit": _exit,
        "restarted": _fixed("ended: restarted by its trigger"),
        "step_removed": _step_gone("step removed, no successor"),
        "date_changed": _date_changed,
        "archived": _step_gone("flow archived or removed"),
        "erased": _fixed("ended: customer erased"),
    },
    Outcome.CONVERTED: {"": _converted},
    Outcome.FORGOTTEN: {"": _forgotten},
}
"""By outcome and reason; the reason of `branch` is the name of the path (`_branch`)."""
