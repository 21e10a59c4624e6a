"""Codes that may not be loaded, since they could go to two people."""

from streams.operations.coupon_loading import code_problems


def test_codes_that_differ_by_case_alone_are_one_to_those_who_type_them() -> None:
    loaded = {"SAVE10": "ten", "Old": "ten", "old": "ten"}
    assert list(code_problems("ten", ["save10", "New", "NEW"], loaded, [])) == [
        "code 1 ('save10'): differs from 'SAVE10' (loaded into pool 'ten') by upper and lower "
        "case alone",
        "code 3 ('NEW'): differs from 'New' by upper and lower case alone",
    ]


def test_what_was_loaded_before_may_be_loaded_again() -> None:
    loaded = {"SAVE10": "ten", "Old": "ten", "old": "ten"}
    assert list(code_problems("ten", list(loaded), loaded, [])) == []
