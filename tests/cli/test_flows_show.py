"""`sendflow flows show`: a picture, and the exit status."""

from pathlib import Path

import pytest

from streams.cli.main import run
from streams.resources import example_flows_dir

FLOWS = str(example_flows_dir())


@pytest.mark.parametrize("file", sorted(example_flows_dir().glob("*-*.yaml")), ids=lambda f: f.stem)
def test_every_example_flow_can_be_drawn(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "show", file.stem, FLOWS]) == 0
    assert capsys.readouterr().out.startswith(f"{file.stem}: ")
    assert run(["flows", "show", file.stem, FLOWS, "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n  start([")


def test_a_flow_that_is_not_there_gets_the_nearest_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["flows", "show", "cart-recovry", FLOWS]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "unknown flow 'cart-recovry': did you mean 'cart-recovery'?" in shown.err


def test_definitions_with_problems_are_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("flow: a\n")
    assert run(["flows", "show", "a", str(tmp_path)]) == 1
    assert "missing key 'trigger'" in capsys.readouterr().err


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "show", "a", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_flows_test_is_the_command_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "test", f"{FLOWS}/tests/cart-recovery.test.yaml"]) == 0
    assert "cases passed" in capsys.readouterr().out
