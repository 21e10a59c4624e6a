"""`sendflow dead-letters` without a broker: which records are meant."""

from pathlib import Path

import pytest

from streams.cli.main import run
from streams.contracts.dead_letters import DeadLetter
from streams.operations import dead_letters
from streams.operations.dead_letters import FoundLetter

LETTER = DeadLetter(
    at=1_772_445_600_000,
    topic="orders",
    partition=3,
    offset=81223,
    time=1_772_445_600_000,
    reason="field 'total' is missing",
    schema="sendflow.v1.OrderPlaced",
    key=b"ada",
    value=b"{}",
    headers=[],
)


@pytest.fixture(autouse=True)
def one_letter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dead_letters, "read_letters", lambda *_: ([FoundLetter(LETTER)], []))


@pytest.mark.parametrize(
    "command", [["list"], ["export", "letters.jsonl"], ["retry", "--yes"]], ids=" ".join
)
def test_an_unknown_topic_is_refused_with_the_nearest_name(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", *command, "--topic", "order"]) == 2
    assert "unknown topic 'order': did you mean 'orders'?" in capsys.readouterr().err
    assert not Path("letters.jsonl").exists()


@pytest.mark.parametrize("topic", ["carts", "control"])
def test_a_topic_without_dead_letters_is_none(
    topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", "list", "--topic", topic]) == 1
    assert "none of 1 dead letters fits" in capsys.readouterr().err


def test_an_export_of_nothing_leaves_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dead-letters", "export", "letters.jsonl", "--reason", "currency"]) == 1
    assert not Path("letters.jsonl").exists()
    assert run(["dead-letters", "export", "letters.jsonl", "--reason", "total"]) == 0
    assert len(Path("letters.jsonl").read_text().splitlines()) == 1
    assert "1 dead letter written to letters.jsonl" in capsys.readouterr().out
