"""Which customers a segment costs anything: those who are its members, or may become so."""

from typing import Any

import msgspec
import pytest

from tests.harness.customer import DAY, MONDAY, Customer, program_of, send

BUYERS = {"count": "order.placed", "at_least": "1"}
RECENT = {"count": "order.placed", "in_last": "7d", "at_least": "1"}
SILENT = {"count": "view.item", "in_last": "7d", "equals": "0"}
LAPSED = {"since_last": "order.placed", "at_least": "90d"}
AFTER_MAY = {"profile": "birthday", "before": "-30d"}
POOR = {"value": "clv.historic", "lt": "1"}
ELSEWHERE = {"in_flow": "other"}


def customer_of(*conditions: dict[str, Any]) -> Customer:
    segments = [{"segment": f"s{n}", "if": one} for n, one in enumerate(conditions)]
    flows = [
        {"flow": f"f{n}", "trigger": {"segment": f"s{n}"}, "steps": [send(f"t{n}")]}
        for n in range(len(conditions))
    ]
    other = {"flow": "other", "trigger": {"metric": "view.list"}, "steps": [send("other")]}
    return Customer(program_of(*flows, other, segments=segments))


@pytest.mark.parametrize("condition", [BUYERS, RECENT, LAPSED, AFTER_MAY, ELSEWHERE], ids=str)
def test_a_membership_that_only_an_event_can_make_is_not_recorded(
    condition: dict[str, Any],
) -> None:
    ada = customer_of(condition)
    ada.view(MONDAY)
    assert ada.state.memberships == {}


@pytest.mark.parametrize("condition", [SILENT, {"not": BUYERS}, {"all": [SILENT, POOR]}], ids=str)
def test_whom_nothing_is_known_of_may_be_a_member_all_the_same(condition: dict[str, Any]) -> None:
    ada = customer_of(condition)
    assert ada.state.memberships["s0"].is_member
    assert len(ada.sent()) == 1


def test_a_note_lasts_as_long_as_it_says_something() -> None:
    ada = customer_of(RECENT)
    ada.order(MONDAY)
    assert ada.state.memberships["s0"].is_member
    ada.until(MONDAY + 7 * DAY - 1)
    assert ada.state.memberships["s0"].is_member
    ada.until(MONDAY + 7 * DAY)
    assert ada.state.memberships == {}
    ada.order(MONDAY + 8 * DAY, "2")
    assert ada.state.memberships["s0"].is_member


def test_a_membership_that_changes_by_time_is_recorded() -> None:
    ada = customer_of(LAPSED)
    ada.order(MONDAY)
    note = ada.state.memberships["s0"]
    assert (note.is_member, note.changes_at) == (False, MONDAY + 90 * DAY)


def test_a_membership_that_depends_on_facts_is_recorded() -> None:
    ada = customer_of({"value": "clv.historic", "above": "store_mean"})
    assert not ada.state.memberships["s0"].is_member


def test_many_segments_that_have_nothing_to_do_with_a_customer_arent_judged_for_them() -> None:
    asked: list[str] = []
    ada = customer_of(*[BUYERS] * 50, SILENT)
    program = ada.program

    def watched(plan: Any) -> Any:
        def condition(situation: Any) -> Any:
            asked.append(plan.segment)
            return plan.condition(situation)

        return msgspec.structs.replace(plan, condition=condition)

    for plan in program.on_metric.values():
        plan.segments = tuple(map(watched, plan.segments))
        plan.first_segments = tuple(map(watched, plan.first_segments))
    bob = Customer(program, customer_id="bob")
    assert asked == ["s50"]
    bob.event("view.list", MONDAY, category="lamps")
    assert asked == ["s50"]
    bob.view(MONDAY + 1)
    assert asked == ["s50", "s50"]
    bob.order(MONDAY + 2)
    assert len(asked) == 52
