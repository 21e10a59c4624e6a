"""Where what is wrong with a case's definitions is written."""

from pathlib import Path

import pytest

from streams.flowtest.cases import read_file
from streams.flowtest.judging import judge_case

FLOW = (
    "{{flow: {0}, trigger: {{metric: order.placed}}, "
    "steps: [{{send: email, template: t, {1}: 1}}]}}"
)
NONE = "expect: {reviews: []}"
GOOD = FLOW.format("a", "id")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(
        "flow: a\ntrigger: {metric: order.placed, where: {total: {gt: 0}}}\n"
        "steps: [{send: email, template: t, only_if: {profile: plan, equals: gold}}]\n"
    )
    (tmp_path / "flows" / "store.yaml").write_text("currency: GBP\nprofile: {plan: text}\n")
    return tmp_path


def wrong_in(folder: Path, text: str) -> list[str]:
    file = folder / "x.test.yaml"
    file.write_text(text)
    read = read_file(file)
    assert read.problems == []
    head, *lines = [line for case in read.cases for line in judge_case(case).picture]
    assert head == "invalid definitions:"
    return [line.strip().removeprefix(f"{folder}/").split(": ")[0] for line in lines]


def test_in_the_file_and_in_the_case_over_it(tmp_path: Path) -> None:
    text = f"definitions: {{flows: [{GOOD}, {FLOW.format('b', 'x')}]}}\ncases:\n"
    case = "  - {name: one, expect: {reviews: []}}\n"
    column = text.index("x: 1") + 1
    assert wrong_in(tmp_path, text + case) == [f"x.test.yaml:1:{column}"]
    over = f"  - {{name: one, definitions: {{flows: [{FLOW.format('b', 'y')}]}}, {NONE}}}\n"
    assert wrong_in(tmp_path, text + over) == [f"x.test.yaml:3:{over.index('y: 1') + 1}"]


def test_flows_that_are_left_out_move_no_place(tmp_path: Path) -> None:
    text = f"definitions:\n  flows:\n    - {GOOD}\n    - {FLOW.format('b', 'x')}\n"
    column = text.splitlines()[3].index("x: 1") + 1
    said = wrong_in(tmp_path, text + "only: [b]\ncases: [{name: one, expect: {reviews: []}}]\n")
    assert said == [f"x.test.yaml:4:{column}"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "store: {currency: pounds}\ncases: [{name: one, expect: {reviews: []}}]",
            "x.test.yaml:1:19",
        ),
        (
            "store: {currency: EUR}\n"
            "cases: [{name: one, store: {currency: pounds}, expect: {reviews: []}}]",
            "x.test.yaml:2:39",
        ),
        (
            "definitions: {store: {currency: pounds}}\nstore: {timezone: UTC}\n"
            "cases: [{name: one, expect: {reviews: []}}]",
            "x.test.yaml:1:33",
        ),
    ],
)
def test_settings_are_where_they_are_written_last(tmp_path: Path, text: str, place: str) -> None:
    assert wrong_in(tmp_path, text) == [place]


def test_an_id_that_is_used_twice_in_the_test(tmp_path: Path) -> None:
    text = f"definitions:\n  flows:\n    - {GOOD}\n    - {GOOD}\n"
    file = tmp_path / "x.test.yaml"
    file.write_text(text + "cases: [{name: one, expect: {reviews: []}}]\n")
    (case,) = read_file(file).cases
    (line,) = judge_case(case).picture[1:]
    said = "duplicate id 'a' (first on line 3); use another"
    assert line == f"  {file}:4:14: {said}"


def test_in_a_folder_whose_flow_does_not_go_with_the_test(folder: Path) -> None:
    text = "definitions: flows\nstore: {profile: {plan: number}}\n"
    assert wrong_in(folder, text + "cases: [{name: one, expect: {reviews: []}}]\n") == [
        "flows/a.yaml:3:69"
    ]


def test_a_setting_of_the_folder_that_does_not_go_with_the_test(folder: Path) -> None:
    text = "definitions: flows\nstore: {rates: {GBP: 0.8}}\n"
    (place,) = wrong_in(folder, text + "cases: [{name: one, expect: {reviews: []}}]\n")
    assert place == "x.test.yaml:2:17"
