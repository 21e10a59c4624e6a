"""The table of docs/coming-from.md: its last column is right, in a set with the definitions of
docs/flows.md."""

import re
from typing import Any

import pytest

from streams.engine.compiling.check import read_definitions
from streams.engine.compiling.definition import Definitions
from streams.engine.conditions import CONDITIONS
from streams.engine.steps import STEPS
from streams.engine.triggers import TRIGGERS
from tests.docs.test_examples import ROOT
from tests.docs.test_flows import definitions_of_the_page, raw_of

HEADING = "| Klaviyo | Customer.io | Braze | here |\n"
PAGE = (ROOT / "docs" / "coming-from.md").read_text()
ROWS = PAGE.partition(HEADING)[2].partition("\n\n")[0].splitlines()[1:]
HERE = [row.split(" | ", maxsplit=3)[3].removesuffix(" |") for row in ROWS]
STORE = " in `store.yaml`"
MAIL = {"send": "email", "template": "t"}


def snippets(*, of_store: bool) -> list[str]:
    """What is YAML; keys of the store are said to be in `store.yaml`."""
    found = []
    for cell in HERE:
        for match in re.finditer(r"`((?:\w+: )?[{\[].*?[}\]]|transactional: true)`", cell):
            is_of_store = cell[match.end() :].startswith(STORE)
            if is_of_store == of_store:
                found.append(match[1])
    return found


def problems(flow: dict[str, Any], store: dict[str, Any] | None = None) -> list[str]:
    page = definitions_of_the_page()
    whole = {
        "flow": "example",
        "status": "draft",
        "trigger": {"metric": "order.placed"},
        "steps": [MAIL],
    }
    flows = [*page["flows"], {**whole, **flow}]
    read = read_definitions({**page, "flows": flows, "store": {**page["store"], **(store or {})}})
    return [] if isinstance(read, Definitions) else [str(problem) for problem in read]


@pytest.mark.parametrize("text", snippets(of_store=False))
def test_what_is_written_here_is_right(text: str) -> None:
    raw = raw_of(text)
    if not text.startswith("{"):
        assert problems(raw) == []
        return
    if raw.keys() & STEPS.keys():
        assert problems({"steps": [raw, MAIL]}) == []
    elif raw.keys() & TRIGGERS.keys():
        assert problems({"trigger": raw}) == []
    else:
        assert raw.keys() & CONDITIONS.keys()
        assert problems({"filter": raw}) == []


@pytest.mark.parametrize("text", snippets(of_store=True))
def test_what_is_written_of_the_store_is_right(text: str) -> None:
    assert problems({}, store=raw_of(text)) == []


def test_there_is_a_row_for_every_step_and_trigger() -> None:
    table = "\n".join(HERE)
    missing = [key for key in (*STEPS, *TRIGGERS) if not re.search(rf"[{{`]{key}:", table)]
    assert missing == ["exit"]  # they all end at the bottom, too
