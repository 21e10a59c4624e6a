"""Events given as plain values: each wrong field is named, with what was found and expected."""

from typing import Any

import pytest

from streams.contracts.encode import encode_event
from streams.contracts.fields import WrongEvent
from streams.contracts.wire import decode_any

NOON = 1_772_452_800_000
HEAD = {"event_id": "e1", "customer_id": "ada", "occurred_at": NOON}
ITEM = {"sku": "A", "quantity": 2, "unit_price": 1250}
EVENTS: dict[str, dict[str, Any]] = {
    "order.placed": {"order_id": "1", "total": 2500, "currency": "GBP", "items": [ITEM]},
    "order.fulfilled": {"order_id": "1"},
    "order.cancelled": {"order_id": "1"},
    "order.refunded": {"order_id": "1", "amount": 5, "currency": "GBP"},
    "search.performed": {"query": "q", "results": 3},
    "customer.updated": {},
}


def says(metric: str, **fields: Any) -> str:
    with pytest.raises(WrongEvent) as wrong:
        encode_event(metric, HEAD | EVENTS[metric] | fields)
    return str(wrong.value)


@pytest.mark.parametrize("metric", EVENTS)
def test_what_has_a_default_may_be_left_out(metric: str) -> None:
    name, event = decode_any(encode_event(metric, HEAD | EVENTS[metric]))
    assert name.lower() == metric.replace(".", "")
    given = {k: v for k, v in event.items() if k in EVENTS[metric] and k != "items"}
    assert given == {k: v for k, v in EVENTS[metric].items() if k != "items"}
    left_out = [v for k, v in event.items() if k not in HEAD | EVENTS[metric]]
    assert all(value in (None, [], {}) for value in left_out)


@pytest.mark.parametrize(
    ("metric", "fields", "problem"),
    [
        ("order.placed", {"total": "1250", "currency": "JPY"}, "minor units as an integer (1250)"),
        ("order.placed", {"total": "1,5", "currency": "KWD"}, "minor units as an integer (1500)"),
        ("order.placed", {"total": "1", "currency": 7}, "minor units as an integer (100)"),
        (
            "order.placed",
            {"items": [ITEM | {"unit_price": 12.5}]},
            "field 'items[0].unit_price' is 12.5, expected minor units as an integer (1250)",
        ),
        (
            "order.placed",
            {"total": "12,50"},
            "field 'total' is '12,50', expected minor units as an integer (1250)",
        ),
        (
            "order.placed",
            {"total": 12.5},
            "field 'total' is 12.5, expected minor units as an integer (1250)",
        ),
        (
            "order.placed",
            {"total": 12.0},
            "field 'total' is 12.0, expected minor units as an integer (1200)",
        ),
        (
            "order.placed",
            {"total": "x"},
            "field 'total' is 'x', expected minor units as an integer (1250 is 12.50)",
        ),
        (
            "order.placed",
            {"total": float("nan")},
            "expected minor units as an integer (1250 is 12.50)",
        ),
        ("order.placed", {"total": True}, "field 'total' is True, expected minor units"),
        (
            "order.placed",
            {"total": 1 << 63},
            "field 'total' is 9223372036854775808, expected minor units",
        ),
        ("order.placed", {"total": None}, "field 'total' is missing"),
        ("order.placed", {"order_id": 17}, "field 'order_id' is 17, expected text ('17')"),
        ("order.placed", {"order_id": b"17"}, "field 'order_id' is b'17', expected text"),
        ("order.placed", {"items": "A"}, "field 'items' is 'A', expected a list of items"),
        (
            "order.placed",
            {"items": ["A"]},
            "field 'items[0]' is 'A', expected an item: an object with",
        ),
        (
            "order.placed",
            {"items": [ITEM, {"sku": "B", "quantity": 1}]},
            "field 'items[1].unit_price' is missing",
        ),
        (
            "order.placed",
            {"items": [ITEM | {"quantity": 1.5}]},
            "field 'items[0].quantity' is 1.5, expected an integer",
        ),
        (
            "order.placed",
            {"items": [ITEM | {"colour": "red"}]},
            "field 'items[].colour' is not known, expected one of sku, ",
        ),
        ("order.placed", {"tags": "gift"}, "field 'tags' is 'gift', expected a list of text"),
        ("order.placed", {"tags": ["gift", 5]}, "field 'tags[1]' is 5, expected text"),
        (
            "order.placed",
            {"expected_delivery": "2026-03-02T12:00:00"},
            f"expected milliseconds since the epoch as an integer ({NOON}), or a text of ISO 8601",
        ),
        ("order.placed", {"expected_delivery": "2026-03-02T12:00"}, f"({NOON})"),
        ("order.placed", {"expected_delivery": "soon"}, "(1772445600000 is 2026-03-02T10:00:00Z)"),
        (
            "order.placed",
            {"occured_at": 5},
            "field 'occured_at' is not known, expected one of cart_id, country, ",
        ),
        (
            "order.placed",
            {"currency": "gbp"},
            "field 'currency' is 'gbp', expected an ISO 4217 code such as GBP",
        ),
        ("order.cancelled", {"currency": "gbp"}, "expected an ISO 4217 code such as GBP"),
        ("order.placed", {"event_id": ""}, "field 'event_id' is empty"),
        ("order.placed", {"coupon_code": "\ud800"}, "contains an unpaired surrogate"),
        (
            "search.performed",
            {"filters": ["a"]},
            "field 'filters' is ['a'], expected an object of texts",
        ),
        (
            "search.performed",
            {"filters": {"size": 5}},
            "field 'filters.size' is 5, expected text ('5')",
        ),
        (
            "customer.updated",
            {"set": ["plan"]},
            "field 'set' is ['plan'], expected an object of profile fields",
        ),
        (
            "customer.updated",
            {"set": {"plan": None}},
            "field 'set.plan' is None, expected a value; to clear a field, name it in 'unset'",
        ),
        (
            "customer.updated",
            {"set": {"plan": {"a": 1}}},
            "field 'set.plan' is {'a': 1}, expected text, a number, true, false",
        ),
        ("customer.updated", {"set": {"age": 1 << 63}}, "expected a number of at most 64 bits"),
        (
            "customer.updated",
            {"set": {"likes": ["tea", 1]}},
            "field 'set.likes' is ['tea', 1], expected a list of text",
        ),
        (
            "customer.updated",
            {"unset": {"plan": True}},
            "field 'unset' is {'plan': True}, expected a list of text",
        ),
    ],
)
def test_a_wrong_field_is_named(metric: str, fields: dict[str, Any], problem: str) -> None:
    assert problem in says(metric, **fields)


def test_a_long_value_is_shortened_in_the_message() -> None:
    assert len(says("order.placed", total="9" * 500)) < 800
    assert "..., expected" in says("order.placed", items="x" * 500)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(
        WrongEvent, match=r"metric 'order.lost' is not known, expected one of order\."
    ):
        encode_event("order.lost", HEAD)


def test_profile_values_of_all_kinds_come_back() -> None:
    patch = {"plan": "paid", "age": 41, "score": 1.5, "vip": True, "consent": ["email", "sms"]}
    _, event = decode_any(encode_event("customer.updated", HEAD | {"set": patch}))
    assert event["set"] == patch
    assert [type(value) for value in event["set"].values()] == [str, int, float, bool, list]


def test_defaults_are_not_shared_between_events() -> None:
    event = HEAD | EVENTS["order.placed"]
    before = dict(event)
    encode_event("order.placed", event)
    assert event == before
