"""Every recipe of docs/recipes.md: its definitions are checked, and its test is run."""

import re
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run
from tests.docs.test_examples import ROOT
from tests.docs.test_flows import IDS, part_of, raw_of

PAGE = (ROOT / "docs" / "recipes.md").read_text()
RECIPES = dict(
    re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL),
)
USUAL = {"ada": {"email": "ada@example.com", "consent": ["email"]}}
FOLDERS = {"flows": "", "segments": "segments", "coupons": "coupons", "metrics": "metrics"}


def blocks_of(recipe: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", RECIPES[recipe], re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_does_what_its_test_says(
    recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = 0
    for block in blocks_of(recipe):
        raw: dict[str, Any] = raw_of(block)
        part = part_of(raw)
        if part is None:
            tests += 1
            usual = "" if "customers" in raw else f"customers: {USUAL}\n"
            (tmp_path / "recipe.test.yaml").write_text(f"definitions: .\n{usual}{block}")
            continue
        if part == "store":
            (tmp_path / "store.yaml").write_text(block)
            continue
        key = next(key for key, name in IDS.items() if name == part)
        folder = tmp_path / FOLDERS[part]
        folder.mkdir(exist_ok=True)
        (folder / f"{raw[key]}.yaml").write_text(block)
    assert tests == 1
    assert run(["test", str(tmp_path)]) == 0, capsys.readouterr()


def test_there_are_recipes() -> None:
    assert len(RECIPES) == 7
