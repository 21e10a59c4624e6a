"""`sendflow flows check`: every problem, and the exit status."""

import json
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.errors import Refused
from streams.operations.publish import read_to_publish
from streams.resources import example_flows_dir


def flow(folder: Path, text: str) -> Path:
    folder.joinpath("a.yaml").write_text(
        f"flow: a\n{text}\nsteps: [{{send: email, template: t}}]\n"
    )
    return folder


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "check", str(example_flows_dir())]) == 0
    assert ": valid" in capsys.readouterr().out


def test_problems_are_shown_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow(tmp_path, "trigger: {metric: order.placd}\nprio: 5")
    assert run(["flows", "check", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0].startswith(
        f"{tmp_path}/a.yaml:2:19: unknown metric 'order.placd': did you mean"
    )
    assert lines[1].startswith(
        f"{tmp_path}/a.yaml:3:1: unknown key 'prio': did you mean 'priority'?"
    )
    assert lines[2] == "2 problems in 1 file"


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow(tmp_path, "trigger: {metric: order.placd}")
    assert run(["flows", "check", str(tmp_path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    (problem,) = said["problems"]
    assert (problem["line"], problem["column"], problem["nearest"]) == (2, 19, "order.placed")

    flow(tmp_path, "trigger: {metric: order.placed}")
    assert run(["flows", "check", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": [], "advice": []}


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "check", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "publish"])
def test_a_file_of_the_folder_is_not_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    store = tmp_path / "store.yaml"
    store.write_text("{timezone: UTC}\n")
    assert run(["flows", command, str(store)]) == 2
    first = capsys.readouterr().err.splitlines()[0]
    said = f"is a file, expected a definitions folder (perhaps {tmp_path})"
    assert first == f"{store}: {said}"


def test_missing_ids_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "flow: a\ntrigger: {metric: order.placed}\n"
        "steps:\n  - {wait: 1d}\n  - {send: email, template: t}\n"
    )
    assert run(["flows", "check", str(tmp_path)]) == 1
    assert "--fix" in capsys.readouterr().err
    assert run(["flows", "check", str(tmp_path), "--fix"]) == 0
    assert f"{file}: wrote wait-1" in capsys.readouterr().err
    assert "- {wait: 1d, id: wait-1}" in file.read_text()


def test_a_folder_without_definitions_is_the_wrong_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["flows", "check", str(tmp_path)]) == 1
    assert "wrong folder?" in capsys.readouterr().err
    (tmp_path / "store.yaml").write_text("{timezone: UTC}\n")
    assert run(["flows", "check", str(tmp_path)]) == 0


def test_an_empty_set_is_not_published(tmp_path: Path) -> None:
    """It would end every journey."""
    with pytest.raises(Refused) as refused:
        read_to_publish(tmp_path)
    first, last = str(refused.value).splitlines()
    assert "no definitions found; wrong folder?" in first
    assert last == f"{tmp_path}: nothing published"
