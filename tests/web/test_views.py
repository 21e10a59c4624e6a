import json

import msgspec
import pytest

from streams.engine import encode_state, new_state
from streams.engine.customer.past import remember_first
from streams.runtime.lifecycle import TaskState
from streams.web.views import (
    TaskView,
    customer_view,
    health_view,
    waiting_view,
)


def test_a_customer_is_shown_with_names_and_without_packed_bytes():
    state = new_state("anna")
    state.profile = {"email": "anna@example.com"}
    state.orders, state.revenue = 2, 4_500
    state.recent = {"order.placed": remember_first(1_000, 1, {"total": 4_500})}
    state.seen = b"12345"
    state.soft_bounces = {"email": b"1234567890"}  # the ids of two messages
    state.cart = msgspec.msgpack.encode({"cart_id": "c1", "items": []})
    view = customer_view(encode_state(state))
    assert view["customer_id"] == "anna"
    assert view["profile"] == {"email": "anna@example.com"}
    assert (view["orders"], view["revenue"]) == (2, 4_500)
    assert view["recent"] == {
        "order.placed": [{"at": 1_000, "sequence": 1, "data": {"total": 4_500}}]
    }
    assert view["cart"] == {"cart_id": "c1", "items": []}
    assert view["soft_bounces"] == {"email": 2}
    assert "seen" not in view
    json.dumps(view)  # all of it


@pytest.mark.parametrize(
    ("states", "is_stopping", "is_failed", "expected"),
    [
        ([], False, False, ("ok", True, 0)),
        ([TaskState.RUNNING, TaskState.COMMITTING], False, False, ("ok", True, 2)),
        ([TaskState.RUNNING, TaskState.RESTORING], False, False, ("ok", False, 1)),
        ([TaskState.RUNNING], True, False, ("stopping", False, 1)),
        ([TaskState.RUNNING], False, True, ("failed", False, 1)),
    ],
)
def test_a_worker_is_ready_when_all_its_tasks_run(states, is_stopping, is_failed, expected):
    view = health_view(states, is_stopping=is_stopping, is_failed=is_failed)
    assert (view.status.value, view.is_ready, view.running) == expected


@pytest.mark.parametrize(
    ("lag", "buffered", "is_at_rest", "is_up_to_date"),
    [
        (0, 0, True, True),
        (1, 0, True, False),
        (0, 1, True, False),
        (0, 0, False, False),
    ],
)
def test_a_task_is_up_to_date_if_nothing_is_left_and_it_is_at_rest(
    lag, buffered, is_at_rest, is_up_to_date
):
    view = TaskView(
        0,
        "running",
        waits_for="orders",
        lag={"orders": lag, "carts": 0},
        buffered={"orders": buffered, "carts": 0},
    )
    shown = waiting_view(view, is_at_rest=is_at_rest, knows_ends=True)
    assert shown.is_up_to_date is is_up_to_date
    assert shown.waits_for == (None if is_up_to_date else "orders")
    assert not waiting_view(view, is_at_rest=is_at_rest, knows_ends=False).is_up_to_date
