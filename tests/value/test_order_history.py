"""Customers as they were on a day."""

from streams.value.order_history import CustomerOrders, order_history

HISTORY = order_history(
    [
        CustomerOrders("a", [30, 10, 20, 30], [200, 100, 200, 100]),
        CustomerOrders("b", [25], [50]),
        CustomerOrders("none", [], []),
        CustomerOrders("old", [15, 28], [1, 2], first_day=-400, forgotten=7, forgotten_amount=70),
        CustomerOrders("older", [29], [4], first_day=-900, forgotten=2, forgotten_amount=20),
    ]
)


def test_who_has_ordered_by_then():
    assert [HISTORY.customers[place] for place in HISTORY.known_on(20)] == ["a", "old"]
    assert [HISTORY.customers[place] for place in HISTORY.known_on(29)] == [
        "a",
        "b",
        "old",
        "older",
    ]
    assert (HISTORY.start, HISTORY.last) == (10, 30)


def test_their_orders_until_then():
    then = HISTORY.on(20)
    assert list(then.orders) == [2, 8]
    assert list(then.first_day) == [10, -400]
    assert list(then.last_day) == [20, 15]
    assert list(then.revenue) == [300, 71]
    assert list(then.order_days) == [10, 20, 15]
    assert list(then.owners) == [0, 0, 1]
    assert list(then.repeats) == [1, 7]
    assert list(then.recency) == [10, 415]
    assert list(then.age(22)) == [12, 422]


def test_their_orders_after_that():
    assert list(HISTORY.orders_between(20, 28)) == [0, 1]
    assert list(HISTORY.orders_between(20, 30)) == [1, 1]
