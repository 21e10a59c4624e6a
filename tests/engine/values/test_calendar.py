"""SEMANTICS 2.1 to 2.4: clock times over the days on which clocks change."""

import datetime
import zoneinfo
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.values.calendar import (
    at_clock,
    day_number,
    moment_text,
    next_clock,
    next_day,
    on_weekday,
    place_moment,
    start_of_day,
    to_date,
    to_instant,
    to_wall,
    yearly,
    zone_named,
    zone_names,
    zone_of,
)
from streams.engine.values.scalars import Clock, parse_moment


def zone(name: str) -> zoneinfo.ZoneInfo:
    found = zone_named(name)
    assert found is not None
    return found


LONDON = zone("Europe/London")
UTC = zone("UTC")


def at(text: str) -> int:
    """An instant, written in UTC."""
    moment = parse_moment(text)
    assert moment is not None
    return place_moment(moment, UTC)


@pytest.mark.parametrize(
    "name",
    ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "Europe", "Europe/../UTC", "UTC\n"],
)
def test_what_is_no_zone(name: str) -> None:
    assert zone_named(name) is None


def test_every_zone_of_the_package_is_found() -> None:
    assert len(zone_names()) > 400
    assert all(zone_named(name) is not None for name in zone_names())


def test_w35_an_unknown_zone_is_the_other_one() -> None:
    assert zone_of("Mars/Olympus", LONDON) is LONDON
    assert zone_of(None, LONDON) is LONDON
    assert zone_of("UTC", LONDON) is UTC


@pytest.mark.parametrize(
    ("clock", "instant"),
    [
        (Clock(0, 59), "2026-03-29 00:59"),
        (Clock(1, 0), "2026-03-29 01:00"),  # 01:00 to 01:59 don't exist: the first after the gap
        (Clock(1, 30), "2026-03-29 01:00"),
        (Clock(1, 59), "2026-03-29 01:00"),
        (Clock(2, 0), "2026-03-29 01:00"),
        (Clock(2, 1), "2026-03-29 01:01"),
        (Clock(9, 0), "2026-03-29 08:00"),
    ],
)
def test_w42_a_clock_time_that_is_skipped(clock: Clock, instant: str) -> None:
    assert at_clock(datetime.date(2026, 3, 29), clock, LONDON) == at(instant)


@pytest.mark.parametrize(
    ("clock", "instant"),
    [
        (Clock(0, 59), "2026-10-24 23:59"),
        (Clock(1, 0), "2026-10-25 00:00"),  # 01:00 to 01:59 come twice: the first
        (Clock(1, 30), "2026-10-25 00:30"),
        (Clock(1, 59), "2026-10-25 00:59"),
        (Clock(2, 0), "2026-10-25 02:00"),
        (Clock(9, 0), "2026-10-25 09:00"),
    ],
)
def test_w42_a_clock_time_that_comes_twice(clock: Clock, instant: str) -> None:
    assert at_clock(datetime.date(2026, 10, 25), clock, LONDON) == at(instant)


@given(
    st.integers(0, 2_000_000_000_000),
    st.sampled_from(
        ("UTC", "Europe/London", "Pacific/Auckland", "America/Sao_Paulo", "Asia/Kathmandu")
    ),
)
def test_the_number_of_a_day_is_that_of_its_date(instant: int, name: str) -> None:
    assert day_number(instant, zone(name)) == to_date(instant, zone(name)).toordinal()


@pytest.mark.parametrize("night", ["2026-03-28", "2026-03-29", "2026-10-25"])
def test_the_number_of_a_day_about_a_change_of_clocks(night: str) -> None:
    for minute in range(-60, 25 * 60, 15):
        instant = at(f"{night} 00:00") + minute * 60_000
        assert day_number(instant, LONDON) == to_date(instant, LONDON).toordinal()


def test_a_day_that_begins_after_midnight() -> None:
    """In Cuba clocks go forward at midnight."""
    havana = zone("America/Havana")
    assert start_of_day(datetime.date(2026, 3, 8), havana) == at("2026-03-08 05:00")
    assert to_wall(at("2026-03-08 05:00"), havana) == datetime.datetime(2026, 3, 8, 1)  # noqa: DTZ001
    assert to_wall(at("2026-03-08 04:59"), havana) == datetime.datetime(2026, 3, 7, 23, 59)  # noqa: DTZ001


def test_a_day_that_was_left_out() -> None:
    """Samoa went from 29 to 31 December 2011."""
    apia = zone("Pacific/Apia")
    gone = start_of_day(datetime.date(2011, 12, 30), apia)
    assert gone == start_of_day(datetime.date(2011, 12, 31), apia) == at("2011-12-30 10:00")


def test_w31_days_later_at_a_clock_time() -> None:
    clock = Clock(15, 0)
    for entered in ("2026-03-02 14:00", "2026-03-02 16:00"):
        tomorrow = next_day(to_date(at(entered), UTC))
        assert at_clock(tomorrow, clock, UTC) == at("2026-03-03 15:00")


def test_w43_the_next_clock_time_includes_now() -> None:
    clock = Clock(15, 30)
    assert next_clock(at("2026-03-02 15:29:59.999"), clock, UTC) == at("2026-03-02 15:30")
    assert next_clock(at("2026-03-02 15:30"), clock, UTC) == at("2026-03-02 15:30")
    assert next_clock(at("2026-03-02 15:30:00.001"), clock, UTC) == at("2026-03-03 15:30")


def test_the_second_of_two_equal_clock_times_is_past() -> None:
    """2.1 with 2.4: at the second 01:10, 01:30 has been already."""
    second_pass = at("2026-10-25 01:10")
    assert next_clock(second_pass, Clock(1, 30), LONDON) == at("2026-10-26 01:30")
    first_pass = at("2026-10-25 00:10")
    assert next_clock(first_pass, Clock(1, 30), LONDON) == at("2026-10-25 00:30")


def test_w33_only_on_some_days_keeps_the_clock_time() -> None:
    days = ("mon", "wed", "fri")
    assert on_weekday(at("2026-03-05 09:30"), days, UTC) == at("2026-03-06 09:30")
    assert on_weekday(at("2026-03-06 09:30"), days, UTC) == at("2026-03-06 09:30")
    assert on_weekday(at("2026-03-07 09:30"), days, UTC) == at("2026-03-09 09:30")
    assert on_weekday(at("2026-03-07 09:30"), (), UTC) == at("2026-03-07 09:30")
    # The weekday is the customer's: Sunday 23:30 UTC in winter is Monday in Berlin.
    assert on_weekday(at("2026-03-01 23:30"), ("mon",), zone("Europe/Berlin")) == at(
        "2026-03-01 23:30"
    )


def test_a_day_that_is_allowed_keeps_the_second_of_two_equal_clock_times() -> None:
    second_pass = at("2026-10-25 01:30")
    assert on_weekday(second_pass, ("sun",), LONDON) == second_pass


def test_29_february_in_other_years() -> None:
    leap = datetime.date(2024, 2, 29)
    assert yearly(leap, 2028) == datetime.date(2028, 2, 29)
    assert yearly(leap, 2026) == datetime.date(2026, 2, 28)


def test_a_moment_is_shown_as_it_is_written() -> None:
    assert moment_text(at("2026-07-01 11:00"), LONDON) == "2026-07-01 12:00"
    assert moment_text(at("2026-07-01 11:00:05"), LONDON) == "2026-07-01 12:00:05"
    assert moment_text(at("2026-07-01 11:00:05.25"), LONDON) == "2026-07-01 12:00:05.250"


ZONES = st.sampled_from(
    ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
INSTANTS = st.integers(at("2020-01-01 00:00"), at("2030-01-01 00:00"))


@given(INSTANTS, ZONES)
def test_an_instant_shows_a_wall_time_that_leads_back_to_it_or_to_the_first(
    instant: int, name: str
) -> None:
    here = zone(name)
    wall = to_wall(instant, here)
    back = to_instant(wall, here)
    assert back == instant or (wall.fold == 1 and back < instant)
    assert to_wall(back, here).replace(fold=0) == wall.replace(fold=0)


@given(INSTANTS, ZONES)
def test_a_wall_time_leads_to_the_first_instant_that_shows_it_or_more(
    instant: int, name: str
) -> None:
    here = zone(name)
    wall = to_wall(instant, UTC)  # any wall time, skipped ones too
    first = to_instant(wall, here)
    assert to_wall(first, here) >= wall
    assert to_wall(first - 1, here) < wall


@given(INSTANTS, ZONES)
def test_days_follow_one_another_without_a_gap(instant: int, name: str) -> None:
    here = zone(name)
    day = to_date(instant, here)
    starts = [start_of_day(day + datetime.timedelta(n), here) for n in range(3)]
    assert starts[0] <= instant < starts[1]
    assert all(earlier < later for earlier, later in pairwise(starts))
