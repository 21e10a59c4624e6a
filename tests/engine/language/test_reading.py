import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from streams.engine.language.family_keys import Families
from streams.engine.language.reading import UNREADABLE, Reading, read
from streams.engine.language.struct_keys import OneOf
from streams.engine.values.problem import Problem, path_text
from streams.engine.values.scalars import (
    AnyText,
    Blank,
    Boolean,
    Channel,
    Duration,
    FieldName,
    Integer,
    Operand,
    Operands,
    Text,
)


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class After(msgspec.Struct, kw_only=True):
    after: Duration


class Between(msgspec.Struct, kw_only=True):
    since: Text
    until: Text | None = None


class Thing(msgspec.Struct, kw_only=True):
    name: Text
    colour: Colour = Colour.RED
    again: Literal["always", "never"] | After | Between | None = None
    sizes: list[Integer] = []
    fields: dict[FieldName, AnyText] = {}
    hours: tuple[Duration, Duration] | None = None
    in_: Operands | None = msgspec.field(default=None, name="in")
    channel: Channel | None = None
    is_big: Boolean = False


class Walk:
    class Definition(msgspec.Struct, kw_only=True):
        walk: Duration
        then: list[Any] = []

    @staticmethod
    def check(definition: Any, scope: Any) -> Any:
        return iter(())


class Rest:
    class Definition(msgspec.Struct, kw_only=True):
        rest: Blank = None
        why: Text | None = None

    @staticmethod
    def check(definition: Any, scope: Any) -> Any:
        return iter(())


MOVES = Families({"move": {"walk": Walk, "rest": Rest}})
Move = Annotated[Any, OneOf("move")]


def problems_of(raw: Any, kind: Any) -> list[tuple[str, str]]:
    reading = Reading(MOVES)
    read(raw, kind, (), reading)
    return [(path_text(problem.path), problem.message) for problem in reading.problems]


def value_of(raw: Any, kind: Any) -> Any:
    reading = Reading(MOVES)
    value = read(raw, kind, (), reading)
    assert reading.problems == []
    return value


def test_a_struct_reads_itself() -> None:
    raw = {
        "name": "17",
        "colour": "green",
        "again": {"after": "4h"},
        "sizes": ["1", "25"],
        "fields": {"a": "x", "b": ""},
        "hours": ["1h", "2h"],
        "in": ["a", "b"],
        "is_big": "true",
    }
    assert value_of(raw, Thing) == Thing(
        name="17",
        colour=Colour.GREEN,
        again=After(after=4 * 3_600_000),
        sizes=[1, 25],
        fields={"a": "x", "b": ""},
        hours=(3_600_000, 7_200_000),
        in_=["a", "b"],
        is_big=True,
    )


def test_what_is_left_out_has_its_default() -> None:
    assert value_of({"name": "x"}, Thing) == Thing(name="x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("always", "always"),
        ({"after": "4h"}, After(after=4 * 3_600_000)),
        ({"since": "a"}, Between(since="a")),
        ({"since": "a", "until": "b"}, Between(since="a", until="b")),
    ],
)
def test_the_member_of_a_union_is_chosen_by_shape_and_key(given: Any, expected: Any) -> None:
    assert value_of({"name": "x", "again": given}, Thing).again == expected


def test_a_reference_may_stand_for_a_list() -> None:
    assert value_of({"name": "x", "in": "$trigger.tags"}, Thing).in_ == "$trigger.tags"
    assert problems_of({"name": "x", "in": "tags"}, Thing) == [
        ("in", "expected a list of values, or a reference to one, found 'tags'")
    ]


def test_all_problems_are_reported() -> None:
    raw = {
        "colour": "gren",
        "again": {"aftr": "4h"},
        "sizes": ["1", "two", ["3"]],
        "fields": {"not a name": "x"},
        "hours": ["1h"],
        "in": [["a"]],
        "channel": "mail",
        "is_big": "yes",
        "extra": "x",
    }
    assert problems_of(raw, Thing) == [
        ("colour", "unknown value 'gren'"),
        ("again.aftr", "unknown key 'aftr'"),
        ("again", "missing key 'after'"),
        ("sizes[1]", "expected a whole number, found 'two'"),
        ("sizes[2]", "expected a whole number, found a list"),
        (
            "fields.not a name",
            "expected a field name of letters, digits and '_', found 'not a name'",
        ),
        ("hours", "expected a list of 2, found a list of 1"),
        ("in", "expected a list of values, or a reference to one, found a list"),
        ("channel", "expected a channel, found 'mail'"),
        ("is_big", "expected true or false, found 'yes'"),
        ("extra", "unknown key 'extra'"),
        ("", "missing key 'name'"),
    ]


def test_the_nearest_name_is_proposed() -> None:
    reading = Reading(MOVES)
    read({"name": "x", "colur": "red", "channel": "emial"}, Thing, (), reading)
    assert [(problem.nearest, problem.at_key) for problem in reading.problems] == [
        ("colour", True),
        ("email", False),
    ]


def test_nothing_is_no_value() -> None:
    assert problems_of({"name": None}, Thing) == [("name", "expected a text, found nothing")]
    assert problems_of({"name": ""}, Thing) == [("name", "expected a text, found ''")]


@pytest.mark.parametrize("raw", ["rest", {"rest": None}, {"rest": ""}])
def test_a_member_that_says_all_by_standing_there(raw: Any) -> None:
    assert value_of(raw, Move) == Rest.Definition()


def test_members_are_found_where_they_stand() -> None:
    reading = Reading(MOVES)
    read([{"walk": "4h"}, {"rest": None, "why": "x"}], list[Move], ("steps",), reading)
    assert [(found.path, found.family, found.key) for found in reading.found] == [
        (("steps", 0), "move", "walk"),
        (("steps", 1), "move", "rest"),
    ]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"wakl": "4h"}, ("wakl", "unknown move 'wakl'")),
        (
            {"walk": "4h", "rest": None},
            ("rest", "'walk' and 'rest' are two moves; write each separately"),
        ),
        ({}, ("", "empty move")),
        ("run", ("", "expected a move, found 'run'")),
        (None, ("", "expected a move, found nothing")),
        ({"walk": "far"}, ("walk", "expected a duration such as 4h, 1d 2h 30m or 2w, found 'far'")),
    ],
)
def test_what_is_no_member(raw: Any, problem: tuple[str, str]) -> None:
    reading = Reading(MOVES)
    assert read(raw, Move, (), reading) is UNREADABLE
    assert [(path_text(one.path), one.message) for one in reading.problems] == [problem]
    assert reading.found == []


def test_an_unreadable_item_leaves_the_others() -> None:
    reading = Reading(MOVES)
    assert read([{"walk": "4h"}, {"walk": "far"}, {"walk": "5h"}], list[Move], (), reading) == [
        Walk.Definition(walk=4 * 3_600_000),
        Walk.Definition(walk=5 * 3_600_000),
    ]


def test_an_operand_is_any_text() -> None:
    assert value_of("", Operand) == ""


def test_a_sentence_says_all() -> None:
    problem = Problem(("steps", 1, "wait"), "wrong", "x", ("a", "b"), "a")
    assert problem.sentence() == "wrong: did you mean 'a'? (allowed: a, b)"
    assert path_text(problem.under(("flows", 0)).path) == "flows[0].steps[1].wait"
