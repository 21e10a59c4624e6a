import pytest

from tests.engine.conditions.asking import Asked

ORDER = {
    "order_id": "0017",
    "total": 12_000,
    "items": [
        {"sku": "A", "category": "new", "unit_price": 3_000},
        {"sku": "B", "category": "sale"},
    ],
    "tags": ["gift"],
    "country": None,
}


@pytest.mark.parametrize(
    ("raw", "holds"),
    [
        ({"trigger": "total", "gt": "100"}, True),
        ({"trigger": "total", "gt": "120"}, False),
        ({"trigger": "total", "at_least": "120"}, True),
        ({"trigger": "order_id", "equals": "0017"}, True),  # 3.6
        ({"trigger": "order_id", "equals": "17"}, False),
        ({"trigger": "country", "exists": "false"}, True),
        ({"trigger": "country", "not_equals": "FR"}, False),
        ({"trigger": "tags", "contains": "gift"}, True),
        ({"trigger": "tags", "any": {"equals": "gift"}}, True),
        ({"trigger": "tags", "any": "gift"}, True),
        ({"trigger": "items", "any": {"category": "sale"}}, True),
        ({"trigger": "items", "any": {"category": "sale", "unit_price": {"gt": "20"}}}, False),
        ({"trigger": "items", "all": {"category": {"in": ["new", "sale"]}}}, True),
        ({"trigger": "items", "none": {"category": "new"}}, False),
    ],
)
def test_the_triggering_events_own_data(raw: dict[str, object], holds: bool) -> None:
    assert Asked(raw, trigger=ORDER).at() == (holds, None)


def test_evidence_is_the_field() -> None:
    assert Asked({"trigger": "total", "gt": "100"}, ORDER).evidence() == {"trigger total": "120.00"}
    items = {"trigger": "items", "any": {"category": "sale"}}
    assert Asked(items, ORDER).evidence() == {"trigger items": "2 items"}


def test_the_field_is_read_when_the_event_happens() -> None:
    assert Asked({"trigger": "total", "gt": "100"}).reads.fields["order.placed"] == {"total"}


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"trigger": "totl", "gt": "1"}, "trigger", "unknown field 'totl'"),
        ({"trigger": "total"}, "trigger", "'total' needs a comparison"),
        (
            {"trigger": "total", "any": {"equals": "1"}},
            "any",
            "'any' is for lists, 'total' is an amount of money",
        ),
        (
            {"trigger": "items", "equals": "A"},
            "equals",
            "'items' is a list: use any, all or none",
        ),
        ({"trigger": "items", "any": {"sk": "A"}}, "any.sk", "unknown field 'sk'"),
    ],
)
def test_what_is_refused(raw: dict[str, object], path: str, message: str) -> None:
    assert (path, message) in Asked(raw).said()
