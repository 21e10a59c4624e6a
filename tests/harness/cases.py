"""Every case that is written down as YAML: those of the semantics by number, and the tests of the
example flows."""

import functools
from pathlib import Path

from streams.flowtest.cases import Case, FileCases, find_files, read_file
from streams.resources import example_flows_dir

OF_THE_SEMANTICS = Path(__file__).parents[1] / "cases"


@functools.cache
def all_files() -> dict[Path, FileCases]:
    """What is read of each file, or its problems, in the order of the files."""
    return {file: read_file(file) for file in find_files([OF_THE_SEMANTICS, example_flows_dir()])}


@functools.cache
def all_cases() -> list[Case]:
    """In the order of their files. Fails where one can't be read."""
    cases = []
    for read in all_files().values():
        assert not read.problems, "\n".join(str(problem) for problem in read.problems)
        cases += read.cases
    return cases


def name_of(case: Case) -> str:
    """Its file and its name."""
    return f"{Path(case.file).stem}: {case.name}"
