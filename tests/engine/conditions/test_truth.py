"""all, any and not: what holds, and the earliest moment at which that could change."""

import pytest

from streams.engine.conditions.truth import (
    ALWAYS,
    NEVER,
    Condition,
    Evidence,
    Truth,
    all_of,
    any_of,
    earlier,
    evidence_of_all,
    not_of,
)
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import CustomerState

SITUATION = Situation(CustomerState("ada"), 0)


def constant(truth: Truth) -> Condition:
    return lambda situation: truth


@pytest.mark.parametrize(
    ("parts", "both", "one_of"),
    [
        # while all hold, the first that ends counts; while one fails, the last that must change
        ([ALWAYS, ALWAYS], ALWAYS, ALWAYS),
        ([ALWAYS, NEVER], NEVER, ALWAYS),
        ([NEVER, NEVER], NEVER, NEVER),
        ([(True, 5), (True, 7)], (True, 5), (True, 7)),
        ([(True, 5), ALWAYS], (True, 5), ALWAYS),
        ([(False, 5), (False, 7)], (False, 7), (False, 5)),
        ([(False, 5), (True, 3)], (False, 5), (True, 3)),
        ([(True, 3), (False, 5)], (False, 5), (True, 3)),
        ([(False, 5), NEVER], NEVER, (False, 5)),
        ([(True, 5), NEVER], NEVER, (True, 5)),
        ([(False, 5), ALWAYS], (False, 5), ALWAYS),
    ],
)
def test_the_moment_of_change_is_the_earliest_possible(
    parts: list[Truth], both: Truth, one_of: Truth
) -> None:
    conditions = [constant(part) for part in parts]
    assert all_of(conditions)(SITUATION) == both
    assert any_of(conditions)(SITUATION) == one_of


def test_not_changes_with_what_it_turns_round() -> None:
    assert not_of(constant((True, 5)))(SITUATION) == (False, 5)
    assert not_of(constant(NEVER))(SITUATION) == ALWAYS


def test_earlier() -> None:
    assert earlier(None, None) is None
    assert earlier(3, None) == 3
    assert earlier(None, 3) == 3
    assert earlier(3, 2) == 2


def test_evidence_is_that_of_all_parts() -> None:
    first = Evidence({"a": 1}, history_since=7, no_rate=frozenset({"SEK"}))
    second = Evidence({"b": 2}, history_since=5, no_rate=frozenset({"NOK"}))
    collect = evidence_of_all([lambda situation: first, lambda situation: second])
    assert collect(SITUATION).as_json() == {
        "a": 1,
        "b": 2,
        "history_since": 7,
        "no_rate": ["NOK", "SEK"],
    }
