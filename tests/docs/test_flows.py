"""Every example of docs/flows.md is checked, every test on it is run, and each trigger, step and
condition has an example of which examples.yaml says what comes of it.

A block is known by its beginning: a definition by its id's key, the store by `name: Example shop`,
tests by their `cases`, steps by a dash, everything else is a condition.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run
from streams.definitions import parse_yaml
from streams.engine.compiling.check import read_definitions
from streams.engine.compiling.definition import Definitions
from streams.engine.conditions import CONDITIONS
from streams.engine.steps import STEPS
from streams.engine.triggers import TRIGGERS
from streams.engine.values.problem import path_text
from streams.flowtest.cases import read_file
from streams.flowtest.judging import judge_case
from tests.docs.examples import case_of, name_of, read_examples
from tests.docs.test_examples import ROOT, blocks

PAGE = "flows.md"
BLOCKS = blocks(PAGE, "yaml")
EXAMPLES = read_examples()
IDS = {"flow": "flows", "segment": "segments", "coupons": "coupons", "metric": "metrics"}


def raw_of(block: str) -> Any:
    source = parse_yaml(block)
    assert source.problems == [], block
    return source.raw


def part_of(raw: Any) -> str | None:
    """The part of the set that a block is; None if it is no definition."""
    if (
        not isinstance(raw, dict)
        or "cases" in raw
        or raw.keys() in ({"segment"}, {"coupons", "left"})
    ):
        return None
    return "store" if "currency" in raw else next((IDS[key] for key in IDS if key in raw), None)


@cache
def definitions_of_the_page() -> dict[str, Any]:
    page: dict[str, Any] = {part: [] for part in IDS.values()}
    for block in BLOCKS:
        raw = raw_of(block)
        part = part_of(raw)
        if part == "store":
            page[part] = raw
        elif part is not None:
            page[part].append(raw)
    return page


def with_the_example(raw: Any) -> dict[str, Any]:
    """The page's definitions, with a flow that holds a fragment."""
    page = definitions_of_the_page()
    if part_of(raw) is not None:
        return page
    flow: dict[str, Any] = {
        "flow": "example",
        "trigger": {"metric": "order.placed"},
        "steps": raw if isinstance(raw, list) else [{"send": "email", "template": "t"}],
    }
    if isinstance(raw, dict):
        flow["filter"] = raw
    return {**page, "flows": [*page["flows"], flow]}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.strip().splitlines()[0][:60])
def test_an_example_is_right(block: str, tmp_path: Path) -> None:
    raw = raw_of(block)
    if isinstance(raw, dict) and "cases" in raw:
        file = tmp_path / "page.test.yaml"
        file.write_text(block)
        cases = read_file(file)
        assert cases.problems == []
        assert [judge_case(case).picture for case in cases.cases] == [[]] * len(cases.cases)
        return
    definitions = read_definitions(with_the_example(raw))
    said = definitions if isinstance(definitions, list) else []
    assert [f"{path_text(one.path)}: {one.sentence()}" for one in said] == []
    assert isinstance(definitions, Definitions)


def keys_in(raw: Any) -> set[str]:
    if isinstance(raw, dict):
        return set(raw).union(*(keys_in(value) for value in raw.values()))
    if isinstance(raw, list):
        return set().union(*(keys_in(value) for value in raw))
    return {raw} if raw == "exit" else set()


def example_of(entry: dict[str, Any]) -> Any:
    """What the page says where the entry's example begins."""
    found = [block for block in BLOCKS if block.startswith(entry["of"])]
    assert len(found) == 1, entry["of"]
    return raw_of(found[0])


@pytest.mark.parametrize("entry", EXAMPLES, ids=name_of)
def test_an_example_does_what_is_said(entry: dict[str, Any], tmp_path: Path) -> None:
    case = case_of(entry, example_of(entry), definitions_of_the_page(), tmp_path)
    assert judge_case(case).picture == []


def test_each_trigger_step_and_condition_has_an_example_that_is_run() -> None:
    run_ones = set().union(*(keys_in(example_of(entry)) for entry in EXAMPLES))
    assert {*TRIGGERS, *STEPS, *CONDITIONS} - run_ones == set()


def test_the_picture_of_the_page_is_what_the_command_draws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (drawn,) = [block for block in blocks(PAGE, "") if block.startswith("$ sendflow flows show")]
    command, _, picture = drawn.partition("\n")
    monkeypatch.chdir(ROOT)
    assert run(command.removeprefix("$ sendflow ").split()) == 0
    assert capsys.readouterr().out == picture
