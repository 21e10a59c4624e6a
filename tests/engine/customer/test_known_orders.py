"""The orders that are known of a customer, and what is taken off them (SEMANTICS 8.6)."""

from typing import Any

import pytest

from streams.engine import encode_state
from streams.engine.customer.known_orders import (
    MOST_AWAITED_ORDERS,
    MOST_ORDERS,
    WAITS_FOR_ORDER,
    find_order,
)
from streams.engine.customer.orders import net_revenue
from streams.engine.values import id_hash
from tests.harness.customer import DAY, MONDAY, Customer, program_of

RATES = {"rates": {"EUR": "0.86", "USD": "0.80"}}


def customer() -> Customer:
    return Customer(program_of(store=RATES))


def refund(ada: Customer, at: int, order_id: str, amount: int, **keys: Any) -> None:
    given = {"currency": "GBP", "items": [], "refund_id": None, **keys}
    ada.event("order.refunded", at, order_id=order_id, amount=amount, **given)


def test_the_last_thousand_orders_are_known() -> None:
    ada = customer()
    refund(ada, MONDAY, "0", 10)
    for number in range(MOST_ORDERS):
        ada.order(MONDAY + number, f"{number}", 100)
    assert find_order(ada.state, "0") is not None
    ada.order(MONDAY + DAY, "one more", 100)
    assert find_order(ada.state, "0") is None
    assert id_hash("0") not in ada.state.order_accounts
    assert all(find_order(ada.state, f"{number}") for number in range(1, MOST_ORDERS))
    assert (ada.state.orders, ada.state.refunds) == (MOST_ORDERS + 1, 10)
    assert len(ada.state.known_orders) == 13 * MOST_ORDERS


def test_an_order_that_was_told_once_has_no_account() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000)
    assert ada.state.order_accounts == {}
    assert len(ada.state.known_orders) == 13


def test_a_partial_refund_is_taken_off_at_the_orders_own_rate() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000, currency="EUR")
    refund(ada, MONDAY + 1, "1", 2_500, currency="EUR")
    assert net_revenue(ada.state) == 6_450
    refund(ada, MONDAY + 2, "1", 4_300)  # half of it, in the store's currency
    assert net_revenue(ada.state) == 2_150
    refund(ada, MONDAY + 3, "1", 9_999, currency="USD")
    assert net_revenue(ada.state) == 0


def test_a_refund_in_a_currency_without_a_rate_takes_nothing_off() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000)
    refund(ada, MONDAY + 1, "1", 10_000, currency="SEK")
    assert net_revenue(ada.state) == 10_000


def test_an_order_without_a_rate_is_known_and_worth_nothing() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000, currency="SEK")
    refund(ada, MONDAY + 1, "1", 10_000, currency="SEK")
    ada.order(MONDAY + 2, "1", 20_000, currency="SEK")
    assert (ada.state.orders, ada.state.revenue, ada.state.refunds) == (1, 0, 0)


@pytest.mark.parametrize("total", [(1 << 42) - 2, (1 << 42) - 1, 1 << 50, -500])
def test_an_unusual_total_is_the_orders_all_the_same(total: int) -> None:
    ada = customer()
    ada.order(MONDAY, "1", total)
    order = find_order(ada.state, "1")
    assert order is not None
    assert order.worth == total
    assert net_revenue(ada.state) == max(total, 0)
    refund(ada, MONDAY + 1, "1", 1 << 60)
    assert net_revenue(ada.state) == 0


def test_a_cancelled_order_stays_worth_nothing_when_its_total_is_corrected() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 5_000)
    ada.event("order.cancelled", MONDAY + 1, order_id="1")
    ada.order(MONDAY + 2, "1", 6_000)
    assert (ada.state.revenue, ada.state.refunds) == (6_000, 6_000)


def test_what_is_taken_off_stays_within_64_bits() -> None:
    ada = customer()
    ada.order(MONDAY, total=1)
    refund(ada, MONDAY + 1, "1", 10**12)
    for number in range(1, 6):
        ada.order(MONDAY + 2 * number, total=10**12, currency="EUR")
        ada.order(MONDAY + 2 * number + 1, total=1)
    assert encode_state(ada.state)
    assert net_revenue(ada.state) == 0


def test_many_refunds_of_an_order_to_come_take_little_space() -> None:
    ada = customer()
    for number in range(2_000):
        refund(ada, MONDAY + number, "1", 3)
    (account,) = ada.state.order_accounts.values()
    assert len(account.waiting) == 100
    ada.order(MONDAY + DAY, total=10_000)
    assert net_revenue(ada.state) == 10_000 - 2_000 * 3


def test_what_waits_for_orders_that_never_come_is_bounded() -> None:
    ada = customer()
    for number in range(MOST_AWAITED_ORDERS + 5):
        refund(ada, MONDAY + number, f"{number}", 10)
    assert len(ada.state.order_accounts) == MOST_AWAITED_ORDERS
    refund(ada, MONDAY + WAITS_FOR_ORDER + DAY, "late", 10)
    assert list(ada.state.order_accounts) == [id_hash("late")]
