"""Ticks are known by their header."""

import pytest

from streams.ports import Record
from streams.runtime.time_policy.ticks import TICK_HEADER, is_tick


@pytest.mark.parametrize(
    ("headers", "is_one"),
    [
        (None, False),
        ([], False),
        ([("traceparent", b"1")], False),
        ([(TICK_HEADER, b"")], True),
        ([("traceparent", b"1"), (TICK_HEADER, b"")], True),
    ],
)
def test_a_tick_is_known_by_its_header(
    headers: list[tuple[str, bytes]] | None, is_one: bool
) -> None:
    assert is_tick(Record(1, 0, None, None, headers)) is is_one
