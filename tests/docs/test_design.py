"""The tables of docs/design.md that say what the code holds."""

import re

from streams.engine import METRICS
from streams.engine.effects import Outcome
from streams.engine.event import PRODUCT_METRICS
from streams.engine.scope import PROFILE_FIELDS
from tests.docs.citations import text_of

PAGE = text_of("design")
CONTRACTS = PAGE.partition("\n## 7. ")[2].partition("\n## 8. ")[0]


def fields_told() -> dict[str, set[str]]:
    """The rows of the table of metrics: each with its fields, those that are optional with a ?."""
    told: dict[str, set[str]] = {}
    rows = CONTRACTS.partition("| metric | fields |\n|---|---|\n")[2].partition("\n\n")[0]
    for row in rows.splitlines():
        metrics, fields = row.strip("|").split("|")
        named = set(re.findall(r"`([\w?]+)`", fields.partition(";")[0]))
        if "the same" in fields:
            named |= told["product.back_in_stock"]
        told |= dict.fromkeys(re.findall(r"`([\w.]+)`", metrics), named)
    return told


def test_the_metrics_are_there_with_their_fields() -> None:
    assert fields_told() == {
        name: {key + "?" * field.is_optional for key, field in metric.fields.items()}
        for name, metric in {**METRICS, **PRODUCT_METRICS}.items()
    }


def test_the_profile_fields_of_every_shop_are_there() -> None:
    (told,) = re.findall(r"^The profile fields that every shop has are (.*?;)", CONTRACTS, re.M)
    assert re.findall(r"`(\w+)`", told) == list(PROFILE_FIELDS)


def test_the_outcomes_of_decisions_are_there() -> None:
    (told,) = re.findall(r"^A \*\*decision\*\* is (.*?), with `reason`", CONTRACTS, re.M)
    assert set(re.findall(r"`(\w+)`", told)) == {outcome.value for outcome in Outcome}
