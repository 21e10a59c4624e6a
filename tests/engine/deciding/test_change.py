from typing import Any

from streams.engine import DUE, Effects, JourneyState, Outcome, act, adapt
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

WAIT = {"wait": "5d", "id": "pause"}


def republish(ada: Customer, at: int, *flows: dict[str, Any], version: str = "2") -> None:
    """New definitions, and the scan after them."""
    ada.until(at)
    ada.program = program_of(*flows, version=version)
    adapt(ada.program, ada.state, at, ada.effects)


def test_w39_a_waiting_journey_keeps_its_due_time() -> None:
    ada = Customer(program_of(flow(WAIT, send())))
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, flow({"wait": "2d", "id": "pause"}, send("edited")))
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [(MONDAY + 5 * DAY, "edited")]


def test_a_branch_that_is_inserted_below_the_wait_is_judged() -> None:
    ada = Customer(program_of(flow(WAIT, send())))
    ada.view(MONDAY)
    split = {"if": {"count": "order.placed", "at_least": "1"}, "then": ["exit"]}
    republish(ada, MONDAY + DAY, flow(WAIT, split, send()))
    ada.order(MONDAY + 2 * DAY)
    ada.until(MONDAY + 9 * DAY)
    assert ada.outcomes() == ["entered", "branch then", "exited exit"]


def test_a_step_that_moved_is_where_its_id_is() -> None:
    ada = Customer(program_of(flow(WAIT, send("one"), send("two", smart_sending="false"))))
    ada.view(MONDAY)
    split = {"if": {"consent": "email"}, "then": [WAIT, send("three")], "else": [send("no")]}
    republish(ada, MONDAY + DAY, flow(split, send("four", smart_sending="false")))
    ada.until(MONDAY + 9 * DAY)
    assert [template for _, template in ada.sent()] == ["three", "four"]


def test_a_deleted_step_without_a_successor_ends_the_journey() -> None:
    ada = Customer(program_of(flow(WAIT, send())))
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, flow({"wait": "5d", "id": "another"}, send()))
    (exited,) = ada.decisions(Outcome.EXITED)
    assert (exited.reason, exited.at) == ("step_removed", MONDAY + DAY)
    assert exited.evidence == {"step": "pause"}
    assert ada.state.next_due is None


def test_an_archived_flow_and_one_that_is_left_out_end_their_journeys() -> None:
    for flows in ([flow(WAIT, send(), status="archived")], []):
        ada = Customer(program_of(flow(WAIT, send())))
        ada.view(MONDAY)
        republish(ada, MONDAY + DAY, *flows)
        (exited,) = ada.decisions(Outcome.EXITED)
        assert (exited.reason, exited.flow, exited.step) == ("archived", "flow", "pause")


def test_a_customer_not_scanned_is_adapted_at_the_next_event() -> None:
    """By the next event, and by the next timer."""
    ada, bob = (Customer(program_of(flow(WAIT, send()))) for _ in range(2))
    ada.view(MONDAY)
    bob.view(MONDAY)
    ada.program = bob.program = program_of(version="2")
    ada.event("view.list", MONDAY + DAY, category="hats")
    assert ada.outcomes() == ["entered", "exited archived"]
    bob.until(MONDAY + 9 * DAY)
    assert bob.outcomes() == ["entered", "exited archived"]
    assert bob.state.next_due is None


def test_a_paused_flow_holds_at_the_next_message() -> None:
    live = flow(WAIT, send())
    ada = Customer(program_of(live))
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, {**live, "status": "paused"})
    ada.until(MONDAY + 6 * DAY)
    assert ada.sent() == []
    (held,) = ada.decisions(Outcome.HELD)
    assert (held.reason, held.at) == ("flow_paused", MONDAY + 5 * DAY)
    assert (ada.journey().state, ada.journey().due) == (JourneyState.HELD, None)
    assert ada.state.next_due is None
    republish(ada, MONDAY + 7 * DAY, live, version="3")
    assert ada.sent() == [(MONDAY + 7 * DAY, "hello")]


def test_everything_is_judged_as_of_the_moment_it_is_live_again() -> None:
    """Quiet hours first; and the message may have expired."""
    live = flow({"wait": "12h", "id": "pause"}, send(channel="sms"))
    for back, sent in ((22 * HOUR, [(MONDAY + 32 * HOUR, "hello")]), (40 * HOUR, [])):
        ada = Customer(program_of(live))
        ada.view(MONDAY)
        republish(ada, MONDAY + HOUR, {**live, "status": "paused"})
        republish(ada, MONDAY + back, live, version="3")
        ada.until(MONDAY + 9 * DAY)
        assert ada.sent() == sent
    assert ada.decisions(Outcome.SKIPPED)[0].reason == "expired"


def test_exits_work_while_a_flow_is_paused() -> None:
    live = flow(WAIT, send(), exit_on=[{"metric": "order.placed"}])
    ada = Customer(program_of(live))
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, {**live, "status": "paused"})
    ada.order(MONDAY + 2 * DAY)
    assert ada.outcomes() == ["entered", "exited exit_on"]


def test_a_held_message_that_became_a_draft_is_passed_over() -> None:
    ada = Customer(program_of(flow(send("text", "sms"), send("mail"))))
    ada.view(MONDAY)
    republish(ada, MONDAY + HOUR, flow(send("text", "sms", status="draft"), send("mail")))
    ada.until(MONDAY + DAY)
    assert ada.sent() == [(MONDAY + 8 * HOUR, "mail")]


def test_a_draft_has_no_entries_and_journeys_continue() -> None:
    live = flow(WAIT, send())
    ada = Customer(program_of(live))
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, {**live, "status": "draft"})
    ada.view(MONDAY + 2 * DAY)
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [(MONDAY + 5 * DAY, "hello")]


def test_a_zone_that_changes_does_not_move_the_due_time() -> None:
    ada = Customer(program_of(flow({"wait": "1d", "at": "15:00", "id": "pause"}, send())))
    ada.view(MONDAY)
    ada.event("customer.updated", MONDAY + 1, set={"timezone": "Asia/Tokyo"}, unset=[])
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [(MONDAY + DAY + 15 * HOUR, "hello")]


def test_a_customer_without_journeys_is_only_marked() -> None:
    ada = Customer(program_of())
    before = len(ada.effects.decisions)
    republish(ada, MONDAY, version="2")
    assert ada.state.adapted == ada.program.number
    assert len(ada.effects.decisions) == before
    act(ada.program, ada.state, DUE, MONDAY, Effects())
