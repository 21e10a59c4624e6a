"""A state takes no more bytes than in format 2, although it knows orders and events for longer:
measured over customers of the demo's shop."""

from statistics import mean
from typing import Any

import msgspec
import pytest

from streams.demo.shop import build_shop_year
from streams.engine import CustomerState, Effects, Event, act, encode_state, new_state
from streams.engine.customer import Past
from streams.engine.customer.format_2 import FIELDS
from streams.engine.values import COMMON_FIELDS
from tests.harness.customer import program_of

PROGRAM = program_of()


def as_format_2(state: CustomerState, order_ids: list[str]) -> bytes:
    """Bytes as long as those of format 2: 12 for the time of each event, 8 for each of the last 64
    ids, and the last 100 orders by their ids."""
    fields: dict[str, Any] = {name: getattr(state, name, None) for name in FIELDS}
    fields["recent"] = {metric: _past(past) for metric, past in state.recent.items()}
    fields["seen"] = bytes(8 * min(state.sequence, 64))
    left = state.revenue // max(state.orders, 1)
    fields["order_left"] = dict.fromkeys(order_ids[-100:], left)
    fields["converted"] = []
    return bytes(9) + msgspec.msgpack.encode(list(fields.values()))


def _past(past: Past) -> list[Any]:
    return [bytes(12 * len(past)), past.data, past.since, past.total]


@pytest.mark.slow
def test_states_of_the_demos_customers_take_fewer_bytes() -> None:
    states: dict[str, CustomerState] = {}
    orders: dict[str, list[str]] = {}
    effects = Effects()
    for event in build_shop_year(one_in=20).events:
        customer = event.get("customer_id")
        if customer is None:
            continue
        metric = event["metric"]
        data = {
            name: value
            for name, value in event.items()
            if name != "metric" and name not in COMMON_FIELDS
        }
        state = states.setdefault(customer, new_state(customer))
        at = event["occurred_at"]
        act(PROGRAM, state, Event(metric, event["event_id"], customer, at, data), at, effects)
        if metric == "order.placed":
            orders.setdefault(customer, []).append(data["order_id"])
    before = {
        customer: len(as_format_2(state, orders.get(customer, [])))
        for customer, state in states.items()
    }
    now = {customer: len(encode_state(state)) for customer, state in states.items()}
    assert len(states) > 100
    assert mean(now.values()) < mean(before.values())
    # Larger are those with hundreds of events (13 bytes each, for 12 and 512 for all), and with
    # refunds, of which more is known.
    larger = [customer for customer in states if now[customer] > before[customer]]
    assert all(
        states[customer].sequence > 256 or states[customer].order_accounts for customer in larger
    )
    assert len(larger) <= len(states) // 20
