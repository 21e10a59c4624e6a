from tests.engine.conditions.asking import DAY, NOW, Asked

VIEW = "view.item"
SEARCH = "search.performed"


def test_equal_values_count_once_and_missing_ones_not() -> None:
    asked = Asked({"distinct": VIEW, "of": "category", "equals": "2"})
    asked.happened(VIEW, NOW - 4, NOW - 3, category="lamps").happened(VIEW, NOW - 2, category=None)
    assert not asked.holds()
    asked.happened(VIEW, NOW, category="vases")
    assert asked.holds()
    assert asked.evidence() == {"distinct view.item.category": 2}


def test_it_reaches_into_maps() -> None:
    asked = Asked({"distinct": SEARCH, "of": "filters.colour", "at_least": "2"})
    for colour in ("red", "blue"):
        asked.happened(SEARCH, NOW, filters={"colour": colour})
    assert asked.holds()


def test_nothing_has_no_values() -> None:
    assert Asked({"distinct": VIEW, "of": "sku", "equals": "0"}).holds()


def test_it_changes_when_the_last_of_a_value_leaves_the_window() -> None:
    asked = Asked({"distinct": VIEW, "of": "sku", "in_last": "1d", "lt": "2"})
    asked.happened(VIEW, NOW - 10, sku="A").happened(VIEW, NOW - 9, sku="B")
    asked.happened(VIEW, NOW - 5, sku="A")
    assert asked.at() == (False, NOW - 9 + DAY)
    assert asked.at(NOW - 9 + DAY) == (True, None)


def test_a_list_has_no_single_value() -> None:
    assert Asked({"distinct": "order.placed", "of": "items", "gt": "1"}).said() == [
        ("of", "distinct needs one value of each event, 'items' is a list of items")
    ]
    assert Asked({"distinct": VIEW, "of": "skku", "gt": "1"}).said() == [
        ("of", "unknown field 'skku'")
    ]
