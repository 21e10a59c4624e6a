"""The closed list of reasons (SEMANTICS 5.5)."""

from streams.engine.effects import REASONS, Outcome
from streams.replay.decision_text import DECISION_TEXTS


def test_every_outcome_has_its_reasons() -> None:
    assert REASONS.keys() == set(Outcome)


def test_every_reason_that_is_told_is_one() -> None:
    for outcome, texts in DECISION_TEXTS.items():
        assert {reason for reason in texts if reason} <= set(REASONS[outcome])
