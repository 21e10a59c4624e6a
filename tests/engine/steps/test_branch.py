from typing import Any

import pytest

from streams.engine import Definitions, Outcome, read_definitions
from tests.harness.customer import MONDAY, Customer, flow, program_of, send

STEP = {
    "branch": [
        {"when": {"profile": "country", "equals": "GB"}, "then": [send("british")]},
        {"when": {"profile": "locale", "starts_with": "en"}, "then": [send("english")]},
    ],
    "else": [send("others")],
}


@pytest.mark.parametrize(
    ("fields", "sent", "way"),
    [
        ({"country": "GB", "locale": "en"}, "british", 1),
        ({"country": "US", "locale": "en"}, "english", 2),
        ({"country": "DE", "locale": "de"}, "others", None),
        ({}, "others", None),
    ],
)
def test_the_first_that_holds(fields: dict[str, str], sent: str, way: int | None) -> None:
    after = send("after", smart_sending="false")
    ada = Customer(program_of(flow(STEP, after)))
    ada.event("customer.updated", MONDAY, set=fields, unset=[])
    ada.view(MONDAY + 1)
    assert [template for _, template in ada.sent()] == [sent, "after"]
    (branch,) = ada.decisions(Outcome.BRANCH)
    assert branch.reason == ("else" if way is None else "then")
    assert branch.evidence.get("way") == way


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"branch": []}, "at least one branch"),
        ({"branch": [{"then": [send()]}]}, "missing key 'when'"),
    ],
)
def test_what_makes_no_sense_is_refused(step: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [flow(step, send("after"))]})
    assert not isinstance(problems, Definitions)
    assert any(says in problem.sentence() for problem in problems)
