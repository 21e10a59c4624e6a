import json

import msgspec
import pytest

from streams.engine import encode_state, new_state
from streams.engine.past import remember_first
from streams.runtime.lifecycle import TaskState
from streams.web.views import customer_view, health_view


def test_a_customer_is_shown_with_names_and_without_packed_bytes():
    state = new_state("anna")
    state.profile = {"email": "anna@example.com"}
    state.orders, state.revenue = 2, 4_500
    state.recent = {"order.placed": remember_first(1_000, 1, {"total": 4_500})}
    state.seen = b"12345678"
    state.cart = msgspec.msgpack.encode({"cart_id": "c1", "items": []})
    view = customer_view(encode_state(state))
    assert view["customer_id"] == "anna"
    assert view["profile"] == {"email": "anna@example.com"}
    assert (view["orders"], view["revenue"]) == (2, 4_500)
    assert view["recent"] == {
        "order.placed": [{"at": 1_000, "sequence": 1, "data": {"total": 4_500}}]
    }
    assert view["cart"] == {"cart_id": "c1", "items": []}
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
    assert (view.status, view.is_ready, view.running) == expected
