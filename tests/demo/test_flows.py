"""The shop's flows in `flows/`: each has its tests. They are run with all other cases, in
tests/cases."""

from streams.definitions import load_folder
from streams.flowtest.cases import find_files
from streams.resources import example_flows_dir
from tests.harness.cases import all_files

_FLOWS = example_flows_dir()


def test_the_flows_have_no_problems():
    loaded = load_folder(_FLOWS)
    assert loaded.problems == []
    files = [read for file, read in all_files().items() if file.is_relative_to(_FLOWS)]
    assert files
    assert [problem for read in files for problem in read.problems] == []


def test_every_flow_has_a_file_of_tests():
    flows = {file.stem for file in _FLOWS.glob("*.yaml")} - {"store"}
    tested = {file.name.removesuffix(".test.yaml") for file in find_files([_FLOWS])}
    assert flows
    assert flows <= tested
