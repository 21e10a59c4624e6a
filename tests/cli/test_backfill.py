"""`sendflow flows backfill`: output and confirmation (more: tests/broker/test_backfill.py)."""

import json

import pytest
import typer

from streams.cli.main import run
from streams.contracts.backfill_requests import BackfillRequest
from streams.engine import NotAdded, Placed
from streams.operations import backfill_plan
from streams.operations.backfill_plan import Candidate, Plan

NOON = 1_772_452_800_000
DUE = NOON + 3_600_000


def candidate(customer: str, placed: Placed | NotAdded) -> Candidate:
    request = None
    if isinstance(placed, Placed):
        request = BackfillRequest(customer, "late", NOON, None, "orders", NOON - 5, b"x")
    return Candidate(customer, f"e-{customer}", NOON - 10, placed, request)


PLAN = Plan(
    "late",
    "v1",
    NOON,
    ["first", "one", "second"],
    [
        candidate("ada", Placed("second", DUE)),
        candidate("bob", Placed("first", None)),
        candidate("eve", NotAdded.OVER),
        candidate("dan", Placed("second", DUE)),
    ],
    past_its_end=1_207,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that were carried out, of which there is only one to choose."""
    written: list[Plan] = []
    monkeypatch.setattr(backfill_plan, "plan_backfill", lambda *_: PLAN)
    monkeypatch.setattr(backfill_plan, "request_backfills", lambda _, plan: written.append(plan))
    return written


def test_the_table_has_the_steps_in_their_order(
    asked: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["flows", "backfill", "late", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "late, definitions v1",
        "step    journeys",
        "first          1",
        "second         2",
        "reason not added          events",
        "past the end of the flow       1",
        "skipped: 1,207 customers whose newest such event is older than the flow's length",
    ]
    assert asked == []


def test_json_names_the_customers(asked: list[Plan], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "backfill", "late", "--dry-run", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    ada = {"customer_id": "ada", "event_id": "e-ada", "occurred_at": NOON - 10}
    assert shown["placed"][0] == {**ada, "step": "second", "due": DUE}
    assert shown["not_added"] == [
        {"customer_id": "eve", "event_id": "e-eve", "occurred_at": NOON - 10, "reason": "over"}
    ]
    assert shown["customers_past_its_end"] == 1_207
    assert shown["steps"] == {"first": 1, "second": 2}
    assert asked == []


@pytest.mark.parametrize(("answer", "status"), [(True, 0), (False, 1)])
def test_it_asks_before_it_writes(
    asked: list[Plan], monkeypatch: pytest.MonkeyPatch, answer: bool, status: int
) -> None:
    questions: list[str] = []

    def confirm(question: str) -> bool:
        questions.append(question)
        return answer

    monkeypatch.setattr(typer, "confirm", confirm)
    assert run(["flows", "backfill", "late"]) == status
    assert questions == ["Add 3 journeys?"]
    assert asked == ([PLAN] if answer else [])


def test_yes_is_an_answer(asked: list[Plan], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "backfill", "late", "--yes"]) == 0
    assert capsys.readouterr().out.endswith("requested 3 journeys; the workers add them\n")
    assert asked == [PLAN]


def test_a_program_cannot_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flows", "backfill", "late", "--json"]) == 2
    assert "--json needs --dry-run or --yes" in capsys.readouterr().err


def test_in_simulated_time_nobody_is_added(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENDFLOW_RECORD_TIME", "create")
    assert run(["flows", "backfill", "late", "--dry-run"]) == 2
    assert "not available with simulated time" in capsys.readouterr().err
