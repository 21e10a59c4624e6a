"""Decisions as sentences: one for every outcome and reason (SEMANTICS 5.5).

Each sentence is built from the reason and the evidence: the values behind the decision.
"""

from streams.engine.conditions import HISTORY_SINCE
from streams.engine.effects import Outcome
from streams.engine.values import duration_text
from streams.replay.entry_text import ENTRY_TEXTS
from streams.replay.judged_condition import JudgedCondition
from streams.replay.message_text import MESSAGE_TEXTS
from streams.replay.words import EvidenceFields, TextFunction, Words, because, fixed


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


def _exit_on(evidence: EvidenceFields, words: Words) -> str:
    if "metric" not in evidence:
        return because("exited by an event of exit_on")(evidence, words)
    text = f"exited by {evidence['metric']} at {words.moment(evidence['occurred_at'])}"
    if "last_sent_at" in evidence:
        sent = words.moment(evidence["last_sent_at"])
        text += f"; last message {evidence['last_sent_step']} at {sent}"
    waited = evidence.get("waited_until")
    return text if waited is None else f"{text}; next step was due {words.moment(waited)}"


def _exit(evidence: EvidenceFields, words: Words) -> str:
    own_words = evidence.get("reason")
    return f"ended by an exit step: {own_words}" if own_words else "ended by an exit step"


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


def _forgotten(evidence: EvidenceFields, words: Words) -> str:
    """Of no flow: the state exceeded its size limit."""
    if "forgotten" not in evidence:
        return because("oldest events dropped")(evidence, words)
    counted = ", ".join(f"{n:,} {metric}" for metric, n in evidence["forgotten"].items())
    return (
        f"oldest events dropped ({counted}): state reached {evidence['bytes']:,} bytes; history "
        f"complete since {words.moment(evidence['history_since'])}"
    )


DECISION_TEXTS: dict[Outcome, dict[str, TextFunction]] = {
    **ENTRY_TEXTS,
    **MESSAGE_TEXTS,
    Outcome.EXITED: {
        "finished": fixed("ended: all steps done"),
        "exit_on": _exit_on,
        "exit": _exit,
        "restarted": fixed("ended: restarted by its trigger"),
        "step_removed": _step_gone("step removed, no successor"),
        "date_changed": _date_changed,
        "archived": _step_gone("flow archived or removed"),
        "erased": fixed("ended: customer erased"),
    },
    Outcome.FORGOTTEN: {"": _forgotten},
}
"""By outcome and reason; the reason of `branch` is the name of the path (`_branch`)."""
