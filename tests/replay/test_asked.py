"""The condition behind a decision, found in the definitions as they were written."""

import pytest

from streams.engine.effects import Outcome
from streams.replay.asked import Asked, asked_by

FLOW = {
    "flow": "f",
    "filter": {"not": {"segment": "wholesale"}},
    "steps": [
        {"wait": "4h", "id": "pause"},
        {
            "if": {"count": "order.placed", "equals": "1"},
            "then": [
                {"send": "email", "template": "new", "only_if": {"consent": "email"}},
                {"if": {"trigger": "total", "gt": "100"}, "then": [{"send": "email"}]},
            ],
        },
        {
            "branch": [
                {"when": {"consent": "sms"}, "then": [{"if": {"consent": "email"}}]},
                {"when": {"consent": "push"}, "then": []},
            ]
        },
        {"sample": {"a": "50"}, "paths": {"a": [{"if": {"in_flow": "g"}}]}},
        {"wait_for": {"where": {"a": "1"}, "metric": "order.fulfilled"}, "id": "come"},
    ],
}


@pytest.mark.parametrize(
    ("step", "outcome", "reason", "asked"),
    [
        ("steps[1]", Outcome.BRANCH, "then", Asked("if", "count order.placed equals 1")),
        ("steps[1].then[1]", Outcome.BRANCH, "else", Asked("if", "trigger total gt 100")),
        ("steps[2].branch[0].then[0]", Outcome.BRANCH, "else", Asked("if", "consent email")),
        ("steps[2]", Outcome.BRANCH, "else", Asked("branch", "consent sms, consent push")),
        ("steps[3]", Outcome.BRANCH, "a", Asked("sample")),
        ("steps[3].paths.a[0]", Outcome.BRANCH, "else", Asked("if", "in_flow g")),
        (
            "come",
            Outcome.BRANCH,
            "timeout",
            Asked("wait_for", "metric order.fulfilled where (a 1)"),
        ),
        ("new", Outcome.SKIPPED, "message_filter", Asked("only_if", "consent email")),
        ("new", Outcome.SKIPPED, "profile_filter", Asked("filter", "not (segment wholesale)")),
        (None, Outcome.NOT_ENTERED, "profile_filter", Asked("filter", "not (segment wholesale)")),
        ("new", Outcome.SENT, "", None),
        ("pause", Outcome.EXITED, "exit_on", None),
        ("gone", Outcome.BRANCH, "then", None),
    ],
)
def test_what_was_asked(step, outcome, reason, asked):
    assert asked_by(FLOW, step, outcome, reason, {}) == asked


def test_of_several_ways_the_one_that_was_taken():
    asked = asked_by(FLOW, "steps[2]", Outcome.BRANCH, "then", {"way": 2})
    assert asked == Asked("branch", "consent push")
