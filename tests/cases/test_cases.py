"""Every numbered case of SEMANTICS, and every test of the example flows, by its name."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.compiled import form
from streams.engine.effects import Outcome
from streams.flowtest import judging
from streams.flowtest.cases import Case
from streams.flowtest.judging import judge_case
from streams.flowtest.run import Ran, play_case, run_case
from streams.replay.decision_text import decision_text
from streams.replay.judged_condition import judged_condition
from streams.replay.words import Words
from tests.harness.cases import all_cases, name_of
from tests.harness.examples import SHARE

run_by_form = run_case if form().is_compiled or SHARE == 1 else play_case
"""`.ci/run`, which has all three ways of each case in the compiled form, has one of them in the
interpreted one."""

IN_LONDON = Words(ZoneInfo("Europe/London"))

REASONS: dict[str, set[str]] = {
    "not_entered": {
        "profile_filter",
        "re_entry",
        "already_in_flow",
        "missing_key",
        "known_order",
        "stale",
        "too_old",
        "exit_on",
        "flow_paused",
        "loop",
    },
    "branch": {"then", "else", "timeout", "missing"},  # or the name of a sample's path
    "held": {"quiet_hours", "flow_paused", "no_profile_yet", "smart_sending", "frequency_cap"},
    "skipped": {
        "expired",
        "profile_filter",
        "message_filter",
        "no_recipient",
        "bad_recipient",
        "no_consent",
        "topic_left",
        "suppressed",
        "smart_sending",
        "frequency_cap",
        "no_items",
        "no_coupon",
    },
    "coupon": {"given", "kept", "no_coupon"},
    "exited": {
        "finished",
        "exit_on",
        "exit",
        "restarted",
        "step_removed",
        "date_changed",
        "archived",
        "erased",
    },
    "entered": {""},
    "sent": {""},
    "review": {""},
    "converted": {""},
}
"""The closed list of SEMANTICS 5.5."""


@pytest.mark.parametrize("case", all_cases(), ids=name_of)
def test_case(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes to what it expects; every decision has one of the reasons that there are, and what
    the engine wrote as its evidence fits the text that shows it."""
    decisions: list[dict[str, Any]] = []

    def run(case: Case) -> Any:
        ran = run_by_form(case)
        if isinstance(ran, Ran):
            decisions.extend(ran.outputs.decisions)
        return ran

    monkeypatch.setattr(judging, "run_case", run)
    assert judge_case(case).picture == []
    flows = {flow["flow"]: flow for flow in case.definitions.get("flows", ())}
    for decision in decisions:
        is_path = "fresh" in decision["evidence"]
        assert is_path or decision["reason"] in REASONS[decision["outcome"]]
        assert_can_be_shown(decision, flows.get(decision["flow"], {}))


def assert_can_be_shown(decision: dict[str, Any], flow: dict[str, Any]) -> None:
    outcome, reason = Outcome(decision["outcome"]), decision["reason"]
    evidence = decision["evidence"]
    judged = judged_condition(flow, decision["step"], outcome, reason, evidence)
    text = decision_text(outcome, reason, evidence, IN_LONDON, judged)
    assert "None" not in text, text
    assert "_ms" not in text, text


def test_cases_expect_decisions_of_many_kinds() -> None:
    expected = [one for case in all_cases() for one in case.expect.decisions or ()]
    kinds = {(one.get("outcome"), one.get("reason")) for one in expected}
    assert len(kinds) > 15
