from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.engine import Definitions, Outcome, adapt, read_definitions
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, Customer, program_of, send

OWN = {"profile": {"renewal_date": "date", "next_visit": "moment", "plan": "text"}}


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def dated(date: str = "profile.birthday", **keys: Any) -> dict[str, Any]:
    return {"flow": "dated", "trigger": {"date": date, **keys}, "steps": [send()]}


def sent(trigger: dict[str, Any], until: str, **profile: Any) -> list[int]:
    ada = Customer(program_of(trigger, store=OWN), {**EVERYWHERE, **profile})
    ada.until(at(until))
    return [moment for moment, _ in ada.sent()]


def test_every_year_a_week_before_at_nine() -> None:
    trigger = dated(yearly="true", offset="-7d", at="09:00")
    assert sent(trigger, "2028-01-01", birthday="1990-04-03") == [
        at("2026-03-27 09:00"),
        at("2027-03-27 09:00"),
    ]


def test_once() -> None:
    trigger = dated("profile.renewal_date", at="10:00")
    assert sent(trigger, "2029-01-01", renewal_date="2026-05-01") == [at("2026-05-01 10:00")]
    assert sent(trigger, "2029-01-01", renewal_date="2026-02-01") == []


def test_29_february_in_other_years_is_28_february() -> None:
    trigger = dated(yearly="true")
    assert sent(trigger, "2028-12-01", birthday="2000-02-29") == [
        at("2027-02-28"),
        at("2028-02-29"),
    ]


def test_the_31st_of_a_short_month_is_its_last_day() -> None:
    trigger = dated("profile.renewal_date", monthly="true")
    assert sent(trigger, "2026-06-01", renewal_date="2026-01-31") == [
        at("2026-03-31"),
        at("2026-04-30"),
        at("2026-05-31"),
    ]


def test_not_before_the_first_time() -> None:
    trigger = dated("profile.renewal_date", yearly="true")
    assert sent(trigger, "2028-12-31", renewal_date="2028-06-01") == [at("2028-06-01")]


def test_by_the_customers_calendar() -> None:
    trigger = dated(yearly="true", at="09:00")
    profile = {"birthday": "1990-04-03", "timezone": "Asia/Tokyo"}
    assert sent(trigger, "2026-12-31", **profile) == [at("2026-04-03 09:00", "Asia/Tokyo")]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("offset", ["-30d", "30d", "1h"])
def test_a_date_at_the_end_of_the_calendar_is_never_due(day: str, offset: str) -> None:
    trigger = dated("profile.renewal_date", offset=offset, late="enter")
    wait = {"wait": {"until": "$profile.renewal_date", "offset": offset}, "id": "pause"}
    told = {"profile": "renewal_date", "after": "-30d"}
    waiting = {"flow": "waiting", "trigger": {"metric": "view.item"}, "steps": [wait, send("due")]}
    asking = {
        "flow": "asking",
        "trigger": {"metric": "view.item", "where": {"sku": "A"}},
        "steps": [{"if": told, "then": [send("ahead")]}],
    }
    ada = Customer(
        program_of(trigger, waiting, asking, store=OWN),
        {**EVERYWHERE, "renewal_date": day, "timezone": "Pacific/Kiritimati"},
    )
    ada.view(MONDAY)
    ada.until(at("2029-01-01"))
    assert [template for _, template in ada.sent()] == (["ahead"] if day > "2026" else ["due"])


def test_a_moment() -> None:
    trigger = dated("profile.next_visit", offset="-2h")
    moment = at("2026-05-01 15:30")
    assert sent(trigger, "2026-12-31", next_visit=moment) == [moment - 2 * HOUR]


def test_a_date_that_changes_moves_it() -> None:
    ada = Customer(program_of(dated(yearly="true")), {**EVERYWHERE, "birthday": "1990-04-03"})
    ada.event("customer.updated", MONDAY, set={"birthday": "1990-05-03"}, unset=[])
    ada.until(at("2026-04-04"))
    assert ada.sent() == []
    ada.event("customer.updated", at("2026-04-04"), set={}, unset=["birthday"])
    ada.until(at("2027-12-31"))
    assert ada.sent() == []


def test_a_patch_at_the_very_moment_comes_before_it_and_does_not_repeat_it() -> None:
    ada = Customer(program_of(dated(yearly="true")), {**EVERYWHERE, "birthday": "1990-04-03"})
    moment = at("2026-04-03")
    ada.event("customer.updated", moment, set={"first_name": "Ada"}, unset=[])
    ada.until(moment)
    assert len(ada.sent()) == 1
    ada.event("customer.updated", moment, set={"first_name": "Bob"}, unset=[])
    ada.until(moment + DAY)
    assert len(ada.sent()) == 1


def test_a_journey_that_changes_the_profile_does_not_repeat_it() -> None:
    definition = dated("profile.renewal_date", at="10:00")
    definition["steps"] = [{"update_profile": {"plan": "renewed"}}, send()]
    definition["filter"] = {"profile": "plan", "not_equals": "renewed"}
    profile = {**EVERYWHERE, "renewal_date": "2026-05-01", "plan": "old"}
    ada = Customer(program_of(definition, store=OWN), profile)
    ada.until(at("2026-12-31"))
    assert len(ada.decisions(Outcome.ENTERED)) == 1
    assert ada.state.next_due is None


def test_a_rejected_entry_is_only_counted() -> None:
    definition = {**dated(yearly="true"), "filter": {"profile": "country", "equals": "GB"}}
    ada = Customer(program_of(definition), {**EVERYWHERE, "birthday": "1990-04-03"})
    ada.until(at("2026-12-31"))
    assert ada.outcomes() == []
    assert ada.effects.not_entered_by_time == 1


def test_publishing_sets_it_for_existing_customers() -> None:
    ada = Customer(program_of(), {**EVERYWHERE, "birthday": "1990-04-03"})
    ada.program = program_of(dated(yearly="true"), version="2")
    adapt(ada.program, ada.state, MONDAY, ada.effects)
    assert ada.state.next_due == at("2026-04-03")
    ada.program = program_of(version="3")
    adapt(ada.program, ada.state, MONDAY + 1, ada.effects)
    assert ada.state.next_due is None


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        (dated("profile.email"), "profile.birthday"),
        (dated("birthday"), "profile.birthday"),
        (dated(yearly="true", monthly="true"), "exclude each other"),
        (dated(offset="-12h", at="09:00"), "whole days"),
        (dated("profile.next_visit", at="09:00"), "has a clock time"),
    ],
)
def test_what_makes_no_sense_is_refused(trigger: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [trigger], "store": OWN})
    assert not isinstance(problems, Definitions)
    assert any(says in problem.sentence() for problem in problems)
