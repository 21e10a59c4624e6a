import datetime
from decimal import Decimal

import pytest

from streams.engine.values.scalars import (
    Clock,
    LocalMoment,
    parse_boolean,
    parse_clock,
    parse_date,
    parse_decimal,
    parse_moment,
    parse_number,
)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("0:00", Clock(0, 0)),
        ("09:30", Clock(9, 30)),
        ("23:59", Clock(23, 59)),
        ("24:00", None),
        ("9:60", None),
        ("9", None),
        ("9:5", None),
        ("09:30:00", None),
        ("-1:00", None),
        ("9am", None),
    ],
)
def test_a_clock_time(text: str, clock: Clock | None) -> None:
    assert parse_clock(text) == clock


@pytest.mark.parametrize("text", ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "20260101"])
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_a_date() -> None:
    assert parse_date("2024-02-29") == datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("text", "wall", "offset"),
    [
        ("2026-12-24 18:00", (2026, 12, 24, 18, 0), None),
        ("2026-12-24T18:00", (2026, 12, 24, 18, 0), None),
        ("2026-12-24 18:00:01", (2026, 12, 24, 18, 0, 1), None),
        ("2026-12-24 18:00:01.5", (2026, 12, 24, 18, 0, 1, 500_000), None),
        ("2026-12-24 18:00:01.005", (2026, 12, 24, 18, 0, 1, 5_000), None),
        ("2026-12-24 18:00Z", (2026, 12, 24, 18, 0), 0),
        ("2026-12-24 18:00+01:00", (2026, 12, 24, 18, 0), 3_600_000),
        ("2026-12-24 18:00 -0530", (2026, 12, 24, 18, 0), -19_800_000),
    ],
)
def test_a_moment(text: str, wall: tuple[int, ...], offset: int | None) -> None:
    year, month, day, hour, minute, second, micro = (*wall, 0, 0)[:7]
    expected = datetime.datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001
    assert parse_moment(text) == LocalMoment(expected, offset)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-24",
        "2026-12-24 25:00",
        "2026-12-24 18:60",
        "2026-12-24 18:00:60",
        "2026-02-30 10:00",
        "2026-12-24 18:00 London",
        "2026-12-24 18:00:00.0001",
        "tomorrow",
    ],
)
def test_what_is_no_moment(text: str) -> None:
    assert parse_moment(text) is None


def test_numbers_are_typed_as_events_carry_them() -> None:
    assert parse_number("3") == 3
    assert isinstance(parse_number("3.0"), int)
    assert parse_number("-0.5") == -0.5
    assert parse_decimal("99.95") == Decimal("99.95")


@pytest.mark.parametrize(
    "text", ["", "1e3", "0x10", "1_000", "1,000", ".5", "5.", "NaN", "inf", "٣"]
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_booleans_are_those_of_yaml_1_2() -> None:
    assert parse_boolean("true") is True
    assert parse_boolean("False") is False
    assert parse_boolean("yes") is None
    assert parse_boolean("NO") is None
    assert parse_boolean("1") is None
