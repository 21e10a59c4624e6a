import math
from typing import Any

import pytest

from streams.engine import Definitions, Outcome, decode_state, encode_state, read_definitions
from tests.harness.customer import HOUR, MONDAY, Customer, flow, program_of, send

OWN = {"profile": {"plan": "text", "points": "number", "tags": "list of text"}}


def test_the_next_step_sees_it() -> None:
    steps = (
        {"update_profile": {"plan": "paid", "points": "7", "country": "$trigger.category"}},
        {"if": {"profile": "plan", "equals": "paid"}, "then": [send("paid")]},
    )
    ada = Customer(program_of(flow(*steps), store=OWN))
    ada.event("view.item", MONDAY, sku="A", category="GB")
    assert ada.sent() == [(MONDAY, "paid")]
    assert ada.state.profile["points"] == 7
    assert ada.state.profile["country"] == "GB"


def test_a_reference_to_what_is_missing_unsets() -> None:
    ada = Customer(program_of(flow({"update_profile": {"country": "$trigger.category"}})))
    ada.event("customer.updated", MONDAY, set={"country": "GB"}, unset=[])
    ada.view(MONDAY + 1)
    assert "country" not in ada.state.profile


def test_all_values_are_read_before_any_is_set() -> None:
    swap = {"first_name": "$profile.last_name", "last_name": "$profile.first_name"}
    ada = Customer(program_of(flow({"update_profile": swap})))
    names = {"first_name": "Lovelace", "last_name": "Ada"}
    ada.event("customer.updated", MONDAY, set=names, unset=[])
    ada.view(MONDAY + 1)
    assert ada.state.profile["first_name"] == "Ada"
    assert ada.state.profile["last_name"] == "Lovelace"


def test_it_is_newer_than_an_older_patch() -> None:
    ada = Customer(program_of(flow({"update_profile": {"country": "GB"}})))
    ada.view(MONDAY)
    late: dict[str, Any] = {"occurred_at": MONDAY - 1, "set": {"country": "DE"}, "unset": []}
    ada.event("customer.updated", MONDAY + HOUR, **late)
    assert ada.state.profile["country"] == "GB"


def test_the_profile_filter_is_judged_before_it() -> None:
    german = {"profile": "country", "equals": "DE"}
    steps = ({"wait": "1h", "id": "pause"}, {"update_profile": {"locale": "de"}, "id": "set"})
    ada = Customer(program_of(flow(*steps, send(), filter=german)))
    ada.event("customer.updated", MONDAY, set={"country": "DE"}, unset=[])
    ada.view(MONDAY + 1)
    ada.event("customer.updated", MONDAY + 2, set={"country": "GB"}, unset=[])
    ada.until(MONDAY + 2 * HOUR)
    skipped = ada.decisions(Outcome.SKIPPED, "profile_filter")
    assert [decision.step for decision in skipped] == ["set", "hello"]
    assert "locale" not in ada.state.profile


def test_a_journey_of_another_flow_that_waits_for_it_continues() -> None:
    program = program_of(
        flow(
            {
                "wait_for": {"profile": "country", "equals": "GB"},
                "timeout": "9d",
                "id": "arrival",
                "then": [send("came")],
            },
            on="view.list",
            name="waits",
        ),
        flow({"wait": "1h", "id": "pause"}, {"update_profile": {"country": "GB"}}, name="sets"),
    )
    ada = Customer(program)
    ada.event("view.list", MONDAY, category="hats")
    ada.view(MONDAY + 1)
    ada.until(MONDAY + HOUR + 1)
    assert ada.sent() == [(MONDAY + HOUR + 1, "came")]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"contry": "GB"}, "country"),
        ({"points": "many"}, "a number"),
        ({"points": "$profile.plan"}, "expected a number"),
        ({"tags": "a"}, "cannot be set here"),
        ({"consent": "email"}, "cannot be set here"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict[str, Any], says: str) -> None:
    raw = {"flows": [flow({"update_profile": fields})], "store": OWN}
    problems = read_definitions(raw)
    assert not isinstance(problems, Definitions)
    assert says in problems[0].sentence()


def test_it_adds_to_a_number() -> None:
    adds = {"update_profile": {"points": {"add": "0.1"}}, "id": "add"}
    ada = Customer(program_of(flow(adds), store=OWN))
    ada.view(MONDAY)
    assert ada.state.profile["points"] == 0.1  # a missing number is 0
    for times in (1, 2):
        ada.view(MONDAY + times)
    assert ada.state.profile["points"] == 0.3  # as floats it would be more


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [(1e20, "1", 1e20), (2**62, str(2**62), 2.0**63), (5, "-7", -2), (math.inf, "1", 1)],
)
def test_a_sum_of_any_size_fits_into_a_state(before: float, added: str, after: float) -> None:
    ada = Customer(program_of(flow({"update_profile": {"points": {"add": added}}}), store=OWN))
    ada.state.profile["points"] = before
    ada.view(MONDAY)
    assert decode_state(encode_state(ada.state)).profile["points"] == after


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [
        (None, "1.10", 110),
        (2**53, "0.01", 2**53 + 1),  # as floats it would be lost
        (2**63 - 2, "0.01", 2**63 - 1),
        (2**63 - 1, "0.01", 2**63 - 1),
        (-(2**63), "-0.01", -(2**63)),
    ],
)
def test_a_sum_of_money_is_exact_or_is_not_made(before: int | None, added: str, after: int) -> None:
    own = {"profile": {"spent": "money"}}
    ada = Customer(program_of(flow({"update_profile": {"spent": {"add": added}}}), store=own))
    if before is not None:
        ada.state.profile["spent"] = before
    ada.view(MONDAY)
    spent = decode_state(encode_state(ada.state)).profile["spent"]
    assert (spent, type(spent)) == (after, int)


def test_it_adds_what_the_trigger_says_and_nothing_if_it_says_nothing() -> None:
    own = {"profile": {"spent": "money"}}
    adds = {"update_profile": {"spent": {"add": "$trigger.unit_price"}}}
    ada = Customer(program_of(flow(adds), store=own))
    ada.event("view.item", MONDAY, sku="A", unit_price=250)
    ada.event("view.item", MONDAY + 1, sku="B", unit_price=-50)
    assert ada.state.profile["spent"] == 200
    ada.event("view.item", MONDAY + 2, sku="C")
    assert ada.state.profile["spent"] == 200


def test_a_moment_given_to_a_date_is_its_date_where_p_lives() -> None:
    own = {"profile": {"renewal": "date", "fixed": "date"}}
    sets = {"renewal": "$trigger.occurred_at", "fixed": "2026-12-24 18:00"}
    ada = Customer(program_of(flow({"update_profile": sets}), store=own))
    ada.event("customer.updated", MONDAY - 1, set={"timezone": "Pacific/Auckland"}, unset=[])
    ada.event("view.item", MONDAY + 12 * HOUR, sku="A")
    assert ada.state.profile["renewal"] == "2026-03-03"
    assert ada.state.profile["fixed"] == "2026-12-24"


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"plan": {"add": "1"}}, "add", "'add' is for numbers, 'plan' is text"),
        ({"points": {"add": "many"}}, "add", "expected a number, found 'many'"),
        ({"points": {"added": "1"}}, "points", "missing key 'add'"),
    ],
)
def test_what_cannot_be_added_is_refused(given: dict[str, Any], path: str, says: str) -> None:
    problems = read_definitions({"flows": [flow({"update_profile": given})], "store": OWN})
    assert isinstance(problems, list)
    assert (problems[0].path[-1], problems[0].message) == (path, says)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"points": str(2**63)}, "expected a number of at most 64 bits, found"),
        ({"points": {"add": str(-(2**63) - 1)}}, "expected a number of at most 64 bits, found"),
        (
            {"spent": "10000000000.01"},
            "expected at most 10000000000.00 GBP, found '10000000000.01'",
        ),
        ({"spent": {"add": "-10000000000.01"}}, "expected at most 10000000000.00 GBP"),
    ],
)
def test_rule_8_4_what_no_profile_can_hold_is_refused(given: dict[str, Any], says: str) -> None:
    own = {"profile": {"points": "number", "spent": "money"}}
    problems = read_definitions({"flows": [flow({"update_profile": given})], "store": own})
    assert isinstance(problems, list)
    assert says in problems[0].message
    fits = {"points": str(2**63 - 1), "spent": {"add": "10000000000"}}
    raw = {"flows": [flow({"update_profile": fits})], "store": own}
    assert isinstance(read_definitions(raw), Definitions)
