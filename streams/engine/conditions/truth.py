"""Truth over time: a condition's value now, and the earliest moment at which it could change
without an event (DESIGN 5.8). That moment makes "no order for 90 days" a timer."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from streams.engine.customer import Past, Situation
from streams.engine.values import Instant

Truth = tuple[bool, Instant | None]
"""(holds now, earliest moment after now at which it could change by time alone; None: never)."""

Condition = Callable[[Situation], Truth]

HISTORY_SINCE, NO_RATE = "history_since", "no_rate"
"""Names of Evidence fields in a decision's JSON."""


class Evidence(msgspec.Struct):
    """The values that a condition compares, as plain JSON, with what they leave out."""

    values: dict[str, Any] = {}
    history_since: Instant | None = None  # events before it were forgotten, or never kept
    no_rate: frozenset[str] = frozenset()  # currencies of amounts that couldn't be compared

    def add(self, other: "Evidence") -> None:
        """Adds the evidence of another condition of the same decision."""
        self.values.update(other.values)
        if other.no_rate:
            self.no_rate |= other.no_rate
        if other.history_since is not None:
            self.history_since = max(other.history_since, self.history_since or 0)

    def as_json(self) -> dict[str, Any]:
        """The evidence as a decision carries it: `values`, and what they leave out."""
        evidence = self.values
        if self.history_since is not None:
            evidence[HISTORY_SINCE] = self.history_since
        if self.no_rate:
            evidence[NO_RATE] = sorted(self.no_rate)
        return evidence


EvidenceFunction = Callable[[Situation], Evidence]

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
    """Holds while every part holds. Otherwise it can't begin to hold before each failing part has
    changed at least once, so the latest of their moments is returned."""
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
    """Holds while one part holds: the dual of `all_of`."""
    negated = all_of([not_of(condition) for condition in conditions])
    return not_of(negated)


def evidence_of_all(parts: Sequence[EvidenceFunction]) -> EvidenceFunction:
    """The evidence of all parts together."""

    def collect(situation: Situation) -> Evidence:
        evidence = Evidence()
        for part in parts:
            evidence.add(part(situation))
        return evidence

    return collect


def history_since(past: Past | None, start: Instant) -> Instant | None:
    """The `history_since` of a condition that looks at events from `start` on (included): None if
    the history is complete from there (SEMANTICS 3.7)."""
    return None if past is None or past.since <= start else past.since


def known_since(situation: Situation, evidence: EvidenceFunction) -> Instant | None:
    """The `history_since` of `evidence`, for a decision that doesn't show its values."""
    for past in situation.state.recent.values():
        if past.since:  # true of few customers; for all others nothing is evaluated
            return evidence(situation).history_since
    return None


def not_of(condition: Condition) -> Condition:
    """Holds while `condition` doesn't."""

    def judge(situation: Situation) -> Truth:
        holds, changes_at = condition(situation)
        return not holds, changes_at

    return judge
