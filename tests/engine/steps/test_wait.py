from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.engine import Definitions, Outcome, read_definitions
from tests.harness.customer import (
    DAY,
    EVERYWHERE,
    HOUR,
    MINUTE,
    MONDAY,
    Customer,
    flow,
    program_of,
    send,
)


def at(text: str, zone: str = "UTC") -> int:
    """The instant of a wall-clock time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def goes_on(
    step: dict[str, Any], entered: int, timezone: str | None = None, **profile: Any
) -> int | None:
    """When who entered at `entered` leaves the wait; None: never, within two years."""
    program = program_of(flow({"id": "pause", **step}, send(), max_event_age="10d"))
    fields = {**EVERYWHERE, **profile}
    ada = Customer(program, fields if timezone is None else {**fields, "timezone": timezone})
    ada.view(entered)
    ada.until(entered + 730 * DAY)
    return ada.sent()[0][0] if ada.sent() else None


def test_w41_a_duration_is_so_many_hours() -> None:
    assert goes_on({"wait": "1d 2h 30m"}, MONDAY) == MONDAY + 26 * HOUR + 30 * MINUTE
    # Over the change of clocks, too: a day is 24 hours.
    before = at("2026-03-28 12:00", "Europe/London")
    assert goes_on({"wait": "1d"}, before, "Europe/London") == before + DAY


@pytest.mark.parametrize("entered", ["14:00", "16:00"])
def test_w31_w32_days_at_a_clock_time_are_calendar_days(entered: str) -> None:
    step = {"wait": "1d", "at": "15:00"}
    assert goes_on(step, at(f"2026-03-02 {entered}")) == at("2026-03-03 15:00")


@pytest.mark.parametrize(
    ("entered", "goes"),
    [("2026-03-28 23:59", "2026-03-29 15:00"), ("2026-10-24 12:00", "2026-10-25 15:00")],
)
def test_calendar_days_are_days_of_the_wall(entered: str, goes: str) -> None:
    zone = "Europe/London"
    step = {"wait": "1d", "at": "15:00"}
    assert goes_on(step, at(entered, zone), zone) == at(goes, zone)


def test_the_customers_own_day_counts() -> None:
    entered = at("2026-03-02 23:30")  # Tuesday already in Tokyo
    step = {"wait": "1d", "at": "09:00"}
    assert goes_on(step, entered, "Asia/Tokyo") == at("2026-03-04 09:00", "Asia/Tokyo")


def test_the_same_wait_serves_customers_of_all_zones_and_days() -> None:
    """The cached moment of one day and zone must not be used for another."""
    program = program_of(flow({"id": "pause", "wait": "1d", "at": "09:00"}, send()))
    for day in (2, 3, 29, 2):
        for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
            ada = Customer(program, {**EVERYWHERE, "timezone": zone})
            ada.view(at(f"2026-03-{day:02} 12:00", zone))
            ada.until(MONDAY + 60 * DAY)
            assert ada.sent()[0][0] == at(f"2026-03-{day + 1:02} 09:00", zone)


def test_a_day_that_goes_back_over_midnight_is_two() -> None:
    """At 00:01 clocks went back to 23:01 of the day before."""
    zone = "America/St_Johns"
    program = program_of(flow({"id": "pause", "wait": "1d", "at": "09:00"}, send()))
    change = int(datetime(2010, 11, 7, 2, 31, tzinfo=UTC).timestamp() * 1000)
    for entered, goes in ((change - 1, "2010-11-08 09:00"), (change, "2010-11-07 09:00")):
        ada = Customer(program, {**EVERYWHERE, "timezone": zone})
        ada.view(entered)
        ada.until(entered + 9 * DAY)
        assert ada.sent()[0][0] == at(goes, zone)


def test_w33_other_days_roll_forward_and_keep_the_clock_time() -> None:
    step = {"wait": "2d", "only_on": ["mon", "wed", "fri"]}
    assert goes_on(step, at("2026-03-03 10:30")) == at("2026-03-06 10:30")  # Tuesday to Friday
    assert goes_on(step, at("2026-03-02 10:30")) == at("2026-03-04 10:30")  # Wednesday: allowed


def test_w41_a_clock_time_is_the_next_one() -> None:
    until = {"wait": {"until": "15:30"}}
    assert goes_on(until, at("2026-03-02 10:00")) == at("2026-03-02 15:30")
    assert goes_on({"wait": {"until": "08:00"}}, at("2026-03-02 10:00")) == at("2026-03-03 08:00")
    weekdays = ["mon", "tue", "wed", "thu", "fri"]
    saturday = at("2026-03-07 10:00")
    step = {"wait": {"until": "15:30"}, "only_on": weekdays}
    assert goes_on(step, saturday) == at("2026-03-09 15:30")


@pytest.mark.parametrize(
    ("entered", "goes"),
    [
        ("2026-03-02 15:29:59.999", "2026-03-02 15:30"),
        ("2026-03-02 15:30", "2026-03-02 15:30"),
        ("2026-03-02 15:30:00.001", "2026-03-03 15:30"),
    ],
)
def test_w43_at_the_clock_time_itself_p_goes_on_at_once(entered: str, goes: str) -> None:
    assert goes_on({"wait": {"until": "15:30"}}, at(entered)) == at(goes)


def test_a_clock_time_that_does_not_exist_is_the_first_instant_after_the_gap() -> None:
    zone = "Europe/London"
    entered = at("2026-03-28 12:00", zone)
    assert goes_on({"wait": {"until": "01:30"}}, entered, zone) == at("2026-03-29 02:00", zone)


def test_w40_a_moment_that_has_passed_goes_on_at_once() -> None:
    entered = at("2026-03-02 10:00")
    assert goes_on({"wait": {"until": "2026-03-01 00:00"}}, entered) == entered
    assert goes_on({"wait": {"until": "2026-03-02 10:00"}}, entered) == entered
    assert goes_on({"wait": {"until": "2026-03-02 10:01"}}, entered) == entered + MINUTE


def test_a_moment_without_an_offset_is_the_customers() -> None:
    entered = at("2026-03-02 00:00")
    step = {"wait": {"until": "2026-12-24 18:00"}}
    assert goes_on(step, entered, "Asia/Tokyo") == at("2026-12-24 18:00", "Asia/Tokyo")
    step = {"wait": {"until": "2026-12-24 18:00Z"}}
    assert goes_on(step, entered, "Asia/Tokyo") == at("2026-12-24 18:00")


def test_w35_an_unknown_zone_is_the_stores() -> None:
    step = {"wait": "1d", "at": "15:00"}
    assert goes_on(step, MONDAY, "Mars/Olympus") == MONDAY + DAY + 15 * HOUR


def test_a_reference_gives_a_date_or_a_moment() -> None:
    entered = at("2026-03-02 10:00")
    step = {"wait": {"until": "$profile.birthday", "offset": "-7d"}}
    assert goes_on(step, entered, birthday="2026-04-01") == at("2026-03-25 00:00")
    assert goes_on(step, entered, birthday="1990-04-01") == entered
    assert goes_on(step, entered) == entered  # none: nothing to wait for
    over_the_change = goes_on(step, entered, "Europe/London", birthday="2026-04-01")
    assert over_the_change == at("2026-03-25 00:00", "Europe/London")


def test_a_moment_of_the_trigger() -> None:
    shipped = flow(
        {"wait": {"until": "$trigger.expected_delivery", "offset": "12h"}, "id": "arrival"},
        send(),
        on="order.fulfilled",
    )
    ada = Customer(program_of(shipped))
    ada.event("order.fulfilled", MONDAY, order_id="1", expected_delivery=MONDAY + 3 * DAY)
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent() == [(MONDAY + 3 * DAY + 12 * HOUR, "hello")]


@pytest.mark.parametrize(
    ("entered", "goes"),
    [
        ("2026-03-02 13:59:59.999", "2026-03-02 14:00"),
        ("2026-03-02 14:00", "2026-03-02 14:00"),
        ("2026-03-02 15:59:59.999", "2026-03-02 15:59:59.999"),
        ("2026-03-02 16:00", "2026-03-03 14:00"),
    ],
)
def test_a_window_of_the_day(entered: str, goes: str) -> None:
    assert goes_on({"wait": {"window": ["14:00", "16:00"]}}, at(entered)) == at(goes)


@pytest.mark.parametrize(
    ("entered", "goes"),
    [
        ("2026-03-02 21:59:59.999", "2026-03-02 22:00"),
        ("2026-03-02 23:00", "2026-03-02 23:00"),
        ("2026-03-03 00:30", "2026-03-03 00:30"),
        ("2026-03-03 02:00", "2026-03-03 22:00"),
    ],
)
def test_a_window_over_midnight(entered: str, goes: str) -> None:
    assert goes_on({"wait": {"window": ["22:00", "02:00"]}}, at(entered)) == at(goes)


def test_a_window_on_some_days() -> None:
    step = {"wait": {"window": ["14:00", "16:00"], "only_on": ["wed"]}}
    assert goes_on(step, at("2026-03-02 15:00")) == at("2026-03-04 14:00")
    assert goes_on(step, at("2026-03-04 15:00")) == at("2026-03-04 15:00")
    assert goes_on(step, at("2026-03-04 16:00")) == at("2026-03-11 14:00")
    step = {"wait": {"window": ["22:00", "02:00"], "only_on": ["tue"]}}
    assert goes_on(step, at("2026-03-02 23:00")) == at("2026-03-03 00:00")


def test_w38_a_wait_with_nothing_after_it_ends_the_journey() -> None:
    ada = Customer(program_of(flow(send(), {"wait": "3d", "id": "pause"})))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "sent", "exited finished"]
    assert ada.state.next_due is None


def test_w38_also_at_the_end_of_a_branch() -> None:
    waits = {"wait": "3d", "id": "pause"}
    branch = {"if": {"consent": "email"}, "then": [waits], "else": [send()]}
    ada = Customer(program_of(flow(branch)))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "branch then", "exited finished"]
    ada = Customer(program_of(flow(branch, send("after"))))
    ada.view(MONDAY)
    ada.until(MONDAY + 3 * DAY)
    assert ada.sent() == [(MONDAY + 3 * DAY, "after")]


def test_a_journey_waits_at_its_step_until_it_is_due() -> None:
    ada = Customer(program_of(flow({"wait": "4h", "id": "pause"}, send())))
    ada.view(MONDAY)
    assert (ada.journey().step, ada.journey().due) == ("pause", MONDAY + 4 * HOUR)
    ada.until(MONDAY + 4 * HOUR - 1)
    assert ada.sent() == []
    ada.until(MONDAY + 4 * HOUR)
    assert ada.sent() == [(MONDAY + 4 * HOUR, "hello")]
    (sent,) = ada.decisions(Outcome.SENT)
    assert sent.evidence["triggered_at"] == MONDAY


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"wait": "4h", "at": "15:00"}, "whole days"),
        ({"wait": {"until": "15:00"}, "at": "15:00"}, "duration in days"),
        ({"wait": {"until": "tomorrow"}}, "clock time"),
        ({"wait": {"until": "$profile.email"}}, "not a date or a moment"),
        ({"wait": {"until": "$profile.birthda"}}, "birthday"),
        ({"wait": {"window": ["10:00", "10:00"]}}, "empty"),
        ({"wait": {"window": ["10:00", "11:00"]}, "only_on": ["mon"]}, "inside 'wait'"),
    ],
)
def test_what_makes_no_sense_is_refused(step: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [flow({"id": "pause", **step}, send())]})
    assert not isinstance(problems, Definitions)
    assert says in problems[0].sentence()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/New_York"])
@pytest.mark.parametrize(
    ("day", "offset", "is_over"),
    [
        ("9999-12-31", "0d", False),
        ("9999-12-31", "7d", False),
        ("9999-12-25", "7d", False),
        ("0001-01-01", "0d", True),
        ("0001-01-01", "-7d", True),
        ("0001-01-01", "-36h", True),
    ],
)
def test_days_that_stand_for_always_and_never(
    zone: str, day: str, offset: str, is_over: bool
) -> None:
    """As databases of shops have them: they must not stop a worker."""
    own = {"profile": {"ends": "date"}, "timezone": zone}
    until = {"until": "$profile.ends", "offset": offset}
    ada = Customer(
        program_of(flow({"wait": until, "only_on": ["mon"], "id": "w"}, send()), store=own)
    )
    ada.event("customer.updated", MONDAY, set={"ends": day}, unset=[])
    ada.view(MONDAY + 1)
    assert bool(ada.sent()) is is_over


def test_a_moment_beyond_the_calendar_never_comes() -> None:
    """Microseconds, which a profile may have from before they were refused (SEMANTICS 8.3)."""
    own = {"profile": {"ends": "moment"}}
    until = {"until": "$profile.ends"}
    ada = Customer(
        program_of(flow({"wait": until, "only_on": ["mon"], "id": "w"}, send()), store=own)
    )
    ada.event("customer.updated", MONDAY, set={"ends": 1_709_374_500_000_000}, unset=[])
    ada.view(MONDAY + 1)
    assert ada.journey().step == "w"
    assert ada.sent() == []
