import pytest

from streams.engine.customer.state import encode_state
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send


def test_every_event_is_counted() -> None:
    ada = Customer(program_of())
    for nth in range(3):
        ada.view(MONDAY + nth)
    totals = {metric: past.total for metric, past in ada.state.recent.items()}
    assert totals == {"customer.updated": 1, "view.item": 3}
    assert ada.state.sequence == 4


def test_e29_a_duplicate_changes_nothing() -> None:
    ada = Customer(program_of(flow(send())))
    ada.view(MONDAY, event_id="twice")
    before = encode_state(ada.state), len(ada.effects.decisions)
    ada.view(MONDAY + DAY, event_id="twice")
    assert (encode_state(ada.state), len(ada.effects.decisions)) == before


@pytest.mark.parametrize(("age", "is_kept"), [(10 * DAY - 1, True), (10 * DAY, False)])
def test_history_says_how_long_events_are_remembered(age: int, is_kept: bool) -> None:
    ada = Customer(program_of(store={"history": {"keep": "10d"}}))
    ada.view(MONDAY)
    ada.view(MONDAY + age)
    assert len(ada.state.recent["view.item"]) == 1 + is_kept
    assert ada.state.recent["view.item"].total == 2


def test_the_newest_is_always_remembered() -> None:
    ada = Customer(program_of(store={"history": {"keep": "10d"}}))
    ada.view(MONDAY, occurred_at=MONDAY - 30 * DAY)
    assert ada.state.recent["view.item"].at(-1) == MONDAY - 30 * DAY


def test_at_most_so_many_are_remembered_beyond_what_flows_ask_for() -> None:
    history = {"history": {"occurrences": "5"}}
    idle = Customer(program_of(store=history))
    asks = flow(send(), filter={"count": "view.item", "in_last": "1d", "at_least": "1"})
    asking = Customer(program_of(asks, store=history))
    for nth in range(8):
        idle.view(MONDAY + nth * HOUR)
        asking.view(MONDAY + nth * HOUR)
    assert len(idle.state.recent["view.item"]) == 5
    assert len(asking.state.recent["view.item"]) == 8
    asking.view(MONDAY + 26 * HOUR)
    assert len(asking.state.recent["view.item"]) == 6  # younger than a day, or among the last five


def test_only_fields_that_conditions_read_are_kept() -> None:
    where = {"count": "view.item", "where": {"category": "hats"}, "at_least": "1"}
    ada = Customer(program_of(flow(send(), filter=where)))
    ada.event("view.item", MONDAY, sku="A", category="hats", name="Hat")
    assert [event.data for event in ada.state.recent["view.item"]] == [{"category": "hats"}]


def test_amounts_are_kept_in_the_stores_currency() -> None:
    asks = flow(send(), filter={"sum": "order.placed", "of": "total", "at_least": "1"})
    ada = Customer(program_of(asks, store={"rates": {"EUR": "0.86"}}))
    ada.order(MONDAY, "1", 1_000, currency="EUR")
    ada.order(MONDAY + 1, "2", 1_000, currency="SEK")
    assert [(event.data, event.no_rate) for event in ada.state.recent["order.placed"]] == [
        ({"total": 860}, None),
        ({}, "SEK"),
    ]
    assert ada.effects.without_rate == 1
