"""`clv.historic` of all customers of the demo is what the raw file says (SEMANTICS 7.2, 8.6)."""

from typing import Any

import pytest

from streams.demo.shop import build_shop_year
from streams.engine import CustomerState, Effects, Event, act, decode_state, encode_state, new_state
from streams.engine.customer import net_revenue
from tests.harness.customer import program_of
from tests.harness.raw_revenue import raw_revenue

pytestmark = pytest.mark.slow


def test_it_equals_the_batch_over_the_raw_file_for_all_customers() -> None:
    program, effects = program_of(store={"currency": "GBP"}), Effects()
    states: dict[str, CustomerState] = {}
    for number, one in enumerate(build_shop_year().events):
        if not one["metric"].startswith("order."):
            continue
        customer = one["customer_id"]
        state = states.get(customer) or new_state(customer)
        act(program, state, event_of(one), one["occurred_at"], effects)
        states[customer] = decode_state(encode_state(state)) if number % 7 == 0 else state
    expected = raw_revenue()
    assert len(expected) == 4_372
    assert {customer: net_revenue(state) for customer, state in states.items()} == expected


def event_of(fields: dict[str, Any]) -> Event:
    data = dict(fields)
    metric, event_id = data.pop("metric"), data.pop("event_id")
    customer, at = data.pop("customer_id"), data.pop("occurred_at")
    return Event(metric, event_id, customer, at, data)
