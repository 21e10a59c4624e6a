import sys
from typing import Any

import pytest

from benchmarks.run import ALONE, SHORT, WITH_BROKER, arguments


def given(monkeypatch: pytest.MonkeyPatch, *options: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["benchmarks.run", *options])
    return vars(arguments())


def test_everything_is_measured_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    found = given(monkeypatch)
    assert set(found["only"]) == {*ALONE, *WITH_BROKER}
    assert found["events"] >= 1_000_000  # fewer, and Java would not be warm


def test_what_is_given_counts_beside_short(monkeypatch: pytest.MonkeyPatch) -> None:
    found = given(monkeypatch, "--short", "--events", "70000")
    assert found["events"] == 70_000
    assert {name: found[name] for name in SHORT if name != "events"} == {
        name: value for name, value in SHORT.items() if name != "events"
    }


def test_an_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        given(monkeypatch, "--only", "everything")
