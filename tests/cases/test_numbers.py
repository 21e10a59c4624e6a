"""Every numbered case of SEMANTICS section 8 has a test that names it, and so have the rules that
no case of that section pins down."""

import re
from pathlib import Path

import pytest

from tests.cases.test_cases import all_cases

LIST = """
    E1 E2 E4 E5 E7 E9 E10 E13 E14 E15 E17 E18 E20 E21 E22 E23 E26 E27 E28 E29
    W20 W22 W23 W31 W32 W33 W35 W38 W39 W40 W41 W42 W43
    S43 S44 S45 S46 S47 S48
    M51 M52 M53 M54 M57 M59 M60 M63 M65 M66 M68 M70 M71 M72 M98 M99
    F81 F82 F86 F87 F88 F89 F92 F93 F95 F97
    4.9 4.10 5.6 6.3 7.1 7.4
"""
NUMBERS = LIST.split()

IN_A_CASE = re.compile(r"\b([EWSMF]\d+|\d\.\d+)\b")
FUNCTION = re.compile(r"^ *def test_(\w+)", re.MULTILINE)


def named_by_cases() -> set[str]:
    return {number for case in all_cases() for number in IN_A_CASE.findall(case.name)}


def named_by_functions() -> set[str]:
    """`def test_w20_w22_...` names two."""
    files = (Path(__file__).parents[1]).rglob("test_*.py")
    names = (name for file in files for name in FUNCTION.findall(file.read_text()))
    return {part.upper() for name in names for part in name.split("_")}


@pytest.fixture(scope="module")
def named() -> set[str]:
    return named_by_cases() | named_by_functions()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_has_a_test_that_names_it(number: str, named: set[str]) -> None:
    assert number in named


def test_a_number_is_listed_once() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)
