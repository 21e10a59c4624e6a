"""Retracing of each step for backfilled journeys (SEMANTICS 6.3)."""

from typing import Any

import pytest

from streams.engine import Backfill, Event, Instant, NotAdded, Outcome, Placed, rehearse
from streams.engine.customer.journey import TIMEOUT_AT
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

LATER = {"wait": "30d", "id": "later"}
TRIGGERED = MONDAY + 9 * HOUR


def placed(
    *steps: Any,
    at: Instant = TRIGGERED + 2 * DAY,
    profile: dict[str, Any] | None = None,
    happened: list[tuple[str, Instant, dict[str, Any]]] | None = None,
    **keys: Any,
) -> tuple[Customer, Placed | NotAdded]:
    """Somebody who ordered at TRIGGERED and is added at `at`."""
    program = program_of(flow(*steps, send(), on="order.placed", max_event_age="1s", **keys))
    ada = Customer(program, profile)
    ada.order(TRIGGERED + HOUR, occurred_at=TRIGGERED, event_id="o")
    for metric, moment, data in happened or []:
        ada.event(metric, moment, **data)
    ada.until(at - 1)
    ada.effects.decisions.clear()
    data = {"order_id": "1", "total": 10_000, "currency": "GBP", "items": [], "tags": []}
    event = Event("order.placed", "o", "ada", TRIGGERED, data)
    asked = Backfill("ada", "flow", at, None, event)
    return ada, rehearse(ada.program, ada.state, asked, at, ada.effects)


@pytest.mark.parametrize(
    ("wait", "at", "expected"),
    [
        ({"wait": "2d"}, TRIGGERED + 2 * DAY - 1, Placed("w", TRIGGERED + 2 * DAY)),
        ({"wait": "2d"}, TRIGGERED + 2 * DAY, Placed("later", TRIGGERED + 32 * DAY)),
        ({"wait": "2d"}, TRIGGERED + 2 * DAY + 1, Placed("later", TRIGGERED + 32 * DAY)),
        # 2 calendar days after Monday, at 15:00
        (
            {"wait": "2d", "at": "15:00"},
            MONDAY + 2 * DAY + 15 * HOUR - 1,
            Placed("w", MONDAY + 2 * DAY + 15 * HOUR),
        ),
        (
            {"wait": "2d", "at": "15:00"},
            MONDAY + 2 * DAY + 15 * HOUR,
            Placed("later", MONDAY + 32 * DAY + 15 * HOUR),
        ),
        # Wednesday rolls on to Saturday
        (
            {"wait": "2d", "only_on": ["sat"]},
            TRIGGERED + 5 * DAY - 1,
            Placed("w", TRIGGERED + 5 * DAY),
        ),
        (
            {"wait": "2d", "only_on": ["sat"]},
            TRIGGERED + 5 * DAY,
            Placed("later", TRIGGERED + 35 * DAY),
        ),
        # the next 08:00 after the trigger is Tuesday's
        (
            {"wait": {"until": "08:00"}},
            MONDAY + DAY + 8 * HOUR,
            Placed("later", MONDAY + 31 * DAY + 8 * HOUR),
        ),
        # within the window: no wait, also seen from outside of it
        (
            {"wait": {"window": ["08:00", "10:00"]}},
            TRIGGERED + 5 * HOUR,
            Placed("later", TRIGGERED + 30 * DAY),
        ),
        # a moment that was past when P came there
        (
            {"wait": {"until": "2026-03-01 00:00"}},
            TRIGGERED + 5 * HOUR,
            Placed("later", TRIGGERED + 30 * DAY),
        ),
    ],
)
def test_wait(wait: dict[str, Any], at: Instant, expected: Placed) -> None:
    ada, found = placed({**wait, "id": "w"}, LATER, at=at)
    assert found == expected
    assert ada.decisions(Outcome.BRANCH) == []


@pytest.mark.parametrize(
    ("if_missing", "expected"),
    [
        ({}, Placed("later", TRIGGERED + 30 * DAY)),
        ({"if_missing": "exit"}, NotAdded.OVER),
        ({"if_missing": "1d"}, Placed("later", TRIGGERED + 31 * DAY)),
        ({"if_missing": "3d"}, Placed("w", TRIGGERED + 3 * DAY)),
    ],
)
def test_2_5_a_wait_until_a_field_that_is_missing(
    if_missing: dict[str, Any], expected: Placed | NotAdded
) -> None:
    wait = {"wait": {"until": "$profile.birthday", **if_missing}, "id": "w"}
    ada, found = placed(wait, LATER)
    assert found == expected
    missing = ada.decisions(Outcome.BRANCH, "missing")
    assert [decision.at for decision in missing] == [TRIGGERED + 2 * DAY] * (
        expected is not NotAdded.OVER
    )


def test_2_10_a_backfilled_customer_follows_the_field() -> None:
    wait = {"wait": {"until": "$profile.birthday"}, "id": "w"}
    profile = {"email": "ada@example.com", "consent": ["email"], "birthday": "2026-04-01"}
    ada, found = placed(wait, LATER, profile=profile)
    assert isinstance(found, Placed)
    ada.event("customer.updated", TRIGGERED + 3 * DAY, set={"birthday": "2026-05-01"}, unset=[])
    assert ada.journey().due == MONDAY + 60 * DAY


def test_2_5_a_wait_with_nothing_after_it_ends_the_journey() -> None:
    program = program_of(flow({"wait": "9d", "id": "w"}, on="order.placed", max_event_age="1s"))
    ada = Customer(program)
    ada.order(TRIGGERED + HOUR, occurred_at=TRIGGERED, event_id="o")
    event = Event("order.placed", "o", "ada", TRIGGERED, {"order_id": "1"})
    asked = Backfill("ada", "flow", MONDAY + DAY, None, event)
    assert rehearse(program, ada.state, asked, MONDAY + DAY, ada.effects) is NotAdded.OVER


@pytest.mark.parametrize(
    ("country", "reason", "step"), [("GB", "then", "yes"), ("DE", "else", "no")]
)
def test_if_by_todays_state(country: str, reason: str, step: str) -> None:
    choice = {
        "if": {"profile": "country", "equals": "GB"},
        "id": "choice",
        "then": [{"wait": "30d", "id": "yes"}],
        "else": [{"wait": "30d", "id": "no"}],
    }
    ada, found = placed(choice, profile={"country": country})
    assert found == Placed(step, TRIGGERED + 30 * DAY)
    assert ada.outcomes() == ["entered", f"branch {reason}"]
    assert ada.decisions(Outcome.BRANCH)[0].at == TRIGGERED + 2 * DAY


def test_branch_by_todays_state() -> None:
    ways = [
        {"when": {"count": "view.item", "equals": str(n)}, "then": [{"wait": "9d", "id": f"n{n}"}]}
        for n in (1, 2)
    ]
    views = [("view.item", TRIGGERED + n * HOUR, {"sku": "A"}) for n in (2, 3)]
    _, found = placed({"branch": ways}, happened=views)
    assert found == Placed("n2", TRIGGERED + 9 * DAY)


def test_sample_takes_the_path_that_it_always_takes() -> None:
    steps = (
        {
            "sample": {"a": "50", "b": "50"},
            "id": "ab",
            "paths": {name: [{"wait": "9d", "id": name}] for name in "ab"},
        },
    )
    ada, found = placed(*steps)
    live = Customer(program_of(flow(*steps, send(), on="order.placed")))
    live.order(MONDAY)
    assert isinstance(found, Placed)
    assert found.step == live.journey().step
    assert ada.decisions(Outcome.BRANCH)[0].reason == found.step


def test_exit_ends_it_and_what_was_decided_on_the_way_is_forgotten() -> None:
    leaves = {"if": {"consent": "email"}, "then": [{"exit": None}]}
    ada, found = placed(leaves, LATER)
    assert found is NotAdded.OVER
    assert ada.outcomes() == []


def test_actions_are_passed_over_and_never_made_up_for() -> None:
    ada, found = placed(
        send("missed"),
        {"webhook": "points"},
        {"update_profile": {"country": "FR"}},
        LATER,
    )
    assert found == Placed("later", TRIGGERED + 30 * DAY)
    ada.until(MONDAY + 40 * DAY)
    assert [template for _, template in ada.sent()] == ["hello"]
    assert ada.effects.webhooks == []
    assert "country" not in ada.state.profile


FULFILLED = {"metric": "order.fulfilled", "where": {"order_id": "$trigger.order_id"}}
VIEWED = {"metric": "view.item", "where": {"sku": "B"}}


def waiting(awaited: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {
        "wait_for": awaited,
        "timeout": "5d",
        "id": "awaited",
        "then": [{"wait": "20d", "id": "came"}],
        "else": [{"wait": "20d", "id": "missed"}],
        **keys,
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (5 * DAY - 1, Placed("awaited", TRIGGERED + 5 * DAY)),
        (5 * DAY, Placed("missed", TRIGGERED + 25 * DAY)),
        (5 * DAY + 1, Placed("missed", TRIGGERED + 25 * DAY)),
        (25 * DAY - 1, Placed("missed", TRIGGERED + 25 * DAY)),
        (25 * DAY, NotAdded.OVER),
    ],
)
@pytest.mark.parametrize("awaited", [FULFILLED, VIEWED, {"profile": "country", "equals": "GB"}])
def test_wait_for_what_never_came(
    awaited: dict[str, Any], after: int, expected: Placed | NotAdded
) -> None:
    ada, found = placed(waiting(awaited), at=TRIGGERED + after)
    assert found == expected
    if expected == Placed("awaited", TRIGGERED + 5 * DAY):
        assert ada.journey().memory[TIMEOUT_AT] == ["awaited", TRIGGERED + 5 * DAY]
        ada.until(TRIGGERED + 5 * DAY)
        assert ada.journey().step == "missed"
    for branch in ada.decisions(Outcome.BRANCH):
        assert branch.reason == "timeout"
        assert branch.evidence["timeout_at"] == TRIGGERED + 5 * DAY


@pytest.mark.parametrize(
    ("came_after", "expected"),
    [
        (2 * HOUR, Placed("came", TRIGGERED + 2 * HOUR + 20 * DAY)),
        (5 * DAY - 1, Placed("came", TRIGGERED + 25 * DAY - 1)),
        (5 * DAY, Placed("came", TRIGGERED + 25 * DAY)),  # at the timeout: in time (2.8)
        (5 * DAY + 1, Placed("missed", TRIGGERED + 25 * DAY)),
    ],
)
@pytest.mark.parametrize(
    ("awaited", "metric", "data"),
    [(FULFILLED, "order.fulfilled", {"order_id": "1"}), (VIEWED, "view.item", {"sku": "B"})],
)
def test_wait_for_an_event_that_came(
    awaited: dict[str, Any], metric: str, data: dict[str, Any], came_after: int, expected: Placed
) -> None:
    happened = [(metric, TRIGGERED + came_after, data)]
    _, found = placed(waiting(awaited), happened=happened, at=TRIGGERED + 6 * DAY)
    assert found == expected


def test_wait_for_another_event_does_not_count() -> None:
    happened = [
        ("order.fulfilled", TRIGGERED + 2 * HOUR, {"order_id": "2"}),
        ("view.item", TRIGGERED + 2 * HOUR, {"sku": "A"}),
    ]
    for awaited in (FULFILLED, VIEWED):
        _, found = placed(waiting(awaited), happened=happened)
        assert found == Placed("awaited", TRIGGERED + 5 * DAY)


@pytest.mark.parametrize(
    ("came_after", "since", "expected"),
    [
        (DAY - 1, "arrival", Placed("awaited", TRIGGERED + 6 * DAY)),
        (DAY, "arrival", Placed("awaited", TRIGGERED + 6 * DAY)),  # before P's timer (5.2)
        (DAY + 1, "arrival", Placed("came", TRIGGERED + 21 * DAY + 1)),
        (DAY - 1, "flow_start", Placed("came", TRIGGERED + 21 * DAY)),  # at once, on arrival
        (DAY, "flow_start", Placed("came", TRIGGERED + 21 * DAY)),
        (DAY + 1, "flow_start", Placed("came", TRIGGERED + 21 * DAY + 1)),
    ],
)
def test_2_8_wait_for_since_arrival_or_since_the_flow_began(
    came_after: int, since: str, expected: Placed
) -> None:
    steps = ({"wait": "1d", "id": "first"}, waiting(VIEWED, since=since))
    happened = [("view.item", TRIGGERED + came_after, {"sku": "B"})]
    _, found = placed(*steps, happened=happened, at=TRIGGERED + 3 * DAY)
    assert found == expected


def test_wait_for_a_condition_that_holds_today() -> None:
    ada, found = placed(waiting({"profile": "country", "equals": "GB"}), profile={"country": "GB"})
    assert found == Placed("came", TRIGGERED + 20 * DAY)
    assert ada.decisions(Outcome.BRANCH)[0].reason == "then"


def test_wait_for_a_condition_goes_on_when_it_comes_to_hold() -> None:
    ada, found = placed(waiting({"since_last": "order.placed", "at_least": "3d"}))
    assert found == Placed("awaited", TRIGGERED + 3 * DAY)
    ada.until(TRIGGERED + 3 * DAY)
    assert ada.journey().step == "came"


def test_2_5_wait_for_with_nothing_after_it_ends_the_journey() -> None:
    awaited = {"wait_for": VIEWED, "timeout": "9d", "id": "w"}
    program = program_of(flow(awaited, on="order.placed", max_event_age="1s"))
    ada = Customer(program)
    ada.order(TRIGGERED + HOUR, occurred_at=TRIGGERED, event_id="o")
    event = Event("order.placed", "o", "ada", TRIGGERED, {"order_id": "1"})
    asked = Backfill("ada", "flow", MONDAY + DAY, None, event)
    assert rehearse(program, ada.state, asked, MONDAY + DAY, ada.effects) is NotAdded.OVER


def test_6_2_a_step_that_was_passed_stays_passed_when_it_moves() -> None:
    ada, found = placed(send("one"), {"wait": "5d", "id": "w"}, send("two"))
    assert isinstance(found, Placed)
    moved = flow({"wait": "5d", "id": "w"}, send("one"), send("two"), on="order.placed")
    ada.program = program_of(moved, version="2")
    ada.until(MONDAY + 9 * DAY)
    assert [template for _, template in ada.sent()] == ["two"]
