from itertools import pairwise
from typing import Any

import pytest

from streams.engine import (
    Definitions,
    Outcome,
    adapt,
    compile_program,
    read_definitions,
    successors,
)
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, send

Set = list[dict[str, Any]]
SPLIT = {"if": {"consent": "email"}, "then": [send("yes")], "else": [send("no")]}


def read(*flows: dict[str, Any]) -> Definitions:
    definitions = read_definitions({"flows": list(flows)})
    assert isinstance(definitions, Definitions), definitions
    return definitions


def wait(name: str = "a", length: str = "5d") -> dict[str, Any]:
    return {"wait": length, "id": name}


def follow(before: list[Any], after: list[Any]) -> dict[str, str | None]:
    return successors(read(flow(*before)), read(flow(*after)), {})["flow"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([wait(), send()], [wait(), send()], {}),
        ([wait(), send()], [send()], {"a": "hello"}),
        ([wait(), send()], [send("other")], {"a": None, "hello": None}),
        ([wait(), send("x"), send("y")], [send("y")], {"a": "y", "x": "y"}),
        ([send("x"), wait(), send("y")], [send("y"), send("x")], {"a": "y"}),
        ([wait(), SPLIT, send()], [SPLIT, send()], {"a": "steps[0]"}),
        ([SPLIT, wait(), send()], [SPLIT, send()], {"a": "hello"}),
        ([SPLIT, wait(), send()], [{**SPLIT, "else": []}, send()], {"a": "hello", "no": "hello"}),
        (
            [wait(), SPLIT, send()],
            [{**SPLIT, "else": []}, send()],
            {"a": "steps[0]", "no": "hello"},
        ),
        ([wait(), SPLIT], [{**SPLIT, "id": "split"}], {"a": None}),
        (
            [{"if": {"consent": "email"}, "then": [wait(), send("in")]}, send("out")],
            [{"if": {"consent": "email"}, "then": [send("in")]}, send("out")],
            {"a": "in"},
        ),
        (
            [{"if": {"consent": "email"}, "then": [wait(), send("in")]}, send("out")],
            [send("out")],
            {"a": "out", "in": "out"},
        ),
        (
            [{"sample": {"x": "100"}, "id": "s", "paths": {"x": [wait()]}}, send("out")],
            [{"sample": {"x": "100"}, "id": "s"}, send("out")],
            {"a": "out"},
        ),
        (
            [{"branch": [{"when": {"consent": "email"}, "then": [wait(), send()]}]}, send("out")],
            [{"branch": [{"when": {"consent": "email"}, "then": [send()]}]}, send("out")],
            {"a": "hello"},
        ),
    ],
)
def test_the_next_step_that_followed_and_still_exists(
    before: list[Any], after: list[Any], expected: dict[str, str | None]
) -> None:
    assert follow(before, after) == expected


def test_successors_of_successors_are_carried_on() -> None:
    sets = [
        read(flow(wait("a"), wait("b"), wait("c"), send())),
        read(flow(wait("b"), wait("c"), send())),
        read(flow(wait("c"), send())),
        read(flow(send("new"))),
    ]
    known: dict[str, dict[str, str | None]] = {}
    carried = []
    for previous, current in pairwise(sets):
        known = successors(previous, current, known)
        carried.append(known["flow"])
    assert carried == [
        {"a": "b"},
        {"a": "c", "b": "c"},
        {"a": None, "b": None, "c": None, "hello": None},
    ]


def test_an_id_that_comes_back_is_itself_again() -> None:
    first, second = read(flow(wait("a"), send())), read(flow(send()))
    known = successors(first, second, {})
    assert successors(second, first, known) == {"flow": {}}


def test_a_flow_that_is_left_out_keeps_what_was_known() -> None:
    known: dict[str, dict[str, str | None]] = {"flow": {"a": "hello"}}
    assert successors(read(flow(send())), read(), known) == known


def republish(ada: Customer, at: int, before: dict[str, Any], after: dict[str, Any]) -> None:
    ada.until(at)
    old, new = read(before), read(after)
    ada.program = compile_program(new, "2", successors(old, new, {}))
    adapt(ada.program, ada.state, at, ada.effects)


def customer(definition: dict[str, Any]) -> Customer:
    return Customer(compile_program(read(definition), "1"))


def test_a_journey_at_a_deleted_step_continues_at_the_moment_of_publishing() -> None:
    before, after = (
        flow(wait(), send(), wait("b"), send("more")),
        flow(send(), wait("b"), send("more")),
    )
    ada = customer(before)
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, before, after)
    assert ada.sent() == [(MONDAY + DAY, "hello")]
    ada.until(MONDAY + 9 * DAY)
    assert ada.sent()[1:] == [(MONDAY + 6 * DAY, "more")]


def test_a_journey_held_at_a_deleted_message_continues_like_a_waiting_one() -> None:
    before, after = flow(send("text", "sms"), send()), flow(send())
    ada = customer(before)
    ada.view(MONDAY)
    republish(ada, MONDAY + HOUR, before, after)
    assert ada.sent() == [(MONDAY + HOUR, "hello")]


def test_the_steps_branch_went_too() -> None:
    inside = {"if": {"consent": "email"}, "then": [wait(), send("in")]}
    before, after = flow(inside, send("out")), flow(send("out"))
    ada = customer(before)
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, before, after)
    assert ada.sent() == [(MONDAY + DAY, "out")]


def test_nothing_that_followed_exists() -> None:
    before, after = flow(wait(), send()), flow(wait("x"), send("y"))
    ada = customer(before)
    ada.view(MONDAY)
    republish(ada, MONDAY + DAY, before, after)
    assert ada.decisions(Outcome.EXITED)[0].reason == "step_removed"
