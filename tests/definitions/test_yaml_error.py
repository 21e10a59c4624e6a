"""What isn't YAML is told in words of the file, at the place to mend."""

import pytest

from streams.definitions.source import parse_yaml


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: [1, 2", 1, 4, "'[' is never closed; write ']' at its end"),
        ("a: {b: 1, c: 2\nd: 3\n", 1, 4, "'{' is never closed; write '}' at its end"),
        (
            "steps:\n  - if: {count: order.placed, equals: 1\n    then: [{send: email}]\n",
            2,
            9,
            "'{' is never closed",
        ),
        ("steps:\n  - {send: email\n  - {wait: 1d}\n", 2, 5, "'{' is never closed"),
        ("a: {b: [1, 2}\n", 1, 8, "'[' is never closed"),
        ("a: {b: 1 c: 2}\n", 1, 11, "the '{' of line 1, column 4 is still open"),
        ("a: {b: 1,\n  c: 2\n  d: 3}\n", 3, 4, "expected ',' or '}': the '{' of line 1"),
        (
            "a: {b: {in: $trigger.items[].sku}}\n",
            1,
            13,
            'a text with brackets is written in quotes: "$trigger.items[].sku"',
        ),
        ("a: [b, c[0].d]\n", 1, 8, 'written in quotes: "c[0].d"'),
        ("a: {b: 'it's'}\n", 1, 12, "expected ',' or '}'"),
        ("a: {b: 1}}\n", 1, 10, "'}' closes nothing"),
        ("a: ]\n", 1, 4, "']' closes nothing"),
        ("a: 'x", 1, 4, "the quote ' is never closed"),
        ('a: "x\nb: y\n', 1, 4, 'the quote " is never closed'),
        (
            'steps:\n  - {at: "10:00, id: w}  # it\'s\n  - {template: "a"}\n',
            2,
            10,
            'the quote " is never closed',
        ),
        ('a: "x" y\n', 1, 8, "text after a closing quote"),
        ('a: "\\d"\n', 1, 6, "unknown escape \\d in double quotes; use single quotes"),
        ("a: b: c", 1, 5, "a second ':' in one value; write the value in quotes"),
        ("flow:x\nstatus: live\n", 1, 5, "a blank is missing after ':'"),
        ("flow: x\nname\nstatus: live\n", 2, 1, "expected 'key: value', found 'name'"),
        ("a: 1\n b: 2", 2, 2, "indented further than line 1, which has a value already"),
        ("- a: b\n\n   c: d\n", 3, 4, "indented further than line 1"),
        ("- a: b\n c: d\n", 2, 2, "the list around it begins on line 1, in column 1"),
        ("a:\n  b: c\n d: e\n", 3, 2, "the mapping around it begins on line 1"),
        (
            "steps:\n  - if: {consent: email}\n  then:\n    - exit\n",
            3,
            3,
            "'then' is at the depth of the list of line 2, whose entries begin with '- '",
        ),
        ("a: -\n", 1, 4, "a list begins on a line of its own"),
        ("a: @x\n", 1, 4, "a value can't begin with '@'; write it in quotes"),
        ("a: {b: > 100}\n", 1, 8, "a value can't begin with '>': write {gt: 100}"),
        ("a: {{ first_name }}\n", 1, 5, "'{{' begins a mapping; write the text in quotes"),
        ("a: ? x\n", 1, 4, "invalid YAML: mapping keys are not allowed here"),
    ],
)
def test_an_error_in_words(text: str, line: int, column: int, says: str) -> None:
    (problem,) = parse_yaml(text).problems
    assert problem.place == (line, column)
    assert says in problem.problem.message


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 1,\n  c: [x,\ny]}\n",
        'a: "x\n  y"\n',
        "a: it's, {b\n",
    ],
)
def test_what_is_no_error(text: str) -> None:
    assert parse_yaml(text).problems == []
