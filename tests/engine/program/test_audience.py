"""The part of a customer's state that an audience reads."""

from typing import Any

import pytest

from streams.engine.customer import CustomerState, StateHead, StatePrefix
from tests.harness.customer import flow, program_of, send

BUYERS = {"count": "order.placed", "at_least": "1"}
NAMED = {"profile": "first_name", "equals": "ada"}


@pytest.mark.parametrize(
    ("audience", "part"),
    [
        (NAMED, StateHead),
        ({"any": [NAMED, {"consent": "email"}]}, StateHead),
        ({"all": [NAMED, BUYERS]}, StatePrefix),
        ({"not": BUYERS}, StatePrefix),
        ({"sum": "order.placed", "of": "total", "gt": "5"}, StatePrefix),
        ({"since_last": "order.placed", "at_least": "9d"}, StatePrefix),
        ({"value": "clv.historic", "at_least": "9"}, StatePrefix),
        ({"segment": "buyers"}, StatePrefix),
        ({"segment": "named"}, StateHead),
        ({"in_flow": "asking"}, CustomerState),
    ],
    ids=str,
)
def test_the_smallest_part_that_holds_what_the_condition_reads(
    audience: dict[str, Any], part: type[StateHead]
) -> None:
    asking = flow(send(), name="asking")
    asking["trigger"] = {"schedule": "0 9 * * *", "audience": audience}
    segments = [{"segment": "buyers", "if": BUYERS}, {"segment": "named", "if": NAMED}]
    found = program_of(asking, segments=segments).flows["asking"].audience
    assert found is not None
    assert found.reads is part
