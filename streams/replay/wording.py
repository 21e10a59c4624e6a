"""Decisions in words: a sentence for every outcome and reason (SEMANTICS 5.5).

Each sentence is built from the reason and from the evidence, which holds the values that decided.
"""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine import Instant
from streams.engine.conditions import HISTORY_SINCE
from streams.engine.effects import Outcome
from streams.engine.values import duration_text, to_wall
from streams.replay.asked import Asked

Evidence = Mapping[str, Any]


class Words:
    """How moments and values are written for one customer."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def moment(self, at: Instant) -> str:
        """`Wed 2011-03-02 10:00:05`: the customer's day and clock, to the second."""
        return to_wall(at, self.zone).strftime("%a %Y-%m-%d %H:%M:%S")

    def values(self, evidence: Evidence, *leave_out: str) -> str:
        """What was compared: `count order.placed is 2; equals 1`."""
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


Sentence = Callable[[Evidence, Words], str]


def sentence(
    outcome: Outcome, reason: str, evidence: Evidence, words: Words, asked: Asked | None = None
) -> str:
    """One decision as a sentence; `asked` is what was judged, as it was written. Raises KeyError
    for a reason that isn't in SEMANTICS 5.5."""
    since = None if outcome is Outcome.FORGOTTEN else evidence.get(HISTORY_SINCE)
    if since is not None:
        evidence = {name: value for name, value in evidence.items() if name != HISTORY_SINCE}
    if outcome is Outcome.BRANCH:
        text = _branch(reason, evidence, words, asked or Asked(""))
    else:
        text = SENTENCES[outcome][reason](evidence, words)
        if asked is not None:
            text += f"; asked was: {asked.condition}"
    if since is not None:
        text += f"; what happened before {words.moment(since)} is not remembered whole"
    return text


def _because(text: str) -> Sentence:
    """A fixed sentence, and the values that decided."""

    def build(evidence: Evidence, words: Words) -> str:
        values = words.values(evidence)
        return f"{text} ({values})" if values else text

    return build


def _branch(reason: str, evidence: Evidence, words: Words, asked: Asked) -> str:
    """Which way a step took: if, branch, wait_for or sample."""
    values = words.values(evidence, "way", "timeout_at", "event_id")
    found = f" ({values})" if values else ""
    condition = f"'{asked.condition}'" if asked.condition else "the condition"
    if asked.by == "sample":
        draw = "a draw of its own" if evidence.get("fresh") else "the customer's fixed draw"
        return f"takes the path '{reason}' by {draw}"
    if reason == "timeout":
        until = evidence.get("timeout_at")
        by = "in time" if until is None else f"by {words.moment(until)}"
        return f"{condition} didn't come {by}{found}: takes the way of the timeout"
    if asked.by == "wait_for":
        return f"{condition} has come{found}: takes 'then'"
    if asked.by == "branch":
        if reason == "else":
            return f"none of {condition} holds{found}: takes 'else'"
        return f"{condition} holds{found}: takes way {evidence.get('way')}"
    if reason in ("then", "else"):
        verb = "holds" if reason == "then" else "doesn't hold"
        return f"{condition} {verb}{found}: takes '{reason}'"
    return f"takes the path '{reason}'{found}"


def _entered(evidence: Evidence, words: Words) -> str:
    metric = evidence.get("metric")
    if "segment" in evidence:
        return f"begins, because of joining the segment {evidence['segment']}"
    if metric is None:
        return _because("begins")(evidence, words)
    key = f", for {evidence['key']}" if "key" in evidence else ""
    if "backfill" in evidence:
        by = evidence["backfill"].get("by") or "a person"
        due = evidence.get("due")
        until = "" if due is None else f" until {words.moment(due)}"
        return (
            f"added afterwards by {by}, because of {metric} at "
            f"{words.moment(evidence['occurred_at'])}{key}: waits at {evidence['step']}{until}"
        )
    return f"begins, because of {metric}{key}"


def _too_old(evidence: Evidence, words: Words) -> str:
    if "age_ms" not in evidence:
        return _because("not begun: too old")(evidence, words)
    return (
        f"not begun: what happened at {words.moment(evidence['occurred_at'])} arrived "
        f"{duration_text(evidence['age_ms'])} later, and the flow takes nothing older than "
        f"{duration_text(evidence['max_event_age_ms'])} (max_event_age)"
    )


def _missing_key(evidence: Evidence, words: Words) -> str:
    return f"not begun: the event has no '{evidence.get('key')}', which is the flow's key"


def _not_entered_exit_on(evidence: Evidence, words: Words) -> str:
    if "metric" not in evidence:
        return _because("not begun: what ends it had happened already")(evidence, words)
    return (
        f"not begun: {evidence['metric']} at {words.moment(evidence['occurred_at'])} came after "
        f"what would have begun it ({words.moment(evidence['triggered_at'])})"
    )


def _already_in_flow(evidence: Evidence, words: Words) -> str:
    if "entered_at" not in evidence:
        return _because("not begun: it is under way already")(evidence, words)
    return (
        f"not begun: for {evidence.get('key')} it has been under way since "
        f"{words.moment(evidence['entered_at'])}"
    )


def _re_entry(evidence: Evidence, words: Words) -> str:
    if "last_entry_at" not in evidence:
        return _because("not begun: not again yet (re_entry)")(evidence, words)
    last = words.moment(evidence["last_entry_at"])
    if "allowed_at" not in evidence:
        return f"not begun: it began at {last}, and never begins twice (re_entry)"
    return (
        f"not begun: it began at {last}, and may begin again from "
        f"{words.moment(evidence['allowed_at'])} on, {duration_text(evidence['after_ms'])} later "
        "(re_entry)"
    )


def _loop(evidence: Evidence, words: Words) -> str:
    running = evidence.get("running_journeys")
    if running is None:
        text = "not begun: too many entries at one moment; flows set each other off"
        return _because(text)(evidence, words)
    return f"not begun: {running:,} journeys of the customer are under way, and there is no room"


def _sent(evidence: Evidence, words: Words) -> str:
    if "webhook" in evidence:
        return f"called the webhook {evidence['webhook']}"
    if "template" not in evidence:
        return _because("sent")(evidence, words)
    text = f"sent {evidence['template']} by {evidence['channel']}"
    if "approved" in evidence:
        text += f", approved by {evidence['approved'].get('by') or 'a person'}"
    triggered = evidence.get("triggered_at")
    if triggered in (None, evidence.get("reached_at")):
        return text
    return f"{text}, because of what happened at {words.moment(triggered)}"


def _review(evidence: Evidence, words: Words) -> str:
    if evidence.get("verdict") == "drop":
        return f"dropped by {evidence.get('by') or 'a person'}, who was to review it"
    if "template" not in evidence:
        return _because("put up for review")(evidence, words)
    return f"put up for review: {evidence['template']} by {evidence['channel']}"


def _converted(evidence: Evidence, words: Words) -> str:
    if "order_id" not in evidence:
        return _because("led to an order")(evidence, words)
    return (
        f"led to the order {evidence['order_id']}: {evidence['touch']} at "
        f"{words.moment(evidence['touched_at'])}, sent at {words.moment(evidence['sent_at'])}"
    )


def _exit_on(evidence: Evidence, words: Words) -> str:
    if "metric" not in evidence:
        return _because("ended at once by an event of exit_on")(evidence, words)
    text = f"ended at once by {evidence['metric']} of {words.moment(evidence['occurred_at'])}"
    if "last_sent_at" in evidence:
        sent = words.moment(evidence["last_sent_at"])
        text += f"; {evidence['last_sent_step']} had gone out at {sent}"
    waited = evidence.get("waited_until")
    return text if waited is None else f"{text}; it would have gone on at {words.moment(waited)}"


def _step_gone(what: str) -> Sentence:
    def build(evidence: Evidence, words: Words) -> str:
        step = evidence.get("step")
        return f"ended: {what}" + (f" (at the step {step})" if step else "")

    return build


def _fixed(text: str) -> Sentence:
    """A sentence that needs no evidence."""
    return lambda evidence, words: text


def _smart_sending(evidence: Evidence, words: Words) -> str:
    channel = evidence.get("channel", "the channel")
    earlier = evidence.get("earlier_sent_at")
    if earlier is None:
        return _because("not sent: Smart Sending")(evidence, words)
    window = duration_text(evidence["window_ms"])
    return (
        f"not sent: Smart Sending, since {evidence['earlier_flow']} sent "
        f"{evidence['earlier_step']} by {channel} at {words.moment(earlier)}, less than {window} "
        f"before; free again at {words.moment(evidence['free_at'])}"
    )


def _frequency_cap(evidence: Evidence, words: Words) -> str:
    window = evidence.get("window_ms")
    within = "on one day" if window is None else f"within {duration_text(window)}"
    channels = ", ".join(evidence.get("channels", ()))
    sent = ", ".join(words.moment(at) for at in evidence.get("sent_at", ()))
    return (
        f"not sent: the cap of {evidence.get('at_most')} {within} ({channels}) is reached; "
        f"sent at {sent}"
    )


def _expired(evidence: Evidence, words: Words) -> str:
    if "reached_at" not in evidence:
        return _because("not sent: it had expired")(evidence, words)
    return (
        f"not sent: it reached this step at {words.moment(evidence['reached_at'])} and had "
        f"expired at {words.moment(evidence['expired_at'])}"
    )


def _no_recipient(evidence: Evidence, words: Words) -> str:
    channel, field = evidence.get("channel"), evidence.get("field")
    return f"not sent: there is no address for {channel} (profile field '{field}' is empty)"


def _bad_recipient(evidence: Evidence, words: Words) -> str:
    return (
        f"not sent: '{evidence.get('found')}' can't be an address for {evidence.get('channel')} "
        f"(profile field '{evidence.get('field')}')"
    )


def _no_consent(evidence: Evidence, words: Words) -> str:
    given = ", ".join(evidence.get("consent", ())) or "nothing"
    return f"not sent: no consent to {evidence.get('channel')} (consented to: {given})"


_CAUSES = {
    "unsubscribed": "they unsubscribed",
    "hard_bounce": "the address doesn't exist (hard bounce)",
    "soft_bounces": "seven soft bounces in a row",
    "complaint": "they complained of spam",
}


def _suppressed(evidence: Evidence, words: Words) -> str:
    causes = ", ".join(_CAUSES.get(cause, cause) for cause in evidence.get("causes", ()))
    return f"not sent: {evidence.get('channel')} is suppressed: {causes}"


def _quiet_hours(evidence: Evidence, words: Words) -> str:
    until = evidence.get("until")
    if until is None:
        return _because("held: quiet hours")(evidence, words)
    return (
        f"held: quiet hours from {evidence.get('quiet_from')} to {evidence.get('quiet_to')}; "
        f"judged again at {words.moment(until)}"
    )


def _forgotten(evidence: Evidence, words: Words) -> str:
    """Of no flow: there was no room for all of the past."""
    if "forgotten" not in evidence:
        return _because("forgot the oldest events")(evidence, words)
    counted = ", ".join(f"{n:,} {metric}" for metric, n in evidence["forgotten"].items())
    return (
        f"forgot the oldest events ({counted}), because what is remembered of the customer had "
        f"grown to {evidence['bytes']:,} bytes; it is whole since "
        f"{words.moment(evidence['history_since'])}"
    )


def _coupon(text: str) -> Sentence:
    """The code, its pool, and how long it's valid."""

    def build(evidence: Evidence, words: Words) -> str:
        if "code" not in evidence:
            return _because(text)(evidence, words)
        until = evidence.get("expires_at")
        valid = "valid for ever" if until is None else f"valid until {words.moment(until)}"
        return f"{text} {evidence['code']} of {evidence.get('pool')}, {valid}"

    return build


def _no_coupon(before: str) -> Sentence:
    """Loaded codes belong to one partition each: another customer may still find one."""

    def build(evidence: Evidence, words: Words) -> str:
        return f"{before}no coupon of {evidence.get('pool', 'the pool')} was left in this partition"

    return build


def _exit(evidence: Evidence, words: Words) -> str:
    own_words = evidence.get("reason")
    return f"ended by the flow's own exit: {own_words}" if own_words else "ended by the flow's exit"


SENTENCES: dict[Outcome, dict[str, Sentence]] = {
    Outcome.ENTERED: {"": _entered},
    Outcome.NOT_ENTERED: {
        "too_old": _too_old,
        "flow_paused": _because("not begun: the flow is paused"),
        "missing_key": _missing_key,
        "profile_filter": _because("not begun: the flow's filter doesn't hold"),
        "exit_on": _not_entered_exit_on,
        "already_in_flow": _already_in_flow,
        "re_entry": _re_entry,
        "loop": _loop,
    },
    Outcome.SENT: {"": _sent},
    Outcome.SKIPPED: {
        "expired": _expired,
        "profile_filter": _because("not sent: the flow's filter doesn't hold any more"),
        "message_filter": _because("not sent: the message's only_if doesn't hold"),
        "no_recipient": _no_recipient,
        "bad_recipient": _bad_recipient,
        "no_consent": _no_consent,
        "suppressed": _suppressed,
        "smart_sending": _smart_sending,
        "frequency_cap": _frequency_cap,
        "no_coupon": _no_coupon("not sent: "),
    },
    Outcome.HELD: {
        "quiet_hours": _quiet_hours,
        "flow_paused": _because("held: the flow is paused"),
    },
    Outcome.REVIEW: {"": _review},
    Outcome.COUPON: {
        "given": _coupon("is given the coupon"),
        "kept": _coupon("keeps the coupon"),
        "no_coupon": _no_coupon(""),
    },
    Outcome.EXITED: {
        "finished": _fixed("ended: all steps are done"),
        "exit_on": _exit_on,
        "exit": _exit,
        "restarted": _fixed("ended: it begins anew, because its trigger came again"),
        "step_removed": _step_gone("its step was taken out of the flow and nothing follows it"),
        "archived": _step_gone("the flow was archived or left out of what was published"),
        "erased": _fixed("ended: the customer was erased"),
    },
    Outcome.CONVERTED: {"": _converted},
    Outcome.FORGOTTEN: {"": _forgotten},
}
"""By outcome and reason; `branch` takes the name of any way (`_branch`)."""
