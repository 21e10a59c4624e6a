"""Definitions as text."""

from typing import Any

import pytest

from streams.engine.compiling.definition_text import condition_text, step_text


def test_nested_conditions_read_from_the_outside_in() -> None:
    condition = {"all": [{"consent": "email"}, {"count": "order.placed", "in_last": "7d"}]}
    assert condition_text(condition) == "all [consent email, count order.placed in_last 7d]"


def test_what_is_compared_comes_first_whatever_the_order_of_keys() -> None:
    assert condition_text({"gt": "100", "trigger": "total"}) == "trigger total gt 100"
    written = {"at_least": "2", "count": "order.placed", "in_last": "7d", "where": {"total": "0"}}
    assert condition_text(written) == "count order.placed at_least 2 in_last 7d where (total 0)"


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"at": "10:00", "id": "pause", "wait": "14d"}, "wait 14d, at 10:00"),
        (
            {"wait": {"offset": "-3d", "until": "$profile.birthday"}, "id": "w"},
            "wait until $profile.birthday offset -3d",
        ),
        ({"items": "cart", "send": "email", "template": "a"}, "send email: a, items cart"),
        (
            {"send": "sms", "template": "a", "only_if": {"consent": "sms"}},
            "send sms: a, only_if (consent sms)",
        ),
        (
            {"if": {"gt": "9", "trigger": "total"}, "then": [{"exit": None}]},
            "if trigger total gt 9",
        ),
        ({"branch": [{"when": {"consent": "sms"}, "then": []}], "else": []}, "branch"),
        ({"sample": {"a": "100"}, "paths": {}, "fresh": "true"}, "sample, fresh true"),
        (
            {"timeout": "1d", "wait_for": {"where": {"x": "1"}, "metric": "order.fulfilled"}},
            "wait_for metric order.fulfilled where (x 1), timeout 1d",
        ),
        ("exit", "exit"),
        ({"exit": None, "reason": "enough"}, "exit, reason enough"),
    ],
)
def test_a_step_says_what_it_does_and_not_what_is_inside(step: Any, says: str) -> None:
    assert step_text(step) == says
