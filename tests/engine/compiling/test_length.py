from typing import Any

import pytest

from tests.harness.customer import DAY, HOUR, flow, program_of, send

LONG = {"wait": "5d", "id": "long"}
SHORT = {"wait": "1d", "id": "short"}


@pytest.mark.parametrize(
    ("steps", "least", "most"),
    [
        ([], 0, 0),
        ([{"wait": "4h", "id": "w"}, send("a"), {"wait": "1d", "id": "v"}], DAY + 4 * HOUR, None),
        ([{"if": {"consent": "sms"}, "then": [LONG], "else": [SHORT]}], 5 * DAY, None),
        ([{"if": {"consent": "sms"}, "then": [SHORT]}, LONG], 6 * DAY, None),
        (
            [{"branch": [{"when": {"consent": "sms"}, "then": [SHORT]}], "else": [LONG]}],
            5 * DAY,
            None,
        ),
        ([{"sample": {"a": "50", "b": "50"}, "id": "s", "paths": {"b": [LONG]}}], 5 * DAY, None),
        (
            [{"wait_for": {"consent": "sms"}, "timeout": "3d", "id": "w", "then": [LONG]}],
            8 * DAY,
            None,
        ),
        ([{"wait": "2d", "at": "15:00", "id": "w"}], 3 * DAY, 4 * DAY),
        ([{"wait": "2d", "only_on": ["sat"], "id": "w"}], 8 * DAY, 10 * DAY),
        ([{"wait": {"until": "15:00", "offset": "3h"}, "id": "w"}], DAY + 3 * HOUR, 3 * DAY),
        (
            [{"wait": {"window": ["09:00", "10:00"], "only_on": ["sat"]}, "id": "w"}],
            7 * DAY,
            10 * DAY,
        ),
    ],
)
def test_the_longest_way_is_measured(steps: list[Any], least: int, most: int | None) -> None:
    length = program_of(flow(*steps, send())).flows["flow"].length
    assert length is not None
    assert least <= length <= (most or least)


@pytest.mark.parametrize("until", ["2026-12-24 18:00", "$profile.birthday"])
def test_a_wait_for_a_moment_has_no_maximum(until: str) -> None:
    waits = {"wait": {"until": until}, "id": "w"}
    assert program_of(flow(waits, send())).flows["flow"].length is None
    inside = {"if": {"consent": "sms"}, "then": [waits]}
    assert program_of(flow(inside, send())).flows["flow"].length is None
