"""A whole set: ids, names across parts, scopes, and all problems in the order of the set."""

from typing import Any

import pytest

from streams.engine.compiling.check import examine, read_definitions, read_published
from streams.engine.compiling.definition import Definitions, FlowStatus
from streams.engine.values.problem import path_text

SEND = {"send": "email", "template": "t"}


def flow(name: str, **keys: Any) -> dict[str, Any]:
    return {"flow": name, "trigger": {"metric": "order.placed"}, "steps": [SEND], **keys}


def problems_of(raw: dict[str, Any]) -> list[str]:
    problems = read_definitions(raw)
    assert isinstance(problems, list)
    return [f"{path_text(one.path)}: {one.message}" for one in problems]


def test_an_empty_set_is_a_set() -> None:
    definitions = read_definitions({})
    assert isinstance(definitions, Definitions)
    assert definitions.store.currency == "GBP"
    assert definitions.store.timezone == "UTC"
    assert definitions.store.smart_sending_window("email") == 16 * 3_600_000
    assert definitions.store.smart_sending_window("web") == 0


def test_defaults_of_a_flow() -> None:
    definitions = read_definitions({"flows": [flow("a")]})
    assert isinstance(definitions, Definitions)
    (one,) = definitions.flows
    assert (one.status, one.priority, one.transactional) == (FlowStatus.LIVE, 50, False)
    assert (one.re_entry, one.key, one.max_event_age) == (None, None, None)


def test_ids_are_used_once() -> None:
    segment = {"segment": "s", "if": {"consent": "email"}}
    pool = {"coupons": "p", "rule": {"length": "8"}}
    raw = {
        "flows": [flow("a"), flow("b"), flow("a")],
        "segments": [segment, segment],
        "coupons": [pool, pool],
    }
    assert problems_of(raw) == [
        "coupons[1].coupons: duplicate id 'p'",
        "flows[2].flow: duplicate id 'a'",
        "segments[1].segment: duplicate id 's'",
    ]


@pytest.mark.parametrize("status", ["live", "paused"])
def test_a_wait_needs_an_id_where_people_may_stand(status: str) -> None:
    steps = [{"wait": "1d"}, SEND]
    (problem,) = problems_of({"flows": [flow("a", status=status, steps=steps)]})
    assert f"a 'wait' needs an 'id' in a {status} flow" in problem
    for resting in ("draft", "archived"):
        assert not isinstance(
            read_definitions({"flows": [flow("a", status=resting, steps=steps)]}), list
        )


def test_step_ids_are_unique_in_a_flow_across_branches() -> None:
    branch = {"if": {"consent": "email"}, "then": [SEND], "else": [{**SEND, "id": "u"}]}
    assert problems_of({"flows": [flow("a", steps=[branch, SEND, {**SEND, "id": "u"}])]}) == [
        "flows[0].steps[1].template: duplicate step id 't' (also at steps[0].then[0]); add an 'id'",
        "flows[0].steps[2].id: duplicate step id 'u' (also at steps[0].else[0]); use another",
    ]
    assert isinstance(read_definitions({"flows": [flow("a"), flow("b")]}), Definitions)


def test_the_trigger_is_known_in_the_flow_and_nowhere_else() -> None:
    of_trigger = {"trigger": "total", "gt": "100"}
    assert isinstance(read_definitions({"flows": [flow("a", filter=of_trigger)]}), Definitions)
    assert problems_of({"segments": [{"segment": "s", "if": of_trigger}]}) == [
        "segments[0].if.trigger: no triggering event here"
    ]


def test_a_wrong_trigger_is_reported_once_and_not_for_each_reference() -> None:
    wrong = flow(
        "a",
        trigger={"metric": "order.plced"},
        key="order_id",
        filter={"trigger": "total", "gt": "1"},
        exit_on=[{"metric": "order.refunded", "where": {"order_id": "$trigger.order_id"}}],
    )
    (problem,) = problems_of({"flows": [wrong]})
    assert problem == "flows[0].trigger.metric: unknown metric 'order.plced'"


def test_reading_and_checking_tell_their_problems_together() -> None:
    steps = [{"wait": "soon"}, {"if": {"count": "order.plced", "equals": "1"}, "then": [SEND]}]
    assert problems_of({"flows": [flow("a", steps=steps, extra="x")]}) == [
        "flows[0].extra: unknown key 'extra'",
        "flows[0].steps[0].wait: expected a duration such as 4h, 1d 2h 30m or 2w, "
        "or a mapping with until, or a mapping with window, found 'soon'",
        "flows[0].steps[1].if.count: unknown metric 'order.plced'",
    ]


def test_what_could_be_read_is_given_although_there_are_problems() -> None:
    definitions, problems = examine({"flows": [flow("a"), {"flow": "b"}]})
    assert definitions is not None
    assert [one.flow for one in definitions.flows] == ["a"]
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"flow": []}, "flow: unknown key 'flow'"),
        ({"flows": {}}, "flows: expected a list, found a mapping"),
        (
            {"flows": ["x"]},
            "flows[0]: expected a mapping with flow and trigger and steps, found 'x'",
        ),
        ({"store": []}, "store: expected a mapping, found a list"),
        ({"store": {"timezone": "UTC2"}}, "store.timezone: unknown time zone 'UTC2'"),
    ],
)
def test_other_shapes(raw: dict[str, Any], problem: str) -> None:
    assert problems_of(raw) == [problem]


def test_a_key_may_be_a_text_a_number_or_a_date() -> None:
    for metric, key in (("order.placed", "order_id"), ("checkout.started", "step")):
        keyed = flow("a", trigger={"metric": metric}, key=key)
        assert isinstance(read_definitions({"flows": [keyed]}), Definitions)
    (problem,) = problems_of({"flows": [flow("a", key="tags")]})
    assert problem == "flows[0].key: 'tags' is a list of texts: expected text, number or date"


def test_a_reference_to_an_unreadable_part_is_no_problem() -> None:
    broken = {"flow": "broken", "trigger": {"metrc": "x"}, "steps": []}
    asks = {
        "flow": "asks",
        "trigger": {"metric": "view.item"},
        "filter": {"any": [{"in_flow": "broken"}, {"segment": "broken-too"}]},
        "steps": ["exit"],
    }
    raw = {"flows": [broken, asks], "segments": [{"segment": "broken-too", "if": {"al": []}}]}
    problems = read_definitions(raw)
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == [
        ("flows", 0, "trigger", "metrc"),
        ("segments", 0, "if", "al"),
    ]


def test_a_segment_whose_id_is_no_text_is_refused_and_nothing_raises() -> None:
    refers = {"segment": ["a"], "if": {"segment": "b"}}
    raw = {"segments": [refers, {"segment": "b", "if": {"consent": "email"}}]}
    problems = read_definitions(raw)
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == [("segments", 0, "segment")]


def test_a_key_that_is_gone_is_refused_when_written_and_passed_over_when_published() -> None:
    label = {**SEND, "category": "news"}
    inner = {"if": {"consent": "email"}, "then": [{**label, "template": "u"}]}
    raw = {"flows": [{**flow("a"), "steps": [label, inner]}]}
    says = "'category' is gone: use 'topic' for what customers may leave"
    assert problems_of(raw) == [
        f"flows[0].steps[0].category: {says}",
        f"flows[0].steps[1].then[0].category: {says}",
    ]
    published = read_published(raw)
    assert isinstance(published, Definitions)
    assert published.flows[0].steps[0].template == "t"
