from typing import Any

import pytest

from streams.engine import Definitions, Outcome, adapt, read_definitions
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, program_of, send

BUYERS = {"segment": "buyers", "if": {"count": "order.placed", "at_least": "1"}}
QUIET = {"segment": "quiet", "if": {"count": "view.item", "in_last": "90d", "equals": "0"}}
BRITISH = {"segment": "british", "if": {"profile": "country", "equals": "GB"}}


def flow_on(segment: str, *steps: Any, name: str | None = None, **keys: Any) -> dict[str, Any]:
    return {
        "flow": name or f"on-{segment}",
        "trigger": {"segment": segment},
        "steps": list(steps),
        **keys,
    }


def test_an_event_that_makes_a_member_starts_the_flow() -> None:
    ada = Customer(program_of(flow_on("buyers", send()), segments=[BUYERS]))
    ada.view(MONDAY)
    assert ada.outcomes() == []
    ada.order(MONDAY + 1)
    assert ada.sent() == [(MONDAY + 1, "hello")]
    (entered,) = ada.decisions(Outcome.ENTERED)
    assert entered.evidence == {"segment": "buyers"}


def test_e14_a_member_does_not_become_one_again() -> None:
    keys = {"re_entry": "always"}
    ada = Customer(program_of(flow_on("buyers", send(), **keys), segments=[BUYERS]))
    for day in range(3):
        ada.order(MONDAY + day * DAY, str(day))
    assert len(ada.decisions(Outcome.ENTERED)) == 1


def test_never_again_unless_said_otherwise() -> None:
    for re_entry, number in ((None, 1), ("always", 2), ("never", 1)):
        keys = {} if re_entry is None else {"re_entry": re_entry}
        ada = Customer(program_of(flow_on("british", send(), **keys), segments=[BRITISH]))
        for day, country in enumerate(["GB", "DE", "GB"]):
            fields = {"country": country}
            ada.event("customer.updated", MONDAY + day * DAY, set=fields, unset=[])
        assert len(ada.decisions(Outcome.ENTERED)) == number


@pytest.mark.parametrize("is_touched", [False, True])
def test_by_time_alone_exactly_when_the_last_event_leaves_the_window(is_touched: bool) -> None:
    ada = Customer(program_of(flow_on("quiet", send(), re_entry="always"), segments=[QUIET]))
    assert ada.sent() == [(MONDAY - DAY, "hello")]  # who has never looked is quiet, too (3.3)
    ada.view(MONDAY)
    if is_touched:
        ada.view(MONDAY + DAY)
    last = MONDAY + DAY if is_touched else MONDAY
    ada.until(last + 90 * DAY - 1)
    assert len(ada.sent()) == 1
    ada.until(last + 90 * DAY)
    assert ada.sent()[1:] == [(last + 90 * DAY, "hello")]
    assert ada.state.next_due is None


def test_e13_membership_is_part_of_the_filter() -> None:
    steps = (send("one"), {"wait": "1d", "id": "pause"}, send("two"))
    ada = Customer(program_of(flow_on("british", *steps), segments=[BRITISH]))
    ada.event("customer.updated", MONDAY, set={"country": "GB"}, unset=[])
    ada.event("customer.updated", MONDAY + HOUR, set={"country": "DE"}, unset=[])
    ada.until(MONDAY + 2 * DAY)
    assert [template for _, template in ada.sent()] == ["one"]
    (skipped,) = ada.decisions(Outcome.SKIPPED)
    assert (skipped.reason, skipped.evidence) == ("profile_filter", {"segment british": False})


def test_e15_an_edit_triggers_no_entries() -> None:
    program = program_of(flow_on("british", send(), re_entry="always"), segments=[BRITISH])
    ada = Customer(program)
    ada.event("customer.updated", MONDAY, set={"country": "DE"}, unset=[])
    german = {"segment": "british", "if": {"profile": "country", "equals": "DE"}}
    ada.program = program_of(
        flow_on("british", send(), re_entry="always"), segments=[german], version="2"
    )
    adapt(ada.program, ada.state, MONDAY + 1, ada.effects)
    ada.view(MONDAY + 2)
    assert ada.outcomes() == []
    ada.event("customer.updated", MONDAY + 3, set={"country": "GB"}, unset=[])
    ada.event("customer.updated", MONDAY + 4, set={"country": "DE"}, unset=[])
    assert len(ada.decisions(Outcome.ENTERED)) == 1


def test_1_10_a_new_segment_sets_membership_silently_and_keeps_its_time() -> None:
    ada = Customer(program_of())
    ada.view(MONDAY)
    ada.program = program_of(flow_on("quiet", send()), segments=[QUIET], version="2")
    adapt(ada.program, ada.state, MONDAY + DAY, ada.effects)
    assert ada.state.next_due == MONDAY + 90 * DAY
    ada.until(MONDAY + 91 * DAY)
    assert ada.sent() == [(MONDAY + 90 * DAY, "hello")]


def test_an_unchanged_segment_keeps_its_members_over_a_publication() -> None:
    flows = flow_on("british", send(), re_entry="always")
    ada = Customer(program_of(flows, segments=[BRITISH]))
    ada.event("customer.updated", MONDAY, set={"country": "GB"}, unset=[])
    ada.program = program_of(flows, segments=[BRITISH, BUYERS], version="2")
    ada.event("customer.updated", MONDAY + 1, set={"country": "GB"}, unset=[])
    assert len(ada.decisions(Outcome.ENTERED)) == 1


def test_1_10_the_first_event_may_make_a_member() -> None:
    ada = Customer(program_of(flow_on("quiet", send()), segments=[QUIET]))
    assert len(ada.decisions(Outcome.ENTERED)) == 1


def test_1_7_too_old_an_event_makes_a_member_without_an_entry() -> None:
    program = program_of(
        flow_on("buyers", send(), name="young"),
        flow_on("buyers", send(), name="patient", max_event_age="30d"),
        segments=[BUYERS],
    )
    ada = Customer(program)
    ada.order(MONDAY, occurred_at=MONDAY - DAY)
    assert [decision.flow for decision in ada.decisions(Outcome.ENTERED)] == ["patient"]
    (refused,) = ada.decisions(Outcome.NOT_ENTERED)
    assert (refused.flow, refused.reason) == ("young", "too_old")
    ada.order(MONDAY + 1, "2")
    assert len(ada.decisions(Outcome.ENTERED)) == 1


def test_a_segment_may_refer_to_others() -> None:
    both = {"segment": "both", "if": {"all": [{"segment": "buyers"}, {"segment": "british"}]}}
    ada = Customer(program_of(flow_on("both", send()), segments=[both, BUYERS, BRITISH]))
    ada.order(MONDAY)
    ada.event("customer.updated", MONDAY + 1, set={"country": "GB"}, unset=[])
    assert ada.sent() == [(MONDAY + 1, "hello")]


def test_segments_enter_before_metric_flows() -> None:
    program = program_of(
        {"flow": "a", "trigger": {"metric": "order.placed"}, "steps": [send("metric")]},
        flow_on("buyers", send("segment"), name="b"),
        segments=[BUYERS],
    )
    ada = Customer(program)
    ada.order(MONDAY)
    assert [decision.flow for decision in ada.decisions(Outcome.ENTERED)] == ["b", "a"]
    assert ada.sent() == [(MONDAY, "metric")]  # then they move by priority and id


def test_5_2_update_profile_makes_a_member_when_the_journey_waits_or_ends() -> None:
    sets = {
        "flow": "sets",
        "trigger": {"metric": "view.item"},
        "steps": [{"update_profile": {"country": "GB"}}, send("set")],
    }
    ada = Customer(program_of(sets, flow_on("british", send("british")), segments=[BRITISH]))
    ada.view(MONDAY)
    assert ada.outcomes()[:3] == ["entered", "sent", "exited finished"]
    assert ada.outcomes()[3:] == ["entered", "skipped smart_sending", "exited finished"]


def test_1_12_two_flows_that_undo_each_other_are_stopped() -> None:
    german = {"segment": "german", "if": {"profile": "country", "equals": "DE"}}
    program = program_of(
        flow_on("british", {"update_profile": {"country": "DE"}}, re_entry="always"),
        flow_on("german", {"update_profile": {"country": "GB"}}, re_entry="always"),
        segments=[BRITISH, german],
    )
    ada = Customer(program)
    ada.event("customer.updated", MONDAY, set={"country": "GB"}, unset=[])
    assert len(ada.decisions(Outcome.ENTERED)) == 16
    assert ada.outcomes()[-1] == "not_entered loop"
    assert ada.effects.loops == 1


def test_being_in_a_flow_may_be_what_makes_a_member() -> None:
    inside = {"segment": "inside", "if": {"in_flow": "cart"}}
    cart = {
        "flow": "cart",
        "trigger": {"metric": "view.item"},
        "steps": [{"wait": "1d", "id": "pause"}, send("cart")],
    }
    ada = Customer(program_of(cart, flow_on("inside", send("inside")), segments=[inside]))
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "inside")]


def test_and_so_may_leaving_one() -> None:
    outside = {"segment": "outside", "if": {"not": {"in_flow": "cart"}}}
    cart = {
        "flow": "cart",
        "trigger": {"metric": "view.item"},
        "exit_on": [{"metric": "order.placed"}],
        "steps": [{"wait": "1d", "id": "pause"}, send("cart")],
    }
    again = flow_on("outside", send("outside"), re_entry="always")
    ada = Customer(program_of(cart, again, segments=[outside]))
    ada.view(MONDAY)
    ada.order(MONDAY + DAY - 1)
    assert ada.sent() == [(MONDAY - DAY, "outside"), (MONDAY + DAY - 1, "outside")]


def test_an_event_that_has_nothing_to_do_with_it_judges_nothing() -> None:
    program = program_of(flow_on("buyers", send()), segments=[BUYERS])
    assert program.on_metric["view.item"].segments == ()
    assert len(program.on_metric["order.placed"].segments) == 1


def test_a_paused_flow_has_no_entries_not_even_afterwards() -> None:
    paused = flow_on("british", send(), status="paused")
    ada = Customer(program_of(paused, segments=[BRITISH]))
    ada.event("customer.updated", MONDAY, set={"country": "GB"}, unset=[])
    assert ada.outcomes() == ["not_entered flow_paused"]
    ada.program = program_of({**paused, "status": "live"}, segments=[BRITISH], version="2")
    ada.view(MONDAY + 1)
    assert len(ada.outcomes()) == 1


def test_an_unknown_segment_is_refused() -> None:
    problems = read_definitions({"flows": [flow_on("british", send())]})
    assert not isinstance(problems, Definitions)
    assert "unknown segment 'british'" in problems[0].sentence()


def test_another_zone_may_make_a_member_since_the_days_are_others_then() -> None:
    today = {"segment": "today", "if": {"count": "order.placed", "on_day": "0", "at_least": "1"}}
    mail = send(smart_sending="false")
    ada = Customer(program_of(flow_on("today", mail, re_entry="always"), segments=[today]))
    ada.order(MONDAY - HOUR)  # Sunday 23:00
    ada.until(MONDAY + HOUR)
    fields = {"timezone": "Europe/Berlin"}  # where the order was made on Monday at 00:00
    ada.event("customer.updated", MONDAY + 2 * HOUR, set=fields, unset=[])
    assert ada.sent() == [(MONDAY - HOUR, "hello"), (MONDAY + 2 * HOUR, "hello")]
