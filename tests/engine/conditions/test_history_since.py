"""SEMANTICS 3.7: a decision that looks further back than the state remembers says so."""

from typing import Any

import pytest

from streams.engine import Outcome
from streams.engine.customer.past import Past
from tests.engine.conditions.asking import DAY, NOW, Asked
from tests.harness.customer import MONDAY, Customer, flow, program_of, send

VIEW = "view.item"
MIDNIGHT = 1_772_409_600_000  # of the day of NOW, in London


def since(asked: Asked, forgotten: int, at: int = NOW) -> int | None:
    """What the evidence says if everything before `forgotten` was."""
    past = asked.state.recent.setdefault(VIEW, Past())
    past.since = forgotten
    found: int | None = asked.evidence(at).get("history_since")
    return found


def views(**question: Any) -> Asked:
    return Asked({"count": VIEW, "at_least": "1", **question})


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ({"in_last": "7d"}, NOW - 7 * DAY + 1),  # half open: what is 7d old is out
        ({"on_day": "-1"}, MIDNIGHT - DAY),
        ({"on_day": "0"}, MIDNIGHT),
        ({"during": ["2026-02-01", "2026-02-03"]}, MIDNIGHT - 29 * DAY),
        ({"since": "flow_start"}, NOW),
        ({"since": {"last": "order.placed"}}, NOW - 2 * DAY),
    ],
)
def test_rule_3_7_from_the_beginning_of_the_timeframe_on_nothing_may_be_missing(
    question: dict[str, Any], start: int
) -> None:
    asked = views(**question, where={"sku": "A"}).happened("order.placed", NOW - 2 * DAY)
    assert since(asked, start) is None
    assert since(asked, start + 1) == start + 1


@pytest.mark.parametrize(
    "raw",
    [
        {"count": VIEW, "where": {"sku": "A"}, "at_least": "1"},
        {"count": VIEW, "where": {"sku": "A"}, "since": {"last": "order.placed"}, "equals": "0"},
        {"sum": VIEW, "of": "unit_price", "at_least": "1"},
        {"since_last": VIEW, "where": {"sku": "A"}, "at_least": "1d"},
        {"not": {"count": VIEW, "where": {"sku": "A"}, "at_least": "1"}},
    ],
)
def test_rule_3_7_a_condition_over_all_time_shows_anything_forgotten(raw: dict[str, Any]) -> None:
    asked = Asked(raw)
    assert since(asked, 0) is None
    assert since(asked, 1) == 1


def test_rule_3_7_the_number_of_all_events_needs_none_of_them() -> None:
    assert since(views(), NOW) is None


def test_rule_3_7_the_last_one_was_not_forgotten_where_one_is_known() -> None:
    asked = Asked({"since_last": VIEW, "where": {"sku": "A"}, "at_least": "1d"})
    asked.happened(VIEW, NOW - DAY, sku="A")
    assert since(asked, NOW - DAY) is None
    assert since(Asked({"since_last": VIEW, "at_least": "1d"}), NOW) is None


def test_rule_3_7_of_several_conditions_the_moment_since_which_all_is_known() -> None:
    parts = [
        {"count": VIEW, "in_last": "30d", "at_least": "1"},
        {"count": "view.list", "in_last": "30d", "at_least": "1"},
    ]
    for kind in ("all", "any"):
        asked = Asked({kind: parts})
        asked.state.recent["view.list"] = Past(since=NOW - 5 * DAY)
        assert since(asked, NOW - 9 * DAY) == NOW - 5 * DAY
        assert since(asked, NOW - 2 * DAY) == NOW - 2 * DAY


def test_rule_3_7_a_segment_passes_it_on() -> None:
    seen = {"count": VIEW, "in_last": "30d", "at_least": "1"}
    asked = Asked({"segment": "seen"}, segments=[{"segment": "seen", "if": seen}])
    assert since(asked, NOW - 31 * DAY) is None
    assert since(asked, NOW - 5 * DAY) == NOW - 5 * DAY
    assert asked.evidence()["segment seen"] is False


ASKS: dict[str, Any] = {"count": VIEW, "in_last": "90d", "equals": "2"}


def test_rule_3_7_a_flow_that_is_published_later_gets_what_is_there_and_says_so() -> None:
    history = {"history": {"keep": "30d"}}
    branch = {"branch": [{"when": ASKS, "then": [send("two")]}], "else": [send("other")]}
    before = program_of(flow(send(), on="view.list"), store=history)
    later = program_of(
        flow(send("filtered"), on="order.placed", name="a", filter=ASKS),
        flow({"if": ASKS, "then": [send("two")]}, on="order.placed", name="b"),
        flow(branch, on="order.placed", name="c"),
        store=history,
        version="2",
    )
    ada = Customer(before)
    for day in (0, 20, 60):
        ada.view(MONDAY + day * DAY)
    forgotten = MONDAY + 20 * DAY + 1
    ada.program = later
    ada.order(MONDAY + 61 * DAY)
    refused = ada.decisions(Outcome.NOT_ENTERED, "profile_filter")
    branches = ada.decisions(Outcome.BRANCH)
    assert [one.evidence for one in [*refused, *branches]] == [
        {"count view.item": 1, "history_since": forgotten}
    ] * 3
    ada.view(MONDAY + 62 * DAY)
    ada.order(MONDAY + 63 * DAY, "2")
    (first,) = [one for one in ada.decisions(Outcome.ENTERED) if one.flow == "a"]
    assert first.evidence["history_since"] == forgotten
    ada.order(MONDAY + 120 * DAY, "3")  # the window has moved on
    entered = [one for one in ada.decisions(Outcome.ENTERED) if one.flow == "a"][-1]
    assert entered.at == MONDAY + 120 * DAY
    assert "history_since" not in entered.evidence
