"""Truth in time: whether something holds now, and the earliest moment at which that could change
without an event (DESIGN 5.8). That moment is what makes "no order for 90 days" a timer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streams.engine.customer import Past, Situation
from streams.engine.values import NO_RATE, Instant

Truth = tuple[bool, Instant | None]
"""(holds now, earliest moment after now at which it could change by time alone; None: never)."""

Condition = Callable[[Situation], Truth]

Evidence = Callable[[Situation], dict[str, Any]]
"""The values that a condition compares, as plain JSON, for a decision."""

HISTORY_SINCE = "history_since"
"""In evidence: the state has forgotten, or never kept, what happened before this moment."""

ALWAYS: Truth = (True, None)
NEVER: Truth = (False, None)


def earlier(a: Instant | None, b: Instant | None) -> Instant | None:
    """The earlier of two moments, None being never."""
    if a is None:
        return b
    if b is None or a < b:
        return a
    return b


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Holds while every part holds. While it doesn't, it can't begin before each part that fails
    now has changed at least once, so the latest of their moments is announced."""
    parts = tuple(conditions)

    def judge(situation: Situation) -> Truth:
        holds_until: Instant | None = None
        fails_until: Instant | None = None
        fails = False
        for part in parts:
            holds, changes_at = part(situation)
            if not holds:
                if changes_at is None:
                    return NEVER
                fails = True
                if fails_until is None or changes_at > fails_until:
                    fails_until = changes_at
            elif not fails and changes_at is not None:
                holds_until = earlier(holds_until, changes_at)
        return (False, fails_until) if fails else (True, holds_until)

    return judge


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Holds while one part holds: the mirror of `all_of`."""
    negated = all_of([not_of(condition) for condition in conditions])
    return not_of(negated)


def evidence_of_all(parts: Sequence[Evidence]) -> Evidence:
    """What all parts compare."""

    def collect(situation: Situation) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in parts:
            add_evidence(values, part(situation))
        return values

    return collect


def add_evidence(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds what another condition compared. What is said of all of it together is joined."""
    for name, value in more.items():
        if name == HISTORY_SINCE:
            value = max(value, values.get(name, value))  # from then on all of it is known
        elif name == NO_RATE and name in values:
            value = sorted({*values[name], *value})
        values[name] = value


def history_since(past: Past | None, start: Instant) -> dict[str, Any]:
    """For the evidence of a condition that looks at events from `start` on (included): since when
    they are known, if that is later (SEMANTICS 3.7)."""
    return {} if past is None or past.since <= start else {HISTORY_SINCE: past.since}


def known_since(situation: Situation, evidence: Evidence) -> dict[str, Any]:
    """The `history_since` of what `evidence` tells, for a decision that doesn't show the rest."""
    for past in situation.state.recent.values():
        if past.since:  # as of hardly anybody
            found = evidence(situation).get(HISTORY_SINCE)
            return {} if found is None else {HISTORY_SINCE: found}
    return {}


def not_of(condition: Condition) -> Condition:
    """Holds while `condition` doesn't, and changes with it."""

    def judge(situation: Situation) -> Truth:
        holds, changes_at = condition(situation)
        return not holds, changes_at

    return judge
