"""Every numbered case of SEMANTICS.md, and every test of the example flows, by its name."""

from pathlib import Path

import pytest

from streams.flowtest.cases import Case, find_files, read_file
from streams.flowtest.compare import judge_case
from streams.resources import example_flows_dir


def all_cases() -> list[Case]:
    cases = []
    for file in find_files([Path(__file__).parent, example_flows_dir()]):
        read = read_file(file)
        assert not read.problems, "\n".join(str(problem) for problem in read.problems)
        cases += read.cases
    return cases


def name_of(case: Case) -> str:
    return f"{Path(case.file).stem}: {case.name}"


@pytest.mark.parametrize("case", all_cases(), ids=name_of)
def test_case(case: Case) -> None:
    assert judge_case(case).picture == []
