"""Cron lines in a zone (W42)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.values.calendar import moment_text, place_moment, to_wall, zone_named
from streams.engine.values.cron import parse_cron, wrong_field
from streams.engine.values.scalars import parse_moment

UTC = zone_named("UTC")
LONDON = zone_named("Europe/London")
assert UTC is not None
assert LONDON is not None
ZONES = {"UTC": UTC, "Europe/London": LONDON}


def at(text: str) -> int:
    moment = parse_moment(text)
    assert moment is not None
    assert UTC is not None
    return place_moment(moment, UTC)


def following(line: str, after: str, zone: str = "UTC", count: int = 3) -> list[str]:
    """The next moments, by the clocks of the zone."""
    cron = parse_cron(line)
    assert cron is not None
    here = ZONES[zone]
    moment, found = at(after), []
    for _ in range(count):
        moment = cron.next_after(moment, here)
        found.append(moment_text(moment, here))
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 9 * * *", ["2026-03-02 09:00", "2026-03-03 09:00", "2026-03-04 09:00"]),
        ("30 8,17 * * *", ["2026-03-02 08:30", "2026-03-02 17:30", "2026-03-03 08:30"]),
        ("*/20 9 * * *", ["2026-03-02 09:00", "2026-03-02 09:20", "2026-03-02 09:40"]),
        ("0 9 * * mon-fri", ["2026-03-02 09:00", "2026-03-03 09:00", "2026-03-04 09:00"]),
        ("0 9 * * 6,7", ["2026-03-07 09:00", "2026-03-08 09:00", "2026-03-14 09:00"]),
        ("0 9 * * fri-sun", ["2026-03-06 09:00", "2026-03-07 09:00", "2026-03-08 09:00"]),
        ("0 9 31 * *", ["2026-03-31 09:00", "2026-05-31 09:00", "2026-07-31 09:00"]),
        ("0 9 29 feb *", ["2028-02-29 09:00", "2032-02-29 09:00", "2036-02-29 09:00"]),
        ("0 9 1 */6 *", ["2026-07-01 09:00", "2027-01-01 09:00", "2027-07-01 09:00"]),
        ("0 9 13 * 5", ["2026-03-06 09:00", "2026-03-13 09:00", "2026-03-20 09:00"]),  # either
        ("50/5 23 * * *", ["2026-03-02 23:50", "2026-03-02 23:55", "2026-03-03 23:50"]),
    ],
)
def test_what_a_line_means(line: str, expected: list[str]) -> None:
    assert following(line, "2026-03-02 00:00") == expected


def test_the_moment_itself_is_past() -> None:
    assert following("0 9 * * *", "2026-03-02 08:59:59.999", count=1) == ["2026-03-02 09:00"]
    assert following("0 9 * * *", "2026-03-02 09:00", count=1) == ["2026-03-03 09:00"]


def test_w42_nine_by_the_wall() -> None:
    assert following("0 9 * * *", "2026-03-28 12:00", "Europe/London", 2) == [
        "2026-03-29 09:00",
        "2026-03-30 09:00",
    ]
    assert following("0 9 * * *", "2026-10-24 12:00", "Europe/London", 2) == [
        "2026-10-25 09:00",
        "2026-10-26 09:00",
    ]


def test_w42_a_time_that_is_skipped_is_after_the_gap_and_once() -> None:
    assert following("30 1 * * *", "2026-03-28 12:00", "Europe/London", 2) == [
        "2026-03-29 02:00",
        "2026-03-30 01:30",
    ]
    assert following("15,30 1 * * *", "2026-03-28 12:00", "Europe/London", 2) == [
        "2026-03-29 02:00",
        "2026-03-30 01:15",
    ]


def test_w42_a_time_that_comes_twice_is_once() -> None:
    cron = parse_cron("30 1 * * *")
    assert cron is not None
    assert LONDON is not None
    first = cron.next_after(at("2026-10-24 12:00"), LONDON)
    assert first == at("2026-10-25 00:30")
    assert cron.next_after(first, LONDON) == at("2026-10-26 01:30")
    assert cron.next_after(at("2026-10-25 01:10"), LONDON) == at("2026-10-26 01:30")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "0 9 * *",
        "0 9 * * * *",
        "60 9 * * *",
        "0 24 * * *",
        "0 9 0 * *",
        "0 9 32 * *",
        "0 9 * 13 *",
        "0 9 * * 8",
        "0 9 * * fry",
        "0 9 30 feb *",
        "0 9 5-3 * *",
        "0 9 */0 * *",
        "0 9 -3 * *",
        "0 9 1- * *",
        "@daily",
        "0 9 ? * *",
        "0 9 L * *",
    ],
)
def test_what_is_no_line(line: str) -> None:
    assert parse_cron(line) is None


@given(st.integers(at("2026-01-01 00:00"), at("2027-01-01 00:00")), st.sampled_from(sorted(ZONES)))
def test_against_brute_force(after: int, name: str) -> None:
    """Minute by minute, the wall says when."""
    cron = parse_cron("*/10 1-2 * * *")
    assert cron is not None
    zone = ZONES[name]
    found = cron.next_after(after, zone)
    minute = after - after % 60_000 + 60_000
    while True:
        wall = to_wall(minute, zone)
        if wall.hour in (1, 2) and wall.minute % 10 == 0 and wall.fold == 0:
            assert found == minute
            return
        minute += 60_000


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0 9 * *", "it has 4 fields, expected 5: minute, hour, day of the month, month"),
        ("0 0 9 * * *", "it has 6 fields, expected 5"),
        ("60 9 * * *", "its minute is '60', allowed are 0 to 59, * and */n"),
        ("0 25 * * *", "its hour is '25', allowed are 0 to 23"),
        ("0 9 0 * *", "its day of the month is '0', allowed are 1 to 31"),
        ("0 9 * foo *", "its month is 'foo', allowed are 1 to 12, jan to dec, * and */n"),
        ("0 9 * * monday", "its day of the week is 'monday', allowed are 0 to 7, mon to sun"),
        ("0 9 30 2 *", "no month of it has that day"),
    ],
)
def test_the_field_that_is_wrong(line: str, says: str) -> None:
    assert parse_cron(line) is None
    assert says in str(wrong_field(line))


def test_a_valid_line_has_no_wrong_field() -> None:
    assert wrong_field("*/15 9-17 1,15 jan-mar mon-fri") is None
