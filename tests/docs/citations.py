"""What the pages of docs/ hold under a number, and where that is cited.

SEMANTICS 4.7      a rule of docs/semantics.md; SEMANTICS 4: a section; F81: a case
(4.7), (1.9, E23)  the same, in brackets, in a comment, a docstring or a file of cases
DESIGN 5.2         a paragraph of docs/design.md; DESIGN 5: a section
PITFALLS 20        a case of docs/pitfalls.md; PITFALLS fact 7: a fact
FLOWS "Money"      a heading of docs/flows.md
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CITING = ("streams", "tests", "flows", "schemas", "benchmarks", "docs")
SUFFIXES = frozenset({".py", ".yaml", ".md"})
ABOUT_CITATIONS = frozenset({"citations.py", "test_citations.py"})

SPACE = r"(?:[ ]|[ \t]*\n[ \t]*(?:#[ \t]*)?)"
"""A blank, or the end of a line of text or of a comment."""
BETWEEN = rf"(?:[,;]{SPACE}|{SPACE}and{SPACE}|{SPACE}to{SPACE})"
CASE = r"[DEWSMF]\d{1,2}"
RULE = r"[1-9]\d?\.\d{1,2}"
NUMBER = rf"(?:{CASE}|{RULE}|\d{{1,2}})(?![\w]|\.\d)"
BY_PAGE = re.compile(
    rf"\b(SEMANTICS|DESIGN|PITFALLS){SPACE}(facts?{SPACE})?({NUMBER}(?:{BETWEEN}{NUMBER})*)"
)
ALONE = rf"(?:{CASE}|[1-9]\.\d{{1,2}})"
IN_BRACKETS = re.compile(rf"\(({ALONE}(?:{BETWEEN}{ALONE})*)\)")
BY_HEADING = re.compile(r'\bFLOWS\s+"([^"]+)"')
PROSE = re.compile(r'"""(?:.*?)"""|#[^\n]*', re.DOTALL)
"""Docstrings and comments."""
ANOTHER_FORM = re.compile(
    rf"\b(?:SEMANTICS|DESIGN|PITFALLS|FLOWS)(?:\.md\b|{SPACE}(?:section|rule|case)s?\b)"
)
"""How a page isn't cited."""


class Citation(NamedTuple):
    """One number that is cited; `line` from 1 on."""

    file: Path
    line: int
    page: str
    number: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: cites {self.page} {self.number}"


# ── What there is ─────────────────────────────────────────────────────────────────────────────────


def text_of(page: str) -> str:
    """The page docs/PAGE.md."""
    return (ROOT / "docs" / f"{page.lower()}.md").read_text()


def sections_and_rules(page: str) -> list[str]:
    """The numbers of the headings and of the paragraphs of a page, in their order."""
    return re.findall(r"^(?:## |\*\*)(\d+(?:\.\d+)?)(?:\. |\*\*)", text_of(page), re.MULTILINE)


def rows(text: str) -> list[str]:
    """The numbers that the rows of tables begin with."""
    return re.findall(r"^\| ([DEWSMF]?\d+) \|", text, re.MULTILINE)


def cases() -> list[str]:
    """The numbers of the cases of docs/semantics.md."""
    return rows(text_of("semantics"))


def pitfalls() -> tuple[list[str], list[str]]:
    """The numbers of the facts and of the cases of docs/pitfalls.md."""
    facts, _, after = text_of("pitfalls").partition("\n## Cases\n")
    return [f"fact {number}" for number in rows(facts)], rows(after)


def untested_pitfalls() -> set[str]:
    """The cases of docs/pitfalls.md that say that they have no test."""
    marked = r"^\| (\d+) \|.*\*\(no test of its own\)\* \|$"
    return set(re.findall(marked, text_of("pitfalls"), re.MULTILINE))


def headings(page: str) -> list[str]:
    """The headings of a page, in small letters."""
    found = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return [heading.replace("`", "").lower() for heading in found]


@cache
def numbers_by_page() -> Mapping[str, list[str]]:
    """All that may be cited, by the name of the page."""
    facts, of_pitfalls = pitfalls()
    return {
        "SEMANTICS": sections_and_rules("semantics") + cases(),
        "DESIGN": sections_and_rules("design"),
        "PITFALLS": facts + of_pitfalls,
        "FLOWS": headings("flows"),
    }


# ── What is cited ─────────────────────────────────────────────────────────────────────────────────


def citing_files() -> Iterator[Path]:
    """The files in which pages are cited."""
    for folder in CITING:
        for path in sorted((ROOT / folder).rglob("*")):
            is_ours = not any(part.startswith(".venv") for part in path.parts)
            if path.suffix in SUFFIXES and path.name not in ABOUT_CITATIONS and is_ours:
                yield path


def citations_in(path: Path) -> Iterator[Citation]:
    """All citations of one file."""
    text = path.read_text()
    for match in BY_PAGE.finditer(text):
        kind = "fact " if match[2] else ""
        for place, number in numbers_in(match[3]):
            yield Citation(path, line_of(text, match.start(3) + place), match[1], kind + number)
    for match in BY_HEADING.finditer(text):
        heading = " ".join(match[1].replace("#", " ").split()).lower()
        yield Citation(path, line_of(text, match.start()), "FLOWS", heading)
    page = page_of_brackets(path)
    if page is None:
        return
    for first_line, prose in prose_of(path, text):
        for match in IN_BRACKETS.finditer(prose):
            for place, number in numbers_in(match[1]):
                line = first_line - 1 + line_of(prose, match.start(1) + place)
                yield Citation(path, line, page, number)


def numbers_in(listed: str) -> Iterator[tuple[int, str]]:
    """The numbers of a list with their places in it; `11 to 13` names 12 as well."""
    before, number, end = 0, "", 0
    for match in re.finditer(NUMBER, listed):
        number, is_range = match[0], "to" in listed[end : match.start()]
        stem, _, last = number.rpartition(".")
        if is_range and last.isdigit():
            for between in range(before + 1, int(last)):
                yield match.start(), f"{stem}.{between}" if stem else str(between)
        yield match.start(), number
        before, end = int(last) if last.isdigit() else 0, match.end()


def line_of(text: str, place: int) -> int:
    """The line, from 1 on, at a place of a text."""
    return text.count("\n", 0, place) + 1


def page_of_brackets(path: Path) -> str | None:
    """The page whose rules stand in brackets alone: of other pages no number does."""
    if path.suffix != ".md":
        return "SEMANTICS"
    return {"semantics.md": "SEMANTICS", "design.md": "DESIGN"}.get(path.name)


def prose_of(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """What is written for people, each piece with its first line: of Python its comments and
    docstrings, since (1.5) is a number there."""
    if path.suffix != ".py":
        yield 1, text
        return
    for match in PROSE.finditer(text):
        yield line_of(text, match.start()), match[0]


# ── What tests are called ─────────────────────────────────────────────────────────────────────────

CASE_NAME = re.compile(r"^ *- +name: *(.+)$", re.MULTILINE)
TEST_NAME = re.compile(r"^ *(?:async )?def test_(\w+)", re.MULTILINE)
PITFALL_IN_NAME = re.compile(r"pitfall_(\d+)(?!\d)")
RULE_IN_NAME = re.compile(r"^(?:rule_)?([1-9])_(\d{1,2})_")
NUMBER_IN_NAME = re.compile(r"\b(?:[DEWSMF]\d+|\d\.\d+)\b")


@cache
def named_by_cases() -> set[str]:
    """The rules and cases in the names of the cases of YAML files."""
    files = [*(ROOT / "tests").rglob("*.test.yaml"), *(ROOT / "flows").rglob("*.test.yaml")]
    names = (name for file in files for name in CASE_NAME.findall(file.read_text()))
    return {number for name in names for number in NUMBER_IN_NAME.findall(name)}


def pitfalls_in_names() -> list[str]:
    """The numbers after `pitfall_` in the names of test functions, as written there."""
    names = (
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in TEST_NAME.findall(file.read_text())
    )
    return [number for name in names for number in PITFALL_IN_NAME.findall(name)]


@cache
def named_by_functions() -> set[str]:
    """What the names of test functions begin with: `test_w20_w22_...` two cases, `test_1_12_...` a
    rule, `test_pitfall_08_pitfall_09_...` PITFALLS 8 and PITFALLS 9."""
    found = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for name in TEST_NAME.findall(file.read_text()):
            found |= {part.upper() for part in name.split("_")}
            if (rule := RULE_IN_NAME.match(name)) is not None:
                found.add(f"{rule[1]}.{rule[2]}")
            found |= {f"PITFALLS {int(number)}" for number in PITFALL_IN_NAME.findall(name)}
    return found
