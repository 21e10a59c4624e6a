"""Every numbered case of SEMANTICS, and every test of the example flows, by its name."""

import functools
from pathlib import Path
from typing import Any

import pytest

from streams.flowtest import judging
from streams.flowtest.cases import Case, find_files, read_file
from streams.flowtest.judging import judge_case
from streams.flowtest.run import Ran, run_case
from streams.resources import example_flows_dir


@functools.cache
def all_cases() -> list[Case]:
    cases = []
    for file in find_files([Path(__file__).parent, example_flows_dir()]):
        read = read_file(file)
        assert not read.problems, "\n".join(str(problem) for problem in read.problems)
        cases += read.cases
    return cases


def name_of(case: Case) -> str:
    return f"{Path(case.file).stem}: {case.name}"


REASONS: dict[str, set[str]] = {
    "not_entered": {
        "profile_filter",
        "re_entry",
        "already_in_flow",
        "missing_key",
        "too_old",
        "exit_on",
        "flow_paused",
        "loop",
    },
    "branch": {"then", "else", "timeout"},  # or the name of a sample's path
    "held": {"quiet_hours", "flow_paused"},
    "skipped": {
        "expired",
        "profile_filter",
        "message_filter",
        "no_recipient",
        "bad_recipient",
        "no_consent",
        "suppressed",
        "smart_sending",
        "frequency_cap",
        "no_coupon",
    },
    "coupon": {"given", "kept", "no_coupon"},
    "exited": {
        "finished",
        "exit_on",
        "exit",
        "restarted",
        "step_removed",
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
    """It comes to what it expects, and every decision has one of the reasons that there are."""
    decisions: list[dict[str, Any]] = []

    def run(case: Case) -> Any:
        ran = run_case(case)
        if isinstance(ran, Ran):
            decisions.extend(ran.outputs.decisions)
        return ran

    monkeypatch.setattr(judging, "run_case", run)
    assert judge_case(case).picture == []
    for decision in decisions:
        is_path = "fresh" in decision["evidence"]
        assert is_path or decision["reason"] in REASONS[decision["outcome"]]
