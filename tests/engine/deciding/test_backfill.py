"""Past customers who are added to a flow, one at a time; the cases 6.3 and M68 have the rest."""

from typing import Any

import pytest

from streams.engine import (
    Backfill,
    Event,
    Instant,
    NotAdded,
    Outcome,
    Placed,
    encode_state,
    new_state,
    rehearse,
)
from streams.engine.customer import NO_ID
from streams.engine.customer.limits import MOST_JOURNEYS
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

TWO_WAITS = flow(
    send("one"),
    {"wait": "1d", "id": "w1"},
    send("two", smart_sending="false"),
    {"wait": "2d", "id": "w2"},
    send("three", smart_sending="false"),
    max_event_age="1s",
)


def viewed(ada: Customer, at: Instant, event_id: str = "v1", **data: Any) -> Event:
    """A view that came too late to start anything by itself."""
    ada.event("view.item", at + HOUR, occurred_at=at, event_id=event_id, sku="A", **data)
    return Event("view.item", event_id, "ada", at, {"sku": "A", **data})


def add(ada: Customer, event: Event, at: Instant, name: str = "flow") -> Placed | NotAdded:
    ada.until(at - 1)
    return rehearse(
        ada.program, ada.state, Backfill("ada", name, at, "eve", event), at, ada.effects
    )


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (2 * HOUR, Placed("w1", MONDAY + DAY)),
        (DAY - 1, Placed("w1", MONDAY + DAY)),
        (DAY, Placed("w2", MONDAY + 3 * DAY)),
        (DAY + 1, Placed("w2", MONDAY + 3 * DAY)),
        (3 * DAY - 1, Placed("w2", MONDAY + 3 * DAY)),
        (3 * DAY, NotAdded.OVER),
        (3 * DAY + 1, NotAdded.OVER),
    ],
)
def test_6_3_the_place_by_the_time_of_the_event(after: int, expected: Placed | NotAdded) -> None:
    ada = Customer(program_of(TWO_WAITS))
    event = viewed(ada, MONDAY)
    assert add(ada, event, MONDAY + after) == expected
    if isinstance(expected, Placed):
        assert (ada.journey().step, ada.journey().due) == (expected.step, expected.due)
        assert ada.state.next_due == expected.due
        assert (ada.journey().started_at, ada.journey().entered_at) == (MONDAY, MONDAY + after)
        assert ada.effects.backfilled == 1
    else:
        assert ada.state.journeys == []
        assert ada.effects.backfills_rejected == 1


def test_the_decision_names_the_event_the_step_and_the_requester() -> None:
    ada = Customer(program_of(TWO_WAITS))
    add(ada, viewed(ada, MONDAY), MONDAY + DAY)
    (entered,) = ada.decisions(Outcome.ENTERED)
    assert entered.at == MONDAY + DAY
    assert entered.evidence == {
        "metric": "view.item",
        "event_id": "v1",
        "occurred_at": MONDAY,
        "backfill": {"by": "eve", "at": MONDAY + DAY},
        "step": "w2",
        "due": MONDAY + 3 * DAY,
    }


def test_6_3_the_journey_is_the_one_that_the_event_would_have_started() -> None:
    live = Customer(program_of(TWO_WAITS))
    live.view(MONDAY, event_id="v1")
    ada = Customer(program_of(TWO_WAITS))
    add(ada, viewed(ada, MONDAY), MONDAY + 2 * HOUR)
    assert ada.journey().journey_id == live.journey().journey_id
    live.until(MONDAY + 9 * DAY)
    ada.until(MONDAY + 9 * DAY)
    late = {command.send_id for command in ada.effects.commands}
    assert late < {command.send_id for command in live.effects.commands}
    assert len(late) == 2  # the one above the place was never made up for


def test_a_rejected_request_changes_nothing_but_a_count() -> None:
    ada = Customer(program_of(TWO_WAITS))
    event = viewed(ada, MONDAY)
    before, decisions = encode_state(ada.state), list(ada.effects.decisions)
    assert add(ada, event, MONDAY + 9 * DAY) is NotAdded.OVER
    assert (encode_state(ada.state), ada.effects.decisions) == (before, decisions)


def test_an_unknown_customer_and_an_unknown_event_are_not_added() -> None:
    ada = Customer(program_of(TWO_WAITS))
    event = viewed(ada, MONDAY)
    for other in (MONDAY - 1, MONDAY + 1):
        unknown = Event("view.item", "v2", "ada", other, {"sku": "A"})
        assert add(ada, unknown, MONDAY + 3 * HOUR) is NotAdded.NO_EVENT
    bob = new_state("bob")
    asked = Backfill("bob", "flow", MONDAY, None, event)
    found = rehearse(ada.program, bob, asked, MONDAY + DAY - 1, ada.effects)
    assert found is NotAdded.NO_EVENT


def test_an_event_that_history_has_forgotten_is_taken_at_its_word() -> None:
    store = {"history": {"keep": "0s", "occurrences": "1"}}
    ada = Customer(program_of(TWO_WAITS, store=store))
    event = viewed(ada, MONDAY)
    viewed(ada, MONDAY + 3 * HOUR, "v2")
    assert len(ada.state.recent["view.item"]) == 1
    assert add(ada, event, MONDAY + 5 * HOUR) == Placed("w1", MONDAY + DAY)


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
def test_6_1_only_a_live_flow_has_entries(status: str) -> None:
    ada = Customer(program_of({**TWO_WAITS, "status": status}))
    assert add(ada, viewed(ada, MONDAY), MONDAY + 2 * HOUR) is NotAdded.NOT_LIVE


def test_another_flow_and_another_metric_are_refused() -> None:
    ada = Customer(program_of(TWO_WAITS))
    event = viewed(ada, MONDAY)
    assert add(ada, event, MONDAY + 2 * HOUR, "other") is NotAdded.NOT_LIVE
    ada.order(MONDAY + 2 * HOUR)
    order = Event("order.placed", "e9", "ada", MONDAY + 2 * HOUR, {"order_id": "1"})
    assert add(ada, order, MONDAY + 3 * HOUR) is NotAdded.NOT_LIVE


def test_1_6_an_event_without_the_key_is_not_added() -> None:
    keyed = flow({"wait": "1d", "id": "w1"}, send(), key="category", max_event_age="1s")
    ada = Customer(program_of(keyed))
    assert add(ada, viewed(ada, MONDAY), MONDAY + 2 * HOUR) is NotAdded.MISSING_KEY
    event = viewed(ada, MONDAY + 3 * HOUR, "v2", category="hats")
    assert isinstance(add(ada, event, MONDAY + 5 * HOUR), Placed)
    assert ada.decisions(Outcome.ENTERED)[0].evidence["key"] == "hats"


@pytest.mark.parametrize(
    ("ordered_at", "is_added"), [(MONDAY - 1, True), (MONDAY, False), (MONDAY + 1, False)]
)
def test_1_9_what_ends_it_came_after_the_trigger_or_was_processed_after_it(
    ordered_at: Instant, is_added: bool
) -> None:
    ends = flow(
        {"wait": "30d", "id": "w"}, send(), exit_on=[{"metric": "order.placed"}], max_event_age="1s"
    )
    ada = Customer(program_of(ends))
    event = viewed(ada, MONDAY)
    ada.order(MONDAY + 2 * HOUR, occurred_at=ordered_at)
    found = add(ada, event, MONDAY + 20 * DAY)
    assert isinstance(found, Placed) if is_added else found is NotAdded.EXIT_ON


def test_1_9_what_ended_it_is_remembered_for_as_long_as_the_flow_is() -> None:
    """`max_event_age` alone would let it be forgotten."""
    ends = flow(
        {"wait": "30d", "id": "w"},
        send(),
        on="cart.updated",
        exit_on=[{"metric": "view.item"}],
        max_event_age="1s",
    )
    history = {"keep": "0s", "occurrences": "1"}
    retention = program_of(ends, store={"history": history}).on_metric["view.item"].retention
    assert retention.needed == 30 * DAY + 1  # the trigger's own moment counts


@pytest.mark.parametrize("newest_first", [True, False])
def test_1_5_restart_leaves_the_newest_whatever_the_order(newest_first: bool) -> None:
    restarts = {**TWO_WAITS, "re_entry": "restart"}
    ada = Customer(program_of(restarts))
    events = [viewed(ada, MONDAY), viewed(ada, MONDAY + 3 * HOUR, "v2")]
    for event in reversed(events) if newest_first else events:
        add(ada, event, MONDAY + 5 * HOUR)
    assert ada.journey().trigger_event_id == "v2"
    ended = ada.decisions(Outcome.EXITED, "restarted")
    assert len(ended) == (0 if newest_first else 1)


def test_concluded_messages_are_skipped_also_those_in_review() -> None:
    short = flow(
        send("one", status="manual"), send("two", smart_sending="false"), max_event_age="7d"
    )
    ada = Customer(program_of(short))
    ada.view(MONDAY, event_id="v1")
    longer = flow({"wait": "3d", "id": "w"}, *short["steps"], send("new", smart_sending="false"))
    ada.program = program_of(longer, version="2")
    event = Event("view.item", "v1", "ada", MONDAY, {"sku": "A"})
    assert add(ada, event, MONDAY + DAY) == Placed("w", MONDAY + 3 * DAY)
    ada.until(MONDAY + 4 * DAY)
    assert [template for _, template in ada.sent()] == ["two", "new"]
    assert len(ada.effects.reviews) == 1


def test_a_flow_that_is_started_by_two_metrics_takes_both() -> None:
    bye = flow({"wait": "1d", "id": "w"}, send(), on="customer.unsubscribed", max_event_age="1s")
    ada = Customer(program_of({**bye, "transactional": "true"}))
    at = MONDAY + HOUR
    ada.event("message.unsubscribed", at + HOUR, occurred_at=at, event_id="u", channel="sms")
    event = Event("message.unsubscribed", "u", "ada", at, {"channel": "sms"})
    assert add(ada, event, at + 2 * HOUR) == Placed("w", at + DAY)


def test_a_journey_that_waits_for_p_to_be_in_the_flow_continues() -> None:
    waits = flow(
        {"wait_for": {"in_flow": "flow"}, "timeout": "9d", "id": "w", "then": [send("came")]},
        on="order.placed",
        name="other",
    )
    ada = Customer(program_of(TWO_WAITS, waits))
    event = viewed(ada, MONDAY)
    ada.order(MONDAY + 2 * HOUR)
    add(ada, event, MONDAY + 3 * HOUR)
    assert ada.sent() == [(MONDAY + 3 * HOUR, "came")]


def test_the_moment_of_an_event_is_the_one_at_which_it_was_processed() -> None:
    """A clock that runs fast was clamped then (8.3), and orders are corrected (8.6)."""
    ada = Customer(program_of(TWO_WAITS))
    viewed(ada, MONDAY)
    event = Event("view.item", "v1", "ada", MONDAY + 9 * DAY, {"sku": "A"})
    assert add(ada, event, MONDAY + 2 * HOUR) == Placed("w1", MONDAY + DAY)


def test_1_12_a_customer_with_too_many_journeys_is_not_added() -> None:
    ada = Customer(program_of(TWO_WAITS))
    event = viewed(ada, MONDAY)
    viewed(ada, MONDAY + 1, "v2")
    assert isinstance(add(ada, event, MONDAY + 2 * HOUR), Placed)
    ada.state.journeys *= MOST_JOURNEYS
    other = Event("view.item", "v2", "ada", MONDAY + 1, {"sku": "A"})
    found = add(ada, other, MONDAY + 2 * HOUR)
    assert found is NotAdded.NO_ROOM


def test_d11_another_id_at_the_moment_of_a_known_event_adds_nobody() -> None:
    ada = Customer(program_of(TWO_WAITS))
    event = viewed(ada, MONDAY)
    other = Event("view.item", "v2", "ada", MONDAY, {"sku": "A"})
    assert add(ada, other, MONDAY + 2 * HOUR) is NotAdded.NO_EVENT
    past = ada.state.recent["view.item"]
    past.ids = NO_ID * len(past)  # as of a state of format 2
    assert add(ada, event, MONDAY + 2 * HOUR) == Placed("w1", MONDAY + DAY)
