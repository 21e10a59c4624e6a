"""Whatever the code, the tests and the pages cite is there, and every case has a test."""

from collections import Counter
from functools import cache

import pytest

from tests.docs.citations import (
    ANOTHER_FORM,
    ROOT,
    Citation,
    cases,
    citations_in,
    citing_files,
    line_of,
    named_by_cases,
    named_by_functions,
    numbers_by_page,
    numbers_in,
    pitfalls,
    pitfalls_in_names,
    sections_and_rules,
    untested_pitfalls,
)

PAGES = tuple(numbers_by_page())
RULES = [number for number in sections_and_rules("semantics") if "." in number]


@cache
def all_citations() -> list[Citation]:
    return [citation for file in citing_files() for citation in citations_in(file)]


@cache
def held() -> set[str]:
    """What tests name, and what files of tests cite."""
    in_tests = (one for one in all_citations() if (ROOT / "tests") in one.file.parents)
    cited = {f"{one.page} {one.number}".removeprefix("SEMANTICS ") for one in in_tests}
    return named_by_cases() | named_by_functions() | cited


@pytest.mark.parametrize("page", PAGES)
def test_what_is_cited_is_there(page: str) -> None:
    there = set(numbers_by_page()[page])
    missing = [
        f"{citation}, which docs/{page.lower()}.md lacks"
        for citation in all_citations()
        if citation.page == page and citation.number not in there
    ]
    assert not missing, "\n".join(["", *missing])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_cited(page: str) -> None:
    """So that a change of the form doesn't leave the test above with nothing to look at."""
    assert sum(citation.page == page for citation in all_citations()) >= 10


def test_there_is_one_form() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line_of(text, match.start())}: {match[0]!r}, "
        'expected a form such as SEMANTICS 4.7, DESIGN 5, PITFALLS fact 7 or FLOWS "Money"'
        for file in citing_files()
        for text in [file.read_text()]
        for match in ANOTHER_FORM.finditer(text)
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("page", PAGES)
def test_a_number_is_given_once(page: str) -> None:
    counted = Counter(numbers_by_page()[page])
    assert [number for number, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("number", cases())
def test_a_case_has_a_test_that_names_it(number: str) -> None:
    assert number in named_by_cases() | named_by_functions()


@pytest.mark.parametrize("number", RULES)
def test_a_rule_has_a_test_that_names_or_cites_it(number: str) -> None:
    assert number in held()


def test_pitfalls_without_a_test_say_so() -> None:
    _, numbers = pitfalls()
    assert {number for number in numbers if f"PITFALLS {number}" not in held()} == (
        untested_pitfalls()
    )


def test_pitfalls_in_names_have_two_digits() -> None:
    assert {number for number in pitfalls_in_names() if len(number) != 2} == set()


def test_lists_and_ranges_are_read() -> None:
    assert [number for _, number in numbers_in("2.1 to 2.4, W31 and 11 to 13")] == [
        *("2.1", "2.2", "2.3", "2.4", "W31"),
        *("11", "12", "13"),
    ]
