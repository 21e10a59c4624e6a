"""Editors find the schema of every example file by its first lines: one for what runs
yaml-language-server (VS Code, Zed), one for the editors of JetBrains."""

from pathlib import Path

import pytest

from streams.resources import example_flows_dir

FLOWS = example_flows_dir()
FILES = sorted(FLOWS.rglob("*.yaml"))
MARKS = ("# yaml-language-server: $schema=", "# $schema: ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FLOWS)))
def test_an_example_begins_with_the_schema_that_it_obeys(file: Path) -> None:
    lines = file.read_text().splitlines()[: len(MARKS)]
    for mark, line in zip(MARKS, lines, strict=True):
        assert line.startswith(mark), line
        schema = (file.parent / line.removeprefix(mark)).resolve()
        kind = "test" if file.name.endswith(".test.yaml") else "flow"
        assert schema == (FLOWS.parent / "schemas" / f"{kind}.schema.json").resolve()
        assert schema.is_file()


def test_there_are_examples_of_both() -> None:
    assert {file.name.endswith(".test.yaml") for file in FILES} == {True, False}
