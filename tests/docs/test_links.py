"""Every link from one page of the repository to another leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.citations import ROOT

PAGES = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "schemas").rglob("*.md"),
        *(ROOT / "streams").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
        *(ROOT / "benchmarks").rglob("*.md"),
    ]
    if not any(part.startswith(".venv") for part in path.parts)
)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:")


def anchors(page: Path) -> set[str]:
    """What GitHub names the headings of a page, and what it names itself."""
    text = FENCED.sub("", page.read_text())
    found = set(re.findall(r"(?:id|name)=\"([^\"]+)\"", text))
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        number = 0
        while (numbered := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(numbered)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    prose = FENCED.sub(lambda match: "\n" * match[0].count("\n"), text)
    wrong = []
    for match in LINK.finditer(prose):
        if ELSEWHERE.match(match[1]):
            continue
        file, _, anchor = match[1].partition("#")
        target = (page.parent / file).resolve() if file else page
        where = f"{page.relative_to(ROOT)}:{prose.count(chr(10), 0, match.start()) + 1}"
        if not target.exists():
            wrong.append(f"{where}: links to {match[1]}, and {file} isn't there")
        elif anchor and anchor not in anchors(target):
            wrong.append(f"{where}: links to {match[1]}, and no heading of it is called so")
    assert not wrong, "\n".join(["", *wrong])


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What it is, and for whom\n\n```\n# no heading\n```\n\n## `wait`\n\n## `wait`\n"
    )
    assert anchors(page) == {"what-it-is-and-for-whom", "wait", "wait-1"}
