"""What the truth of a condition hangs on, beside time."""

from typing import Any

import pytest

from streams.engine import Definitions, read_definitions
from streams.engine.conditions.dependence import PROFILE_METRICS, Dependence, dependence_of


def of(condition: dict[str, Any]) -> Dependence:
    definitions = read_definitions({"segments": [{"segment": "s", "if": condition}]})
    assert isinstance(definitions, Definitions), definitions
    return dependence_of(definitions.segments[0].if_, definitions.scope().segments)


ORDERS = {"count": "order.placed", "at_least": "1"}


@pytest.mark.parametrize(
    ("condition", "metrics"),
    [
        (ORDERS, {"order.placed"}),
        ({**ORDERS, "in_last": "7d"}, {"order.placed"}),
        # The customer's own day begins when it does in their zone, which they may change.
        ({**ORDERS, "on_day": "-1"}, {"order.placed", *PROFILE_METRICS}),
        (
            {"sum": "order.placed", "of": "total", "on_day": "0", "gt": "5"},
            {"order.placed", *PROFILE_METRICS},
        ),
        ({**ORDERS, "since": {"last": "view.item"}}, {"order.placed", "view.item"}),
        ({"profile": "country", "equals": "GB"}, set(PROFILE_METRICS)),
        ({"not": {"any": [ORDERS, ORDERS]}}, {"order.placed"}),
    ],
    ids=lambda given: str(sorted(given) if isinstance(given, set) else given),
)
def test_the_events_that_may_change_it(condition: dict[str, Any], metrics: set[str]) -> None:
    assert of(condition) == Dependence(metrics=metrics, on_past="profile" not in condition)
