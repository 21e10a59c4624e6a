"""`sendflow flows schema`: the editors' schemas with the names of the shop."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run

FILES = {
    "a.yaml": "flow: a\ntrigger: {metric: survey.answered}\nsteps: [exit]\n",
    "metrics/survey.answered.yaml": ("metric: survey.answered\nfields: {score: number}\n"),
    "segments/vip.yaml": "segment: vip\nif: {profile: plan, equals: gold}\n",
    "coupons/ten.yaml": "coupons: ten\nrule: {length: 8}\n",
    "store.yaml": "profile: {plan: text}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def written(folder: Path, name: str) -> Any:
    return json.loads((folder / "schemas" / name).read_text())


def test_the_names_of_the_shop(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "schema", str(folder)]) == 0
    assert f"wrote {folder}/schemas/flow.schema.json" in capsys.readouterr().out
    parts = written(folder, "flow.schema.json")["$defs"]
    metrics = parts["trigger.metric"]["properties"]["metric"]["enum"]
    assert {"survey.answered", "order.placed"} <= set(metrics)
    fields = parts["where_survey.answered"]["properties"]
    assert fields.keys() == {"event_id", "customer_id", "occurred_at", "score", "properties"}
    assert parts["condition.segment"]["properties"]["segment"]["enum"] == ["vip"]
    assert parts["condition.in_flow"]["properties"]["in_flow"]["enum"] == ["a"]
    assert parts["step.send"]["properties"]["coupon"]["enum"] == ["ten"]
    assert "plan" in parts["condition.profile"]["properties"]["profile"]["enum"]
    changes = parts["where_customer.updated"]["properties"]
    assert "set.plan" in changes


def test_tests_know_them_too(folder: Path) -> None:
    assert run(["flows", "schema", str(folder)]) == 0
    case = written(folder, "test.schema.json")["$defs"]["CaseText"]["properties"]
    events = case["events"]["items"]
    assert "score" in events["properties"]["survey.answered"]["properties"]
    assert events["additionalProperties"] is False
    assert "plan" in case["customers"]["additionalProperties"]["properties"]


def test_a_folder_with_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.yaml").write_text("flow: b\n")
    assert run(["flows", "schema", str(folder)]) == 0
    assert "the folder has problems" in capsys.readouterr().err
    assert run(["flows", "check", str(folder)]) == 1
    assert "schemas" not in capsys.readouterr().err


def test_no_folder(tmp_path: Path) -> None:
    assert run(["flows", "schema", str(tmp_path / "nowhere")]) == 2
