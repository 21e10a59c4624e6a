from typing import Any

import pytest

from streams.engine import Effects, Event, Outcome, act
from streams.engine.customer import KEYS_KEPT
from streams.engine.program.turn import MOST_ENTRIES
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

WAIT = {"wait": "12h", "id": "pause"}
SEND_ALWAYS = send(smart_sending="false")


def fulfilled(ada: Customer, at: int, order_id: str) -> None:
    """An order is sent: several times, unlike placing it (8.6)."""
    ada.event("order.fulfilled", at, order_id=order_id)


def refused(ada: Customer) -> list[str]:
    return [decision.reason for decision in ada.decisions(Outcome.NOT_ENTERED)]


@pytest.mark.parametrize(("total", "enters"), [(10_000, False), (10_001, True)])
def test_e1_the_trigger_filter(total: int, enters: bool) -> None:
    big = {"metric": "order.placed", "where": {"total": {"gt": "100"}}}
    ada = Customer(program_of(flow(send(), trigger=big)))
    ada.order(MONDAY, total=total)
    assert bool(ada.sent()) is enters
    assert refused(ada) == []  # what doesn't match isn't written down


def test_e10_the_profile_filter_at_entry() -> None:
    ada = Customer(program_of(flow(send(), filter={"profile": "locale", "equals": "English"})))
    ada.event("customer.updated", MONDAY, set={"locale": "en"}, unset=[])
    ada.view(MONDAY + 1)
    (decision,) = ada.decisions(Outcome.NOT_ENTERED)
    assert decision.reason == "profile_filter"
    assert decision.evidence == {"profile locale": "en"}


@pytest.mark.parametrize(
    ("keys", "first", "allowed"),
    [
        ({}, SEND_ALWAYS, 4 * HOUR),
        ({}, {"wait": "3h", "id": "pause"}, 4 * HOUR),
        ({}, WAIT, 12 * HOUR),
        ({}, {"wait": {"until": "15:00"}, "id": "pause"}, 4 * HOUR),
        ({"transactional": "true"}, SEND_ALWAYS, 7 * DAY),
        ({"max_event_age": "1h"}, WAIT, HOUR),
        ({"max_event_age": "0s"}, SEND_ALWAYS, 0),
    ],
)
def test_e17_e18_how_old_an_event_may_be(
    keys: dict[str, str], first: dict[str, Any], allowed: int
) -> None:
    program = program_of(flow(first, send("after"), **keys))
    for age, enters in ((allowed, True), (allowed + 1, False)):
        ada = Customer(program)
        ada.view(MONDAY + 30 * DAY, occurred_at=MONDAY + 30 * DAY - age)
        assert refused(ada) == ([] if enters else ["too_old"])
        assert ada.state.recent["view.item"].total == 1
    (decision,) = ada.decisions(Outcome.NOT_ENTERED)
    assert decision.evidence["age_ms"] == allowed + 1
    assert decision.evidence["max_event_age_ms"] == allowed


def test_e18_the_wait_counts_from_record_time() -> None:
    ada = Customer(program_of(flow(WAIT, send())))
    ada.view(MONDAY + 10 * HOUR, occurred_at=MONDAY)
    ada.until(MONDAY + 2 * DAY)
    assert ada.sent() == [(MONDAY + 22 * HOUR, "hello")]


def test_e20_never_again() -> None:
    ada = Customer(program_of(flow(SEND_ALWAYS, re_entry="never")))
    ada.view(MONDAY)
    ada.view(MONDAY + 400 * DAY)
    assert len(ada.sent()) == 1
    (decision,) = ada.decisions(Outcome.NOT_ENTERED)
    assert decision.evidence == {"re_entry": "never", "last_entry_at": MONDAY}


@pytest.mark.parametrize(
    ("after", "enters"),
    [(29 * DAY, False), (30 * DAY - 1, False), (30 * DAY, True), (31 * DAY, True)],
)
def test_e21_again_after_a_while(after: int, enters: bool) -> None:
    ada = Customer(program_of(flow(SEND_ALWAYS, re_entry={"after": "30d"})))
    ada.view(MONDAY)
    ada.view(MONDAY + after)
    assert len(ada.sent()) == 1 + enters
    if not enters:
        (decision,) = ada.decisions(Outcome.NOT_ENTERED)
        assert decision.reason == "re_entry"
        assert decision.evidence["allowed_at"] == MONDAY + 30 * DAY


def test_a_refused_entry_does_not_count_as_one() -> None:
    ada = Customer(program_of(flow(SEND_ALWAYS, re_entry={"after": "30d"})))
    ada.view(MONDAY)
    ada.view(MONDAY + 29 * DAY)
    ada.view(MONDAY + 30 * DAY)
    assert len(ada.sent()) == 2


def test_e22_restart_starts_from_the_first_step() -> None:
    ada = Customer(program_of(flow({"wait": "4h", "id": "pause"}, send(), re_entry="restart")))
    ada.view(MONDAY + 10 * HOUR)
    ada.view(MONDAY + 12 * HOUR)
    ada.until(MONDAY + DAY)
    assert ada.sent() == [(MONDAY + 16 * HOUR, "hello")]
    assert ada.outcomes() == ["entered", "exited restarted", "entered", "sent", "exited finished"]
    (restarted,) = ada.decisions(Outcome.EXITED, "restarted")
    entered = ada.decisions(Outcome.ENTERED)[1]
    assert restarted.evidence == {"restarted_by": entered.journey_id}


def test_restart_without_a_key_ends_all_running_journeys() -> None:
    again = flow(WAIT, send(), re_entry="always")
    ada = Customer(program_of(again))
    ada.view(MONDAY)
    ada.view(MONDAY + 1)
    ada.program = program_of({**again, "re_entry": "restart"}, version="2")
    ada.view(MONDAY + 2)
    assert len(ada.decisions(Outcome.EXITED, "restarted")) == 2
    assert len(ada.state.journeys) == 1


def test_restart_with_a_key_ends_only_the_keys_journey() -> None:
    ada = Customer(
        program_of(flow(WAIT, send(), on="order.fulfilled", key="order_id", re_entry="restart"))
    )
    fulfilled(ada, MONDAY, "1")
    fulfilled(ada, MONDAY + 1, "2")
    fulfilled(ada, MONDAY + 2, "1")
    assert [journey.key for journey in ada.state.journeys] == ["2", "1"]
    assert ada.outcomes() == ["entered", "entered", "exited restarted", "entered"]


def test_a_refused_trigger_restarts_nothing() -> None:
    keys: dict[str, Any] = {
        "re_entry": "restart",
        "filter": {"count": "order.placed", "equals": "0"},
    }
    ada = Customer(program_of(flow(WAIT, send(), **keys)))
    ada.view(MONDAY)
    ada.order(MONDAY + 1)
    ada.view(MONDAY + 2)
    assert refused(ada) == ["profile_filter"]
    assert len(ada.state.journeys) == 1


def test_e23_what_ends_it_was_processed_before_it() -> None:
    ada = Customer(program_of(flow(WAIT, send(), exit_on=[{"metric": "order.placed"}])))
    ada.order(MONDAY + HOUR)
    ada.view(MONDAY + 2 * HOUR, occurred_at=MONDAY)
    (decision,) = ada.decisions(Outcome.NOT_ENTERED)
    assert decision.reason == "exit_on"
    assert decision.evidence == {
        "metric": "order.placed",
        "occurred_at": MONDAY + HOUR,
        "triggered_at": MONDAY,
    }


@pytest.mark.parametrize(("earlier_by", "enters"), [(-1, False), (0, False), (1, True)])
def test_1_9_after_means_business_time(earlier_by: int, enters: bool) -> None:
    """At the same moment, an event of another metric happened after it."""
    ada = Customer(program_of(flow(WAIT, send(), exit_on=[{"metric": "order.placed"}])))
    ada.order(MONDAY + HOUR)
    ada.view(MONDAY + 2 * HOUR, occurred_at=MONDAY + HOUR + earlier_by)
    assert refused(ada) == ([] if enters else ["exit_on"])


def test_1_9_compares_with_the_trigger() -> None:
    same = {"metric": "order.cancelled", "where": {"order_id": "$trigger.order_id"}}
    program = program_of(flow(WAIT, send(), on="order.placed", exit_on=[same]))
    for order_id, enters in (("1", False), ("2", True)):
        ada = Customer(program)
        ada.event("order.cancelled", MONDAY + 1, order_id="1")
        ada.order(MONDAY + 2, order_id, occurred_at=MONDAY)
        assert refused(ada) == ([] if enters else ["exit_on"])


def test_e26_one_running_journey_for_a_key() -> None:
    ada = Customer(program_of(flow(WAIT, send(), on="order.fulfilled", key="order_id")))
    fulfilled(ada, MONDAY, "1")
    fulfilled(ada, MONDAY + 1, "1")
    fulfilled(ada, MONDAY + 2, "2")
    assert [journey.key for journey in ada.state.journeys] == ["1", "2"]
    (decision,) = ada.decisions(Outcome.NOT_ENTERED)
    assert decision.reason == "already_in_flow"
    assert decision.evidence["key"] == "1"
    assert decision.evidence["running_journey_id"] == ada.state.journeys[0].journey_id


def test_after_its_end_re_entry_decides_for_each_key() -> None:
    keys = {"key": "order_id", "re_entry": "never"}
    ada = Customer(program_of(flow(SEND_ALWAYS, on="order.fulfilled", **keys)))
    fulfilled(ada, MONDAY, "1")
    fulfilled(ada, MONDAY + 1, "1")
    fulfilled(ada, MONDAY + 2, "2")
    assert refused(ada) == ["re_entry"]
    assert len(ada.sent()) == 2


@pytest.mark.parametrize(("after", "enters"), [(KEYS_KEPT - 1, False), (KEYS_KEPT, True)])
def test_a_key_is_remembered_for_90_days(after: int, enters: bool) -> None:
    keys = {"key": "order_id", "re_entry": "never"}
    ada = Customer(program_of(flow(SEND_ALWAYS, on="order.fulfilled", **keys)))
    fulfilled(ada, MONDAY, "1")
    fulfilled(ada, MONDAY + after, "1")
    assert len(ada.sent()) == 1 + enters


def test_old_keys_are_forgotten() -> None:
    ada = Customer(program_of(flow(SEND_ALWAYS, on="order.placed", key="order_id")))
    for day in range(100):
        ada.order(MONDAY + day * DAY, str(day))
    assert len(ada.state.entries["flow"]) == 90


def test_without_a_key_every_event_starts_a_journey_of_its_own() -> None:
    ada = Customer(program_of(flow(WAIT, send())))
    ada.view(MONDAY)
    ada.view(MONDAY + 1)
    assert len({journey.journey_id for journey in ada.state.journeys}) == 2


def test_e28_an_event_without_the_key_does_not_enter() -> None:
    ada = Customer(program_of(flow(WAIT, send(), key="category")))
    ada.event("view.item", MONDAY, sku="A", category=None)
    ada.event("view.item", MONDAY + 1, sku="A")
    assert refused(ada) == ["missing_key", "missing_key"]
    assert ada.decisions(Outcome.NOT_ENTERED)[0].evidence == {"key": "category"}


def test_ids_compare_by_their_text() -> None:
    ada = Customer(program_of(flow(WAIT, send(), on="search.performed", key="results")))
    for nth, results in enumerate([17, 17, 170]):
        ada.event("search.performed", MONDAY + nth, query="hat", filters={}, results=results)
    assert [journey.key for journey in ada.state.journeys] == ["17", "170"]


def test_a_paused_flow_and_a_draft_have_no_entries() -> None:
    ada = Customer(program_of(flow(send(), status="paused")))
    ada.view(MONDAY)
    assert refused(ada) == ["flow_paused"]
    for status in ("draft", "archived"):
        ada = Customer(program_of(flow(send(), status=status)))
        ada.view(MONDAY)
        assert ada.outcomes() == []


def test_1_11_the_first_check_that_fails_is_the_reason() -> None:
    """Each attempt mends what was wrong with the one before."""
    bad: dict[str, Any] = {
        "status": "paused",
        "key": "category",
        "filter": {"profile": "country", "equals": "GB"},
        "exit_on": [{"metric": "order.placed"}],
        "re_entry": "never",
    }
    ada = Customer(program_of(flow(WAIT, send(), **{**bad, "status": "live"})))
    ada.event("customer.updated", MONDAY - DAY, set={"country": "GB"}, unset=[])
    ada.event("view.item", MONDAY, sku="A", category="hats")
    ada.event("customer.updated", MONDAY + 1, set={"country": "DE"}, unset=[])
    ada.program = program_of(flow(WAIT, send(), **bad), version="2")
    at = MONDAY + HOUR
    ada.view(at, occurred_at=at - DAY)
    ada.view(at)
    ada.program = program_of(flow(WAIT, send(), **{**bad, "status": "live"}), version="3")
    ada.view(at + 1)
    hats: dict[str, Any] = {"sku": "A", "category": "hats"}
    ada.event("view.item", at + 2, **hats)
    ada.event("customer.updated", at + 3, set={"country": "GB"}, unset=[])
    other = {**bad, "status": "live", "exit_on": [{"metric": "wishlist.added"}]}
    ada.event("wishlist.added", at + 10, sku="A")
    ada.program = program_of(flow(WAIT, send(), **other), version="4")
    ada.event("view.item", at + 11, occurred_at=at + 9, **hats)
    ada.event("view.item", at + 12, **hats)
    ada.until(at + DAY)
    ada.event("view.item", at + 2 * DAY, **hats)
    assert refused(ada) == [
        "too_old",
        "flow_paused",
        "missing_key",
        "profile_filter",
        "exit_on",
        "already_in_flow",
        "re_entry",
    ]


def test_higher_priority_enters_first_then_by_id() -> None:
    program = program_of(
        flow(send("b"), name="b"),
        flow(send("a"), name="a"),
        flow(send("urgent"), name="z", priority="60"),
    )
    ada = Customer(program)
    ada.view(MONDAY)
    assert [decision.flow for decision in ada.decisions(Outcome.ENTERED)] == ["z", "a", "b"]
    assert ada.sent() == [(MONDAY, "urgent")]  # the others are too soon after it


def test_1_12_at_most_16_entries_for_one_event() -> None:
    program = program_of(*(flow(WAIT, send(), name=f"flow-{n:02}") for n in range(18)))
    ada = Customer(program)
    ada.view(MONDAY)
    assert len(ada.state.journeys) == MOST_ENTRIES
    assert refused(ada) == ["loop", "loop"]
    assert ada.effects.loops == 2


def test_the_same_event_in_another_currency() -> None:
    big = {"metric": "order.placed", "where": {"total": {"gt": "100"}}}
    program = program_of(flow(send(), trigger=big), store={"rates": {"EUR": "0.5"}})
    for currency, enters in (("EUR", False), ("GBP", True), ("SEK", False)):
        ada = Customer(program)
        ada.order(MONDAY, total=15_000, currency=currency)
        assert bool(ada.sent()) is enters


def test_an_event_without_optional_fields_does_not_raise() -> None:
    where = {"items": {"any": {"category": "hats"}}, "country": {"equals": "GB"}}
    program = program_of(flow(send(), trigger={"metric": "order.placed", "where": where}))
    ada, effects = Customer(program), Effects()
    event = Event("order.placed", "x", "ada", MONDAY, {"order_id": "1", "total": 1, "tags": []})
    act(program, ada.state, event, MONDAY, effects)
    assert effects.decisions == []


def test_3_4_the_entry_before_the_judged_journey_counts() -> None:
    lately = {"if": {"in_flow": "flow", "within": "7d"}, "then": [send("again")]}
    ada = Customer(program_of(flow(lately)))
    ada.view(MONDAY)
    ada.view(MONDAY + 6 * DAY)
    ada.view(MONDAY + 13 * DAY)
    assert [branch.reason for branch in ada.decisions(Outcome.BRANCH)] == ["else", "then", "else"]
