from typing import Any

import pytest

from streams.engine.customer.orders import has_bought, net_revenue
from streams.engine.customer.state import CustomerState, cart_of
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, program_of


def customer() -> Customer:
    return Customer(program_of(store={"rates": {"EUR": "0.86"}}))


def test_revenue_is_net_of_refunds_and_cancellations() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000)
    ada.order(MONDAY + HOUR, "2", 5_000)
    refund: dict[str, Any] = {"currency": "GBP", "items": []}
    ada.event("order.refunded", MONDAY + DAY, order_id="1", amount=2_500, **refund)
    ada.event("order.cancelled", MONDAY + DAY, order_id="2", amount=1_000, currency="GBP")
    assert (ada.state.orders, ada.state.revenue, ada.state.refunds) == (2, 15_000, 3_500)
    assert net_revenue(ada.state) == 11_500
    assert (ada.state.first_order_at, ada.state.last_order_at) == (MONDAY, MONDAY + HOUR)


def test_a_cancellation_takes_what_is_left_of_the_order() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000)
    ada.event("order.refunded", MONDAY + 1, order_id="1", amount=2_500, currency="GBP", items=[])
    ada.event("order.cancelled", MONDAY + 2, order_id="1")
    assert net_revenue(ada.state) == 0
    ada.event("order.cancelled", MONDAY + 3, order_id="1")
    assert net_revenue(ada.state) == 0  # nothing is left of it


def test_a_cancellation_that_comes_before_its_order_takes_it_all_the_same() -> None:
    ada = customer()
    ada.event("order.cancelled", MONDAY, order_id="1")
    ada.order(MONDAY + 1, "1", 10_000)
    assert (ada.state.revenue, ada.state.refunds) == (10_000, 10_000)


def test_a_refund_that_comes_before_its_order_is_taken_off_it() -> None:
    ada = customer()
    ada.event("order.refunded", MONDAY, order_id="1", amount=2_500, currency="GBP", items=[])
    ada.order(MONDAY + 1, "1", 10_000)
    ada.event("order.cancelled", MONDAY + 2, order_id="1")
    assert net_revenue(ada.state) == 0


def test_another_currency_is_converted_once() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000, currency="EUR")
    assert ada.state.revenue == 8_600
    ada.event("order.cancelled", MONDAY + 1, order_id="1")
    assert net_revenue(ada.state) == 0


def test_without_a_rate_an_order_counts_and_its_amount_does_not() -> None:
    ada = customer()
    ada.order(MONDAY, "1", 10_000, currency="SEK")
    assert (ada.state.orders, ada.state.revenue) == (1, 0)


def test_orders_are_counted_in_any_order() -> None:
    ada = customer()
    ada.order(MONDAY, "2")
    ada.order(MONDAY + HOUR, "1", occurred_at=MONDAY - DAY)
    assert (ada.state.first_order_at, ada.state.last_order_at) == (MONDAY - DAY, MONDAY)


def cart(ada: Customer, at: int, *skus: str, occurred_at: int | None = None) -> None:
    items = [{"sku": sku, "quantity": 1, "unit_price": 100} for sku in skus]
    data: dict[str, Any] = {
        "cart_id": "c",
        "total": 100 * len(items),
        "currency": "GBP",
        "items": items,
    }
    ada.event("cart.updated", at, occurred_at=occurred_at, **data)


def skus_in_cart(state: CustomerState) -> list[Any] | None:
    found = cart_of(state)
    return None if found is None else [item["sku"] for item in found["items"]]


def test_an_order_empties_the_cart_that_came_before_it() -> None:
    ada = customer()
    cart(ada, MONDAY, "A", "B")
    assert skus_in_cart(ada.state) == ["A", "B"]
    ada.order(MONDAY + HOUR, occurred_at=MONDAY - 1)  # it happened before the cart
    assert skus_in_cart(ada.state) == ["A", "B"]
    ada.order(MONDAY + HOUR, "2")
    assert skus_in_cart(ada.state) is None
    cart(ada, MONDAY + 2 * HOUR, "C", occurred_at=MONDAY + 1)  # an old cart, read late
    assert skus_in_cart(ada.state) is None
    cart(ada, MONDAY + 3 * HOUR, "D")
    assert skus_in_cart(ada.state) == ["D"]
    cart(ada, MONDAY + 4 * HOUR)
    assert skus_in_cart(ada.state) is None


def test_what_was_bought_is_remembered() -> None:
    ada = customer()
    assert not has_bought(ada.state, "A")
    ada.order(MONDAY)
    ada.order(MONDAY + 1, "2")
    assert has_bought(ada.state, "A")
    assert not has_bought(ada.state, "B")
    assert len(ada.state.bought) == 4


@pytest.mark.parametrize("number", [10_000, 10_001])
def test_at_most_10000_skus_are_remembered(number: int) -> None:
    ada = customer()
    items = [{"sku": f"S{n}", "quantity": 1, "unit_price": 1} for n in range(number)]
    ada.order(MONDAY, items=items)
    assert len(ada.state.bought) == 40_000
    assert has_bought(ada.state, "S0") is (number == 10_000)
    assert has_bought(ada.state, f"S{number - 1}")
