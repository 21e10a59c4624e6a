"""`sendflow test`: exit status 0, 1 and 2, the picture, JSON and JUnit."""

import json
from pathlib import Path

import pytest

from streams.cli.main import run

TEXT = """
definitions:
  flows:
    - {flow: a, status: live, trigger: {metric: order.placed}, steps: [{send: email, template: t}]}
customers: {ada: {email: ada@example.com, consent: [email]}}
cases:
  - name: one mail
    events: [{at: 2026-03-02 10:00, order.placed: {customer: ada}}]
    expect: {commands: [{template: TEMPLATE}]}
"""


def write(folder: Path, template: str) -> str:
    folder.joinpath("a.test.yaml").write_text(TEXT.replace("TEMPLATE", template))
    return str(folder)


def test_all_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", write(tmp_path, "t")]) == 0
    assert capsys.readouterr().out == "1 of 1 cases passed, 1 file\n"


def test_some_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junit = tmp_path / "junit.xml"
    assert run(["test", write(tmp_path, "other"), "--junit", str(junit)]) == 1
    shown = capsys.readouterr().out
    assert f"✗ {tmp_path}/a.test.yaml:7: one mail" in shown
    assert "template: expected other, got t" in shown
    assert 'failures="1"' in junit.read_text()


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", write(tmp_path, "other"), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], said["failed"]) == (0, 1)
    assert said["cases"][0]["line"] == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [("cases: [", "a.test.yaml:1:8: '[' is never closed"), ("case: []", "unknown key 'case'")],
)
def test_a_file_that_can_not_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    tmp_path.joinpath("a.test.yaml").write_text(text)
    assert run(["test", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err


def test_nothing_to_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", str(tmp_path)]) == 2
    assert "no .test.yaml files" in capsys.readouterr().err
    assert run(["test", str(tmp_path / "nowhere")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
