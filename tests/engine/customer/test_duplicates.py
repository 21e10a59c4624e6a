"""An event is known for as long as it is remembered, and among the customer's last 64 (SEMANTICS
8.7)."""

import pytest

from streams.engine.customer import encode_state
from streams.engine.customer.duplicates import MOST_SEEN
from streams.engine.values import ID_HASH
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

SHORT = {"history": {"keep": "10d", "occurrences": "5"}}


@pytest.mark.parametrize("others", [0, 63, 64, 500])
def test_d13_an_event_is_known_while_it_is_remembered(others: int) -> None:
    ada = Customer(program_of())
    ada.view(MONDAY, event_id="twice")
    for nth in range(others):
        ada.event("search.performed", MONDAY + nth, query="lamp", filters={}, results=1)
    before = encode_state(ada.state)
    ada.view(MONDAY + HOUR, event_id="twice")
    assert ada.effects.duplicates == 1
    assert encode_state(ada.state) == before


def test_d13_a_history_of_seventy_orders_imported_twice_is_seventy_orders() -> None:
    ada = Customer(program_of())
    for time in range(2):
        for nth in range(70):
            at = MONDAY - 30 * DAY + nth * HOUR
            ada.order(
                MONDAY + time * DAY + nth, f"o{nth}", 100, occurred_at=at, event_id=f"import-{nth}"
            )
    assert ada.state.orders == ada.state.recent["order.placed"].total == 70
    assert ada.state.revenue == 7_000
    assert ada.effects.duplicates == 70


@pytest.mark.parametrize(("others", "is_known"), [(63, True), (200, False)])
def test_8_7_a_forgotten_event_is_known_among_the_last_64(others: int, is_known: bool) -> None:
    ada = Customer(program_of(store=SHORT))
    ada.view(MONDAY, event_id="twice", occurred_at=MONDAY - 20 * DAY)
    for nth in range(others):
        ada.view(MONDAY + nth)  # the old one is forgotten with the first of these
    assert len(ada.state.recent["view.item"]) <= 5
    ada.view(MONDAY + HOUR, event_id="twice", occurred_at=MONDAY - 20 * DAY)
    assert ada.effects.duplicates == int(is_known)
    assert ada.state.recent["view.item"].total == others + 2 - int(is_known)
    assert len(ada.state.seen) <= MOST_SEEN * ID_HASH


@pytest.mark.parametrize(("others", "is_known"), [(63, True), (64, False)])
def test_8_7_an_id_of_another_metric_is_known_among_the_last_64(
    others: int, is_known: bool
) -> None:
    """An older one isn't: shops number orders and shipments alike."""
    ada = Customer(program_of())
    ada.order(MONDAY, event_id="17")
    for nth in range(others):
        ada.view(MONDAY + nth)
    ada.event("order.fulfilled", MONDAY + HOUR, event_id="17", order_id="1")
    assert ada.effects.duplicates == int(is_known)


def test_8_7_a_known_order_or_a_stale_cart_told_twice_is_a_duplicate() -> None:
    ada = Customer(program_of(flow(send(), on="order.placed")))
    ada.order(MONDAY, "1")
    ada.order(MONDAY + 1, "1", event_id="again")
    decided = len(ada.effects.decisions)
    ada.order(MONDAY + 2, "1", event_id="again")
    assert ada.effects.duplicates == 1
    assert len(ada.effects.decisions) == decided
