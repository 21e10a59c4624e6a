"""Sentences about entering a flow, and about not entering it."""

from streams.engine.effects import Outcome
from streams.engine.values import duration_text
from streams.replay.words import EvidenceFields, TextFunction, Words, because


def _entered(evidence: EvidenceFields, words: Words) -> str:
    metric = evidence.get("metric")
    if "segment" in evidence:
        values = words.values(evidence, "segment")
        joined = f"entered: joined segment {evidence['segment']}"
        return f"{joined} ({values})" if values else joined
    if metric is None:
        return because("entered")(evidence, words)
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
        return because("not entered: event too old")(evidence, words)
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
        return because("not entered: exit_on event already received")(evidence, words)
    return (
        f"not entered: {evidence['metric']} at {words.moment(evidence['occurred_at'])} followed "
        f"the trigger ({words.moment(evidence['triggered_at'])})"
    )


def _already_in_flow(evidence: EvidenceFields, words: Words) -> str:
    if "entered_at" not in evidence:
        return because("not entered: already in the flow")(evidence, words)
    return (
        f"not entered: already in the flow for {evidence.get('key')} since "
        f"{words.moment(evidence['entered_at'])}"
    )


def _re_entry(evidence: EvidenceFields, words: Words) -> str:
    if "last_entry_at" not in evidence:
        return because("not entered: re_entry not allowed yet")(evidence, words)
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
        return because(text)(evidence, words)
    return f"not entered: {running:,} active journeys, limit reached"


ENTRY_TEXTS: dict[Outcome, dict[str, TextFunction]] = {
    Outcome.ENTERED: {"": _entered},
    Outcome.NOT_ENTERED: {
        "too_old": _too_old,
        "flow_paused": because("not entered: flow paused"),
        "missing_key": _missing_key,
        "known_order": _known_order,
        "stale": _stale,
        "profile_filter": because("not entered: flow filter does not hold"),
        "exit_on": _not_entered_exit_on,
        "already_in_flow": _already_in_flow,
        "re_entry": _re_entry,
        "loop": _loop,
    },
}
