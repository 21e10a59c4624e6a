"""The closed lists of docs/semantics.md are those of the product."""

import re

from streams.engine.effects import Outcome
from tests.cases.test_cases import REASONS
from tests.docs.citations import text_of


def reasons_told(page: str) -> dict[str, set[str]]:
    """The rows of a page's table of outcomes: each with its reasons."""
    told: dict[str, set[str]] = {}
    rows = text_of(page).partition("| outcome | reasons |\n|---|---|\n")[2].partition("\n\n")[0]
    for row in rows.splitlines():
        outcomes, reasons = row.strip("|").split("|")
        named = set(re.findall(r"`(\w+)`", reasons)) or {""}
        told |= dict.fromkeys(re.findall(r"`(\w+)`", outcomes), named)
    return told


def test_rule_5_5_the_reasons_are_those_that_the_cases_know() -> None:
    told = reasons_told("semantics")
    assert told.keys() == {outcome.value for outcome in Outcome}
    del told[Outcome.FORGOTTEN.value]  # which no case brings about: it belongs to no flow
    assert told == REASONS


def test_rule_5_5_the_page_of_flows_tells_the_same() -> None:
    rule = reasons_told("semantics")
    told = reasons_told("flows")
    assert told == {outcome: rule[outcome] for outcome in told}
