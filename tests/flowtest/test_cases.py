"""Test files are read strictly, and a case is its file's with what it says over it."""

from pathlib import Path

import pytest

from streams.flowtest.cases import Case, FileCases, find_files, read_file

SET = """
definitions:
  flows:
    - {flow: a, trigger: {metric: order.placed}, steps: [{send: email, template: t}]}
    - {flow: b, trigger: {metric: order.placed}, steps: [{send: email, template: t}]}
  store: {timezone: Europe/London, smart_sending: {email: 1h}}
"""


def read_text(folder: Path, text: str) -> FileCases:
    file = folder / "x.test.yaml"
    file.write_text(text)
    return read_file(file)


def the_case(folder: Path, text: str) -> Case:
    read = read_text(folder, text)
    assert read.problems == []
    (case,) = read.cases
    return case


def test_a_case_is_its_files_with_its_own_over_it(tmp_path: Path) -> None:
    case = the_case(
        tmp_path,
        SET
        + """
store: {timezone: UTC}
customers: {ada: {email: a@example.com}, bob: {email: b@example.com}}
only: [a]
cases:
  - name: one
    definitions: {flows: [{flow: b, status: draft}, {flow: c}]}
    store: {currency: EUR}
    only: [b, c]
    customers: {ada: {phone: "1"}}
    expect: {reviews: []}
""",
    )
    assert case.line == 12
    b, c, left_out = case.definitions["flows"]
    assert (b, c) == ({"flow": "b", "status": "draft"}, {"flow": "c"})
    assert (left_out["flow"], left_out["status"]) == ("a", "draft")
    assert case.left_out == {"a"}
    assert case.definitions["store"] == {
        "timezone": "UTC",
        "currency": "EUR",
        "smart_sending": {"email": "1h"},
    }
    assert case.customers == {"ada": {"phone": "1"}, "bob": {"email": "b@example.com"}}


def test_the_store_has_plain_settings_by_default(tmp_path: Path) -> None:
    case = the_case(tmp_path, "cases: [{name: one, expect: {reviews: []}}]")
    assert case.definitions == {"flows": [], "store": {"timezone": "UTC", "currency": "GBP"}}


def test_definitions_may_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(
        "flow: a\ntrigger: {metric: order.placed}\nsteps: []\n"
    )
    case = the_case(tmp_path, "definitions: flows\ncases: [{name: one, expect: {reviews: []}}]")
    assert [flow["flow"] for flow in case.definitions["flows"]] == ["a"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cases: [", "1:8: '[' is never closed"),
        ("cases: [{name: one}]", "1:9: missing key 'expect'"),
        ("cases: [{name: one, expct: {}}]", "unknown key 'expct': did you mean 'expect'?"),
        ("cases: [{name: one, expect: {comands: []}}]", "did you mean 'commands'?"),
        ("cases: [{name: one, until: soon, expect: {reviews: []}}]", "expected a moment"),
        ("only: [cart]\ncases: [{name: one, expect: {reviews: []}}]", "1:8: unknown flow 'cart'"),
        ("cases: [{name: one, expect: {}}]", "nothing is expected: write commands"),
        ("cases: [{name: one, expect: {decisions: [], profile: {}}}]", "nothing is expected"),
        ("cases: [{name: one, expect: {refused: [], profile: {ada: {}}}}]", "nothing is expected"),
        (
            "definitions: nowhere\ncases:\n  - {name: one, expect: {reviews: []}}\n"
            "  - {name: two, expect: {reviews: []}}",
            "x.test.yaml:1:14: ",
        ),
        ("definitions: nowhere\ncases: [{name: one, expect: {reviews: []}}]", "no such folder"),
        (
            "definitions: x.test.yaml\ncases: [{name: one, expect: {reviews: []}}]",
            "is a file, expected a definitions",
        ),
    ],
)
def test_unreadable_parts_have_their_places(tmp_path: Path, text: str, says: str) -> None:
    read = read_text(tmp_path, text)
    assert read.cases == []
    assert any(says in str(problem) for problem in read.problems)


def test_shared_problems_of_cases_are_reported_once(tmp_path: Path) -> None:
    read = read_text(
        tmp_path,
        SET
        + """
only: [a, c]
cases:
  - {name: one, expect: {reviews: []}}
  - {name: two, expect: {reviews: []}}
  - {name: three, only: [d, a, e], expect: {reviews: []}}
  - {name: four, definitions: nowhere, expect: {reviews: []}}
""",
    )
    places = [(problem.line, problem.column) for problem in read.problems]
    assert places == [(8, 11), (12, 26), (12, 32), (13, 31)]


def test_wrong_definitions_in_a_folder_make_the_file_unreadable(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text("flow: a\n")
    read = read_text(tmp_path, "definitions: flows\ncases: [{name: one, expect: {reviews: []}}]")
    assert [problem.problem.message for problem in read.problems] == [
        "missing key 'trigger'",
        "missing key 'steps'",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    read = read_file(tmp_path / "x.test.yaml")
    assert "cannot read" in str(read.problems[0])


def test_files_are_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b.test.yaml", "a.test.yaml", "c.yaml", "d.test.yml", "E.Test.YAML"):
        (tmp_path / name).write_text("")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "e.test.yaml").write_text("")
    found = find_files([tmp_path, tmp_path / "a.test.yaml"])
    assert sorted(file.name for file in found) == [
        "E.Test.YAML",
        "a.test.yaml",
        "b.test.yaml",
        "d.test.yml",
        "e.test.yaml",
    ]
