"""The flow of README.md and its test, in a copy of the example shop's folder: as whoever copies
them from the page would run them, beside the other flows."""

import re
import shutil
from pathlib import Path

import pytest

from streams.flowtest.cases import read_file
from streams.flowtest.judging import judge_case
from tests.docs.test_examples import ROOT, blocks

BLOCKS = blocks("../README.md", "yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With each block in the file that its first line names."""
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    for block in BLOCKS:
        named = re.match(r"# (flows/\S+)\n", block)
        assert named, block
        (tmp_path / named[1]).write_text(block)
    return tmp_path / "flows"


def test_the_pages_test_passes_on_the_pages_flow_beside_the_other_flows(folder: Path) -> None:
    assert len(BLOCKS) == 2
    cases = read_file(folder / "tests" / "cart-recovery.test.yaml")
    assert cases.problems == []
    assert cases.cases
    assert [judge_case(case).picture for case in cases.cases] == [[]] * len(cases.cases)


def test_the_pages_flow_passes_the_shops_own_tests(folder: Path) -> None:
    shutil.copy(ROOT / "flows/tests/cart-recovery.test.yaml", folder / "tests")
    cases = read_file(folder / "tests" / "cart-recovery.test.yaml")
    assert [judge_case(case).picture for case in cases.cases] == [[]] * len(cases.cases)
