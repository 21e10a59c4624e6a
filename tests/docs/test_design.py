"""The tables of docs/design.md that say what the code holds."""

import re
import tomllib
from pathlib import Path

from streams.engine import METRICS
from streams.engine.effects import Outcome
from streams.engine.language import PROFILE_FIELDS
from streams.engine.values import PRODUCT_METRICS, PROPERTIES
from tests.docs.citations import ROOT, text_of

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
        name: {
            key + "?" * field.is_optional
            for key, field in metric.fields.items()
            if key != PROPERTIES  # told above the table
        }
        for name, metric in {**METRICS, **PRODUCT_METRICS}.items()
    }


def test_the_profile_fields_of_every_shop_are_there() -> None:
    (told,) = re.findall(r"^The profile fields that every shop has are (.*?;)", CONTRACTS, re.M)
    assert re.findall(r"`(\w+)`", told) == list(PROFILE_FIELDS)


def test_the_outcomes_of_decisions_are_there() -> None:
    (told,) = re.findall(r"^A \*\*decision\*\* is (.*?), with `reason`", CONTRACTS, re.M)
    assert set(re.findall(r"`(\w+)`", told)) == {outcome.value for outcome in Outcome}


def folders_told(heading: str) -> list[str]:
    """The folders that the first column of a table names, in its order."""
    _, _, after = PAGE.partition(f"| {heading} |")
    cells = (row.split("|")[1] for row in after.partition("\n\n")[0].splitlines()[2:])
    return [folder for cell in cells for folder in re.findall(r"`([\w/]+)/`", cell)]


def folders_in(path: Path) -> set[str]:
    return {init.parent.name for init in path.glob("*/__init__.py")}


def test_the_folders_of_the_engine_are_there_in_the_order_of_their_contract() -> None:
    told = folders_told("folder of `streams/engine/`")
    assert set(told) == folders_in(ROOT / "streams" / "engine")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == ["streams.engine"]
    )
    floors = [layer.split(" | ") for layer in reversed(layers)]
    assert [folder for floor in floors for folder in sorted(floor)] == told


def test_every_folder_of_the_package_is_there() -> None:
    assert folders_in(ROOT / "streams") <= set(folders_told("folder of `streams/`"))
