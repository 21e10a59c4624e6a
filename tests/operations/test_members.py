"""Members of a segment, evaluated from records of the changelog."""

from typing import Any

from streams.engine import Definitions, compile_program, encode_state, read_definitions
from streams.operations.members import CurrentProgram, members_in
from tests.harness.customer import DAY, MONDAY, Customer

SEGMENTS = [
    {"segment": "lapsed", "if": {"since_last": "order.placed", "at_least": "90d"}},
    {"segment": "buyers", "if": {"count": "order.placed", "at_least": "1"}},
    {"segment": "poor", "if": {"value": "clv.historic", "below": "store_mean"}},
    {
        "segment": "hats",
        "if": {"count": "view.item", "where": {"category": "hats"}, "at_least": "1"},
    },
]


def program(**facts: Any) -> CurrentProgram:
    definitions = read_definitions({"segments": SEGMENTS})
    assert isinstance(definitions, Definitions)
    return CurrentProgram(definitions, "1", facts)


def customer(name: str, orders: int = 0) -> Customer:
    one = Customer(compile_program(program().definitions, "1"), customer_id=name)
    for number in range(orders):
        fields: dict[str, Any] = {
            "order_id": f"{number}",
            "total": 1000,
            "currency": "GBP",
            "items": [],
        }
        one.event("order.placed", MONDAY, **fields)
    return one


def record(one: Customer) -> tuple[bytes, bytes]:
    return one.state.customer_id.encode(), encode_state(one.state)


def test_members_are_judged_as_of_the_moment() -> None:
    states = [record(customer("ada", orders=1)), record(customer("bob"))]
    names = ["lapsed", "buyers"]
    at = MONDAY + 90 * DAY
    assert members_in(states, program(), names, at - 1) == {"lapsed": set(), "buyers": {"ada"}}
    assert members_in(states, program(), names, at) == {"lapsed": {"ada"}, "buyers": {"ada"}}


def test_store_facts_decide_with() -> None:
    states = [record(customer("ada", orders=1)), record(customer("bob", orders=3))]
    at = MONDAY + DAY
    assert members_in(states, program(), ["poor"], at) == {"poor": set()}
    mean = {"clv.historic.mean": 2000.0}
    assert members_in(states, program(**mean), ["poor"], at) == {"poor": {"ada"}}


def test_the_newest_record_of_a_customer_is_the_one_that_counts() -> None:
    before, after = record(customer("ada", orders=1)), record(customer("ada"))
    at = MONDAY + DAY
    assert members_in([before, after], program(), ["buyers"], at) == {"buyers": set()}
    assert members_in([after, before], program(), ["buyers"], at) == {"buyers": {"ada"}}
    assert members_in([before, (b"ada", None)], program(), ["buyers"], at) == {"buyers": set()}


def test_what_a_segment_asks_for_is_remembered_though_no_flow_uses_it() -> None:
    ada = customer("ada")
    ada.event("view.item", MONDAY, sku="A", category="hats")
    bob = customer("bob")
    bob.event("view.item", MONDAY, sku="A", category="gloves")
    states = [record(ada), record(bob)]
    assert members_in(states, program(), ["hats"], MONDAY + DAY) == {"hats": {"ada"}}
