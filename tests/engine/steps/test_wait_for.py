from typing import Any

import pytest

from streams.engine import Definitions, Outcome, adapt, read_definitions
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

SAME_ORDER = {"metric": "order.fulfilled", "where": {"order_id": "$trigger.order_id"}}
PAID = {"profile": "country", "equals": "GB"}


def waiting(awaited: dict[str, Any], timeout: str = "24h", **keys: Any) -> dict[str, Any]:
    return {
        "wait_for": awaited,
        "timeout": timeout,
        "id": "arrival",
        "then": [send("came")],
        "else": [send("too-late")],
        **keys,
    }


def fulfilled(ada: Customer, at: int, order_id: str = "1", occurred_at: int | None = None) -> None:
    ada.event("order.fulfilled", at, occurred_at=occurred_at, order_id=order_id)


@pytest.mark.parametrize(
    ("after", "sent"),
    [
        (1, (MONDAY + 1, "came")),
        (DAY - 1, (MONDAY + DAY - 1, "came")),
        (DAY, (MONDAY + DAY, "came")),  # a record comes before timers of its moment: in time
        (DAY + 1, (MONDAY + DAY, "too-late")),
        (7 * DAY, (MONDAY + DAY, "too-late")),
    ],
)
def test_w20_w22_an_event_in_time_or_the_timeout_once(after: int, sent: tuple[int, str]) -> None:
    ada = Customer(program_of(flow(waiting(SAME_ORDER), on="order.placed")))
    ada.order(MONDAY)
    fulfilled(ada, MONDAY + after)
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [sent]
    (branch,) = ada.decisions(Outcome.BRANCH)
    assert branch.step == "arrival"
    if sent[1] == "came":
        assert branch.reason == "then"
        assert branch.evidence["occurred_at"] == MONDAY + after
    else:
        assert branch.reason == "timeout"
        assert branch.evidence["timeout_at"] == MONDAY + DAY


def test_only_the_journey_it_is_about_goes_on() -> None:
    ada = Customer(program_of(flow(waiting(SAME_ORDER), on="order.placed", key="order_id")))
    ada.order(MONDAY, "1")
    ada.order(MONDAY + 1, "2")
    fulfilled(ada, MONDAY + HOUR, "2")
    assert [journey.key for journey in ada.state.journeys] == ["1"]


def test_w23_what_happened_before_p_got_here() -> None:
    steps = ({"wait": "1d", "id": "pause"}, waiting(SAME_ORDER))
    ada = Customer(program_of(flow(*steps, on="order.placed")))
    ada.order(MONDAY)
    fulfilled(ada, MONDAY + HOUR)
    ada.until(MONDAY + DAY)
    assert ada.sent() == [(MONDAY + DAY, "came")]


def test_without_the_trigger_in_it_only_what_comes_after_arrival_counts() -> None:
    steps = ({"wait": "1d", "id": "pause"}, waiting({"metric": "order.fulfilled"}))
    ada = Customer(program_of(flow(*steps, on="order.placed")))
    ada.order(MONDAY)
    fulfilled(ada, MONDAY + HOUR)
    ada.until(MONDAY + DAY)
    assert ada.sent() == []
    fulfilled(ada, MONDAY + DAY + HOUR, "another")
    assert ada.sent() == [(MONDAY + DAY + HOUR, "came")]


def test_since_says_otherwise() -> None:
    pause = {"wait": "1d", "id": "pause"}
    since_start = waiting({"metric": "order.fulfilled"}, since="flow_start")
    since_arrival = waiting(SAME_ORDER, since="arrival")
    for step, sent in ((since_start, "came"), (since_arrival, "too-late")):
        ada = Customer(program_of(flow(pause, step, on="order.placed")))
        ada.order(MONDAY)
        fulfilled(ada, MONDAY + HOUR)
        ada.until(MONDAY + 9 * DAY)
        assert [template for _, template in ada.sent()] == [sent]


@pytest.mark.parametrize(("earlier_by", "comes"), [(1, False), (0, True), (-1, True)])
def test_1_9_what_happened_before_the_trigger_does_not_count(earlier_by: int, comes: bool) -> None:
    ada = Customer(program_of(flow(waiting(SAME_ORDER), on="order.placed")))
    ada.order(MONDAY)
    fulfilled(ada, MONDAY + HOUR, occurred_at=MONDAY - earlier_by)
    assert bool(ada.sent()) is comes


def test_an_event_does_not_end_the_wait_that_it_leads_to() -> None:
    ada = Customer(program_of(flow(waiting({"metric": "view.item"}))))
    ada.view(MONDAY)
    assert ada.sent() == []
    ada.view(MONDAY + 1)
    assert ada.sent() == [(MONDAY + 1, "came")]


def test_exits_come_first() -> None:
    keys: dict[str, Any] = {"on": "order.placed", "exit_on": [SAME_ORDER]}
    ada = Customer(program_of(flow(waiting(SAME_ORDER), **keys)))
    ada.order(MONDAY)
    fulfilled(ada, MONDAY + 1)
    assert ada.outcomes() == ["entered", "exited exit_on"]


def test_a_condition_that_holds_on_arrival() -> None:
    ada = Customer(program_of(flow(waiting(PAID))))
    ada.event("customer.updated", MONDAY - 1, set={"country": "GB"}, unset=[])
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "came")]


@pytest.mark.parametrize(("after", "sent"), [(DAY, "came"), (DAY + 1, "too-late")])
def test_w20_w22_a_condition_that_an_event_makes_true(after: int, sent: str) -> None:
    ada = Customer(program_of(flow(waiting(PAID))))
    ada.view(MONDAY)
    ada.event("customer.updated", MONDAY + after, set={"country": "GB"}, unset=[])
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [(MONDAY + DAY, sent)]


@pytest.mark.parametrize(
    ("timeout", "sent"),
    [
        ("9d", (MONDAY + 3 * DAY, "came")),
        ("3d", (MONDAY + 3 * DAY, "came")),
        ("2d", (MONDAY + 2 * DAY, "too-late")),
    ],
)
def test_a_condition_that_time_alone_makes_true(timeout: str, sent: tuple[int, str]) -> None:
    quiet = {"count": "view.item", "in_last": "3d", "equals": "0"}
    ada = Customer(program_of(flow(waiting(quiet, timeout))))
    ada.view(MONDAY)
    ada.until(MONDAY + 20 * DAY)
    assert ada.sent() == [sent]


def test_an_event_puts_that_moment_off() -> None:
    quiet = {"count": "order.placed", "in_last": "3d", "equals": "0"}
    ada = Customer(program_of(flow(waiting(quiet, "9d"))))
    ada.order(MONDAY - 1)
    ada.view(MONDAY)
    ada.order(MONDAY + DAY, "2")
    ada.until(MONDAY + 20 * DAY)
    assert ada.sent() == [(MONDAY + 4 * DAY, "came")]


def test_an_edited_timeout_does_not_move_the_due_time_and_an_edited_condition_counts() -> None:
    ada = Customer(program_of(flow(waiting(PAID))))
    ada.view(MONDAY)
    german = {"profile": "country", "equals": "DE"}
    ada.program = program_of(flow(waiting(german, "9d")), version="2")
    adapt(ada.program, ada.state, MONDAY + 1, ada.effects)
    ada.event("customer.updated", MONDAY + 2, set={"country": "GB"}, unset=[])
    assert ada.sent() == []
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [(MONDAY + DAY, "too-late")]
    bob = Customer(program_of(flow(waiting(PAID))))
    bob.view(MONDAY)
    bob.program = ada.program
    bob.event("customer.updated", MONDAY + 2, set={"country": "DE"}, unset=[])
    assert bob.sent() == [(MONDAY + 2, "came")]


def test_nothing_after_it_ends_the_journey_at_once() -> None:
    ada = Customer(program_of(flow({"wait_for": PAID, "timeout": "1d", "id": "arrival"})))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "exited finished"]


def test_after_both_ways_the_flow_goes_on() -> None:
    step = {"wait_for": PAID, "timeout": "1d", "id": "arrival"}
    ada = Customer(program_of(flow(step, send("after"))))
    ada.view(MONDAY)
    ada.until(MONDAY + DAY)
    assert ada.sent() == [(MONDAY + DAY, "after")]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"wait_for": PAID}, "timeout"),
        ({"wait_for": PAID, "timeout": "0s"}, "a positive duration"),
        ({"wait_for": PAID, "timeout": "1d", "since": "flow_start"}, "'since' needs an event"),
        ({"wait_for": {"metric": "order.fulfiled"}, "timeout": "1d"}, "order.fulfilled"),
    ],
)
def test_what_makes_no_sense_is_refused(step: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [flow({"id": "arrival", **step}, send())]})
    assert not isinstance(problems, Definitions)
    assert says in problems[0].sentence()


TODAY = {"count": "order.placed", "on_day": "0", "at_least": "1"}


def test_an_event_that_the_condition_does_not_hang_on_judges_nothing() -> None:
    truth = {"count": "order.placed", "at_least": "2"}
    step = {"wait_for": truth, "timeout": "9d", "id": "w", "then": [send("came")]}
    program = program_of(flow(step))
    assert set(program.on_metric["order.placed"].judged_waits) == {"flow"}
    assert program.on_metric["search.performed"].judged_waits == {}
    assert not program.on_metric["search.performed"].concerns_journeys
    ada = Customer(program)
    ada.view(MONDAY)
    ada.event("search.performed", MONDAY + 1, query="a", filters={}, results=1)
    ada.order(MONDAY + 2, "1")
    ada.order(MONDAY + 3, "2")
    assert ada.sent() == [(MONDAY + 3, "came")]


def test_another_zone_may_make_it_hold_since_the_days_are_others_then() -> None:
    step = {"wait_for": TODAY, "timeout": "9d", "id": "w", "then": [send("came")]}
    ada = Customer(program_of(flow(step)))
    ada.order(MONDAY - HOUR)  # Sunday 23:00
    ada.view(MONDAY + HOUR)
    fields = {"timezone": "Europe/Berlin"}  # where the order was made on Monday at 00:00
    ada.event("customer.updated", MONDAY + 2 * HOUR, set=fields, unset=[])
    assert ada.sent() == [(MONDAY + 2 * HOUR, "came")]
