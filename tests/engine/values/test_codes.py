"""Codes made by rule: no two numbers give the same one, and they tell nothing of each other."""

from itertools import pairwise

import pytest

from streams.engine.values.codes import (
    ALPHABET,
    MOST_PARTITIONS,
    NO_CODES,
    code_of,
    is_code,
    may_make,
    number_of,
    number_of_codes,
)


@pytest.mark.parametrize("length", [2, 3])
def test_every_number_of_a_length_gives_a_code_of_its_own(length: int) -> None:
    """10 bits, and 15: an odd number of them takes the walk through twice as many values."""
    codes = {code_of("key", "", length, number) for number in range(number_of_codes(length))}
    assert len(codes) == number_of_codes(length)
    assert all(len(code) == length and set(code) <= set(ALPHABET) for code in codes)


def test_the_alphabet_leaves_out_what_is_taken_for_something_else() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("01IO")


def test_tasks_have_no_number_in_common() -> None:
    numbers = {
        number_of(counter, partition)
        for counter in range(3)
        for partition in range(MOST_PARTITIONS)
    }
    assert len(numbers) == 3 * MOST_PARTITIONS


def test_codes_are_the_same_whenever_they_are_made_again() -> None:
    assert code_of("key", "BACK-", 8, 0) == "BACK-EGHT6J8M"
    assert code_of("key", "BACK-", 8, 0) == code_of("key", "BACK-", 8, 0)


@pytest.mark.parametrize(
    ("key", "prefix", "length"), [("other", "BACK-", 8), ("key", "BACK-X", 8), ("key", "BACK-", 9)]
)
def test_another_key_or_rule_mixes_otherwise(key: str, prefix: str, length: int) -> None:
    made = [code_of("key", "BACK-", 8, number)[5:] for number in range(50)]
    others = [code_of(key, prefix, length, number)[len(prefix) :][:8] for number in range(50)]
    assert not set(made) & set(others)


def test_codes_that_follow_each_other_have_no_more_in_common_than_chance_gives_them() -> None:
    """Each place of two codes is the same in one of 32 cases: 250 of 8,000 here, sigma 16."""
    codes = [code_of("key", "", 8, number) for number in range(1_001)]
    same = sum(
        one == other
        for code, following in pairwise(codes)
        for one, other in zip(code, following, strict=True)
    )
    assert 170 < same < 330


@pytest.mark.parametrize(
    ("prefix", "code", "may"),
    [
        ("BACK-", "BACK-ABC", True),
        ("BACK-", "back-abc", True),
        ("BACK-", "BACK-", True),  # the beginning of one
        ("BACK-", "BACK-AB-C", False),
        ("BACK-", "BACK-A0", False),
        ("BACK-", "WIN-ABC", False),
        ("", "ABC", True),
        ("", "A1", False),
    ],
)
def test_what_a_rule_may_make_one_day(prefix: str, code: str, may: bool) -> None:
    assert may_make(prefix, code) is may


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("A1", True),
        ("SUMMER 10", True),
        ("é", True),
        ("A" * 100, True),
        ("A" * 101, False),
        (" A1", False),
        ("A1\n", False),
        ("A\x1f1", False),
        ("A\x001", False),
    ],
)
def test_what_can_be_a_code(text: str, is_one: bool) -> None:
    assert is_code(text) is is_one


def test_without_codes_there_are_none() -> None:
    assert NO_CODES.next_loaded("ten", 0) is None
    assert NO_CODES.left("ten") == 0
    with pytest.raises(NotImplementedError):
        NO_CODES.make("TEN-", 8)
