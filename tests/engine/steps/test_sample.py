from collections import Counter
from typing import Any

import pytest

from streams.engine import Definitions, Outcome, read_definitions
from tests.harness.customer import DAY, MONDAY, Customer, flow, program_of, send

HALVES = {
    "sample": {"a": "50", "b": "50"},
    "paths": {"a": [send("a")], "b": [send("b")]},
    "id": "half",
}


def sides(step: dict[str, Any], customers: int) -> Counter[str]:
    program = program_of(flow(step))
    taken: Counter[str] = Counter()
    for number in range(customers):
        ada = Customer(program, customer_id=f"customer-{number}")
        ada.view(MONDAY)
        taken[ada.decisions(Outcome.BRANCH)[0].reason] += 1
    return taken


def test_s47_half_of_a_thousand() -> None:
    taken = sides(HALVES, 1_000)
    assert 450 <= taken["a"] <= 550
    assert taken["a"] + taken["b"] == 1_000


def test_shares_need_not_be_equal() -> None:
    taken = sides({**HALVES, "sample": {"a": "0", "b": "10", "c": "90"}}, 1_000)
    assert taken["a"] == 0
    assert 70 <= taken["b"] <= 130


def test_s47_the_same_customer_gets_the_same_side() -> None:
    ada = Customer(program_of(flow(HALVES)))
    for day in range(20):
        ada.view(MONDAY + day * DAY)
    assert len({branch.reason for branch in ada.decisions(Outcome.BRANCH)}) == 1


def test_fresh_draws_for_each_journey() -> None:
    ada = Customer(program_of(flow({**HALVES, "fresh": "true"})))
    for day in range(20):
        ada.view(MONDAY + day * DAY)
    assert {branch.reason for branch in ada.decisions(Outcome.BRANCH)} == {"a", "b"}


def test_a_path_that_is_not_there_does_nothing() -> None:
    step = {"sample": {"hold-out": "100"}, "id": "half"}
    ada = Customer(program_of(flow(step, send("after"))))
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "after")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sample": {"a": "50", "b": "40"}}, "add up to 90"),
        ({"sample": {"a": "100"}}, "unknown path 'b'"),
        ({"sample": {"a": "-1", "b": "101"}}, "0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [flow({**HALVES, **change})]})
    assert not isinstance(problems, Definitions)
    assert any(says in problem.sentence() for problem in problems)
