import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.definitions.source import DEEPEST, SourceText, parse_yaml


def raw_of(text: str) -> object:
    source = parse_yaml(text)
    assert source.problems == []
    return source.raw


def problems_of(text: str) -> list[tuple[int, int, str]]:
    return [(*one.place, one.problem.message) for one in parse_yaml(text).problems]


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("order_id: 0017", {"order_id": "0017"}),
        ("country: NO", {"country": "NO"}),
        ("at: 10:00", {"at": "10:00"}),
        ("n: 1_000", {"n": "1_000"}),
        ("n: 0x1F", {"n": "0x1F"}),
        ("n: 1e3", {"n": "1e3"}),
        ("d: 2026-03-02 10:00", {"d": "2026-03-02 10:00"}),
        ("yes: on", {"yes": "on"}),
        ("a: true", {"a": "true"}),
        ("17: x", {"17": "x"}),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: null", {"a": None}),
        ("a: 'null'", {"a": "null"}),
        ('a: ""', {"a": ""}),
        ("a: >-\n  one\n  two", {"a": "one two"}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("[a, {b: c}]", ["a", {"b": "c"}]),
        ("", None),
        ("# only a comment", None),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_every_scalar_stays_the_text_it_is(text: str, raw: object) -> None:
    assert raw_of(text) == raw


def test_every_key_and_value_has_its_place() -> None:
    source = parse_yaml("a: 1\nb:\n  - x\n  - {c: y, d: [z]}\n")
    assert source.keys == {
        ("a",): (1, 1),
        ("b",): (2, 1),
        ("b", 1, "c"): (4, 6),
        ("b", 1, "d"): (4, 12),
    }
    assert source.values == {
        (): (1, 1),
        ("a",): (1, 4),
        ("b",): (3, 3),
        ("b", 0): (3, 5),
        ("b", 1): (4, 5),
        ("b", 1, "c"): (4, 9),
        ("b", 1, "d"): (4, 15),
        ("b", 1, "d", 0): (4, 16),
    }


def test_what_is_not_there_is_where_it_should_be() -> None:
    source = parse_yaml("a: 1\nb:\n  c: x\n")
    assert source.place_of(("b", "missing", "deeper"), at_key=False) == (3, 3)
    assert source.place_of(("b",), at_key=True) == (2, 1)
    assert source.place_of(("b", "missing"), at_key=True) == (3, 3)
    assert SourceText().place_of(("a",), at_key=False) == (1, 1)


def test_a_key_given_twice_is_an_error_and_reading_goes_on() -> None:
    source = parse_yaml("a: 1\na: {x: [1, 2]}\nb: {c: 1, c: 2}\n")
    assert source.raw == {"a": "1", "b": {"c": "1"}}
    assert [(*one.place, one.problem.message) for one in source.problems] == [
        (2, 1, "duplicate key 'a' (first on line 1)"),
        (3, 11, "duplicate key 'c' (first on line 3)"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: &x 1", 1, 4, "anchors"),
        ("a: *x", 1, 4, "aliases"),
        ("<<: *x", 1, 5, "aliases"),
        ("a: !!str 1", 1, 4, "tags"),
        ("a: !x {b: c}", 1, 4, "tags"),
        ("&k a: b", 1, 1, "key"),
        ("? {a: b}\n: c", 1, 3, "keys must be strings"),
        ("a: 1\n---\nb: 1", 2, 1, "second document"),
        ("\ta: b", 1, 1, "tab indentation"),
        ("a: \x07", 1, 4, "invalid character"),
        ("[" * (DEEPEST + 2), 1, DEEPEST + 2, "levels deep"),
    ],
)
def test_what_is_refused(text: str, line: int, column: int, says: str) -> None:
    ((found_line, found_column, message),) = problems_of(text)
    assert (found_line, found_column) == (line, column)
    assert says in message


@given(st.text(alphabet=st.sampled_from(list("ab:-[]{},\n \t'\"#&*!|>%@`?~0.")), max_size=40))
def test_no_text_brings_it_down(text: str) -> None:
    source = parse_yaml(text)
    lines = text.count("\n") + 1
    assert all(1 <= one.place[0] <= lines + 1 for one in source.problems)


@given(st.text(max_size=30))
def test_no_character_brings_it_down(text: str) -> None:
    parse_yaml(f"a: {text}")
