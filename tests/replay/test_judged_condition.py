"""The condition behind a decision, found in the definitions as they were written."""

import pytest

from streams.engine.effects import Outcome
from streams.replay.judged_condition import JudgedCondition, judged_condition

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
    ("step", "outcome", "reason", "judged"),
    [
        ("steps[1]", Outcome.BRANCH, "then", JudgedCondition("if", "count order.placed equals 1")),
        ("steps[1].then[1]", Outcome.BRANCH, "else", JudgedCondition("if", "trigger total gt 100")),
        (
            "steps[2].branch[0].then[0]",
            Outcome.BRANCH,
            "else",
            JudgedCondition("if", "consent email"),
        ),
        (
            "steps[2]",
            Outcome.BRANCH,
            "else",
            JudgedCondition("branch", "consent sms, consent push"),
        ),
        ("steps[3]", Outcome.BRANCH, "a", JudgedCondition("sample")),
        ("steps[3].paths.a[0]", Outcome.BRANCH, "else", JudgedCondition("if", "in_flow g")),
        (
            "come",
            Outcome.BRANCH,
            "timeout",
            JudgedCondition("wait_for", "metric order.fulfilled where (a 1)"),
        ),
        ("new", Outcome.SKIPPED, "message_filter", JudgedCondition("only_if", "consent email")),
        (
            "new",
            Outcome.SKIPPED,
            "profile_filter",
            JudgedCondition("filter", "not (segment wholesale)"),
        ),
        (
            None,
            Outcome.NOT_ENTERED,
            "profile_filter",
            JudgedCondition("filter", "not (segment wholesale)"),
        ),
        ("new", Outcome.SENT, "", None),
        ("pause", Outcome.EXITED, "exit_on", None),
        ("gone", Outcome.BRANCH, "then", None),
    ],
)
def test_the_condition_behind_a_decision(step, outcome, reason, judged):
    assert judged_condition(FLOW, step, outcome, reason, {}) == judged


def test_of_several_ways_the_one_that_was_taken():
    judged = judged_condition(FLOW, "steps[2]", Outcome.BRANCH, "then", {"way": 2})
    assert judged == JudgedCondition("branch", "consent push")
