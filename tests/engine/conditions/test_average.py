import math

from tests.engine.conditions.asking import DAY, NOW, Asked

ORDER = "order.placed"


def test_money_is_rounded_to_minor_units_half_to_even() -> None:
    asked = Asked({"average": ORDER, "of": "total", "equals": "0.02"})
    asked.happened(ORDER, NOW - 1, total=2).happened(ORDER, NOW, total=3)
    assert asked.holds()
    assert asked.evidence() == {"average order.placed.total": "0.02"}


def test_other_numbers_are_rounded_to_four_decimals() -> None:
    asked = Asked({"average": "search.performed", "of": "results", "equals": "0.6667"})
    asked.happened("search.performed", NOW - 2, NOW - 1, results=1)
    asked.happened("search.performed", NOW, results=0)
    assert asked.holds()


def test_there_is_no_mean_of_nothing() -> None:
    for comparison in ("lt", "gt", "equals", "not_equals"):
        asked = Asked({"average": ORDER, "of": "total", comparison: "5"})
        assert not asked.holds()
    assert asked.evidence() == {"average order.placed.total": None}


def test_events_that_lack_the_field_are_left_out() -> None:
    asked = Asked({"average": ORDER, "of": "total", "equals": "5"})
    asked.happened(ORDER, NOW - 2, total=None).happened(ORDER, NOW, total=500)
    assert asked.holds()


def test_it_changes_as_events_leave_the_window() -> None:
    asked = Asked({"average": ORDER, "of": "total", "in_last": "1d", "at_least": "1"})
    asked.happened(ORDER, NOW - 10, total=40).happened(ORDER, NOW - 5, total=100)
    assert asked.at() == (False, NOW - 10 + DAY)
    assert asked.at(NOW - 10 + DAY) == (True, NOW - 5 + DAY)
    assert asked.at(NOW - 5 + DAY) == (False, None)


def test_only_numbers_have_a_mean() -> None:
    assert Asked({"average": ORDER, "of": "country", "gt": "1"}).said() == [
        ("of", "average needs a number, 'country' is a text")
    ]
    assert Asked({"average": ORDER, "of": "total", "exists": "true"}).said()


def test_what_is_no_finite_number_is_left_out() -> None:
    """Doubles of an Avro producer may be any."""
    asked = Asked({"average": "search.performed", "of": "results", "equals": "2"})
    for result in (math.inf, -math.inf, math.nan, 2):
        asked.happened("search.performed", NOW, results=result)
    assert asked.holds()


def test_huge_numbers_have_no_decimals() -> None:
    asked = Asked({"average": "search.performed", "of": "results", "gt": "1"})
    asked.happened("search.performed", NOW, results=1e30)
    assert asked.holds()
