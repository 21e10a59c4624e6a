"""Sentences about a message: sent, held, skipped, waiting for review, its coupon, and the order
that it brought."""

from streams.engine.effects import Outcome
from streams.engine.values import duration_text
from streams.replay.words import EvidenceFields, TextFunction, Words, because


def _sent(evidence: EvidenceFields, words: Words) -> str:
    if "webhook" in evidence:
        return f"webhook command {evidence['webhook']}"
    if "template" not in evidence:
        return because("sent")(evidence, words)
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
        return because("awaiting review")(evidence, words)
    return f"awaiting review: {evidence['template']} by {evidence['channel']}"


def _converted(evidence: EvidenceFields, words: Words) -> str:
    if "order_id" not in evidence:
        return because("conversion")(evidence, words)
    return (
        f"conversion: order {evidence['order_id']}: {evidence['touch']} at "
        f"{words.moment(evidence['touched_at'])}, message sent at "
        f"{words.moment(evidence['sent_at'])}"
    )


def _smart_sending(evidence: EvidenceFields, words: Words) -> str:
    channel = evidence.get("channel", "the channel")
    earlier = evidence.get("earlier_sent_at")
    if earlier is None:
        return because("not sent: Smart Sending")(evidence, words)
    window = duration_text(evidence["window_ms"])
    return (
        f"not sent: Smart Sending: {evidence['earlier_flow']} sent "
        f"{evidence['earlier_step']} by {channel} at {words.moment(earlier)}, less than {window} "
        f"before; next possible {words.moment(evidence['free_at'])}"
    )


def _held_by_smart_sending(evidence: EvidenceFields, words: Words) -> str:
    if "until" not in evidence:
        return because("held: Smart Sending")(evidence, words)
    return (
        f"held: Smart Sending: {evidence['earlier_flow']} sent {evidence['earlier_step']} by "
        f"{evidence['channel']} at {words.moment(evidence['earlier_sent_at'])}; evaluated again at "
        f"{words.moment(evidence['until'])}"
    )


def _held_by_cap(evidence: EvidenceFields, words: Words) -> str:
    if "until" not in evidence:
        return because("held: cap reached")(evidence, words)
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
        return because("not sent: expired")(evidence, words)
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
        return because("held: quiet hours")(evidence, words)
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


def _coupon(text: str) -> TextFunction:
    """The code, its pool and its expiry."""

    def build(evidence: EvidenceFields, words: Words) -> str:
        if "code" not in evidence:
            return because(text)(evidence, words)
        until = evidence.get("expires_at")
        valid = "no expiry" if until is None else f"valid until {words.moment(until)}"
        left = evidence.get("left")
        remaining = "" if left is None else f", {left} left in this partition"
        return f"{text}: {evidence['code']} of {evidence.get('pool')}, {valid}{remaining}"

    return build


def _no_coupon(before: str) -> TextFunction:
    """Loaded codes belong to one partition each: other partitions may still have some."""

    def build(evidence: EvidenceFields, words: Words) -> str:
        return f"{before}no codes of {evidence.get('pool', 'the pool')} left in this partition"

    return build


MESSAGE_TEXTS: dict[Outcome, dict[str, TextFunction]] = {
    Outcome.SENT: {"": _sent},
    Outcome.SKIPPED: {
        "expired": _expired,
        "profile_filter": because("not sent: flow filter no longer holds"),
        "message_filter": because("not sent: only_if of the message does not hold"),
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
        "flow_paused": because("held: flow paused"),
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
    Outcome.CONVERTED: {"": _converted},
}
