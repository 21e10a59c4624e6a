import math

from tests.engine.conditions.asking import DAY, NOW, Asked

ORDER = "order.placed"


def test_money_is_added_up_in_minor_units_and_written_in_major_ones() -> None:
    asked = Asked({"sum": ORDER, "of": "total", "at_least": "100"})
    asked.happened(ORDER, NOW - 1, total=9_999)
    assert asked.at() == (False, None)
    asked.happened(ORDER, NOW, total=1)
    assert asked.at() == (True, None)
    assert asked.evidence() == {"sum order.placed.total": "100.00"}


def test_it_changes_as_events_leave_the_window() -> None:
    asked = Asked({"sum": ORDER, "of": "total", "in_last": "1d", "lt": "1"})
    asked.happened(ORDER, NOW - 10, total=40)
    asked.happened(ORDER, NOW - 5, total=60)
    assert asked.at() == (False, NOW - 10 + DAY)
    assert asked.at(NOW - 10 + DAY) == (True, None)


def test_nothing_adds_up_to_zero() -> None:
    assert Asked({"sum": ORDER, "of": "total", "equals": "0"}).holds()


def test_events_that_lack_the_field_are_left_out() -> None:
    asked = Asked({"sum": ORDER, "of": "total", "equals": "5"})
    asked.happened(ORDER, NOW - 2, total=None).happened(ORDER, NOW - 1).happened(
        ORDER, NOW, total=500
    )
    assert asked.holds()


def test_decimals_add_up_exactly() -> None:
    """As floats, 0.7 + 0.1 is less than 0.8."""
    asked = Asked({"sum": "search.performed", "of": "results", "at_least": "0.8"})
    asked.happened("search.performed", NOW - 1, results=0.7)
    asked.happened("search.performed", NOW, results=0.1)
    assert asked.holds()


def test_only_numbers_add_up() -> None:
    assert Asked({"sum": ORDER, "of": "country", "gt": "1"}).said() == [
        ("of", "sum needs a number, 'country' is a text")
    ]
    assert Asked({"sum": ORDER, "of": "totl", "gt": "1"}).said() == [("of", "unknown field 'totl'")]


def test_what_is_no_finite_number_is_left_out() -> None:
    """Doubles of an Avro producer may be any."""
    asked = Asked({"sum": "search.performed", "of": "results", "equals": "2"})
    for result in (math.inf, -math.inf, math.nan, 2):
        asked.happened("search.performed", NOW, results=result)
    assert asked.holds()


def test_huge_numbers_have_no_decimals() -> None:
    asked = Asked({"sum": "search.performed", "of": "results", "gt": "1"})
    asked.happened("search.performed", NOW, results=1e30)
    assert asked.holds()
