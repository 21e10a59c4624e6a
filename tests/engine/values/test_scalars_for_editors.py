"""Patterns of the editors' schema agree with what is read."""

import re
from typing import Any

import pytest

from streams.engine.values.scalars import ClockTime, Duration, Offset, Scalar


def scalar(kind: Any) -> Scalar:
    marker: Scalar = kind.__metadata__[0]
    return marker


@pytest.mark.parametrize("kind", [Duration, Offset, ClockTime])
@pytest.mark.parametrize(
    "text",
    [
        "4h",
        "1d 2h 30m",
        "2w",
        "-3d",
        "+12h",
        "90s",
        "",
        " 4h",
        "1 day",
        "4",
        "2h 1d",
        "d",
        "9:30",
        "09:30",
        "23:59",
        "24:00",
        "12:60",
        "3pm",
    ],
)
def test_the_pattern_is_the_grammar(kind: Any, text: str) -> None:
    marker = scalar(kind)
    assert bool(re.search(marker.schema["pattern"], text)) == (marker.parse(text) is not None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3pm", "15:00"),
        ("3:30 p.m.", "15:30"),
        ("12am", "00:00"),
        ("15.30", "15:30"),
        ("15h", "15:00"),
        ("13pm", None),
        ("25:00", None),
        ("noon", None),
    ],
)
def test_the_clock_time_that_was_meant(text: str, meant: str | None) -> None:
    assert scalar(ClockTime).meant(text) == meant
