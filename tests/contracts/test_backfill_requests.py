"""Backfill requests in both forms, with the event as it was written."""

import json
from typing import Any

import pytest

from streams.contracts.backfill_requests import BackfillRequest, backfill_record
from streams.contracts.decode import LARGEST_EVENT, EventDecoder
from streams.contracts.encode import encode_event
from streams.engine import Backfill, Event
from streams.ports import Record, Rejection

NOON = 1_772_452_800_000
ORDER = {
    "event_id": "e1",
    "customer_id": "ada",
    "occurred_at": NOON - 1_000,
    "order_id": "7",
    "total": 5_000,
    "currency": "GBP",
    "items": [{"sku": "A", "quantity": 1, "unit_price": 5_000}],
}
ASKED = {
    "customer_id": "ada",
    "flow": "thanks",
    "at": NOON,
    "by": "eve",
    "topic": "orders",
    "recorded_at": NOON - 500,
    "event": {"metric": "order.placed", **ORDER},
}


def decode(value: bytes, key: bytes | None = b"ada", **given: Any) -> Any:
    return EventDecoder(**given).decode("backfills", Record(NOON, 0, key, value))


def as_json(**changes: Any) -> bytes:
    return json.dumps({**ASKED, **changes}).encode()


def request(**changes: Any) -> BackfillRequest:
    event = encode_event("order.placed", ORDER)
    return BackfillRequest(**{**ASKED, "event": event, **changes})


@pytest.mark.parametrize("by", ["eve", None])
def test_both_forms_are_the_same(by: str | None) -> None:
    record = backfill_record(request(by=by))
    assert (record.topic, record.key) == ("backfills", b"ada")
    assert record.value is not None
    decoded = decode(record.value)
    assert isinstance(decoded, Backfill)
    assert (decoded.customer_id, decoded.flow, decoded.at, decoded.by) == (
        "ada",
        "thanks",
        NOON,
        by,
    )
    assert (decoded.event.metric, decoded.event.event_id) == ("order.placed", "e1")
    assert decoded.event.occurred_at == NOON - 1_000
    assert decoded.event.data["items"][0]["sku"] == "A"
    assert decode(as_json(by=by)) == decoded


def test_the_event_may_be_in_any_form() -> None:
    in_json = json.dumps({"metric": "order.placed", **ORDER}).encode()
    record = backfill_record(request(event=in_json))
    assert record.value is not None
    assert decode(record.value) == decode(as_json())


def test_only_the_fields_that_somebody_reads_are_decoded() -> None:
    decoded = decode(as_json(), fields_read=lambda metric: frozenset({"order_id"}))
    assert {"order_id", "currency"} <= decoded.event.data.keys()
    assert not {"tags", "country"} & decoded.event.data.keys()


def test_an_event_cannot_have_happened_after_it_was_recorded() -> None:
    assert decode(as_json(recorded_at=NOON - 2_000)).event.occurred_at == NOON - 2_000


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        (as_json(flow=None), b"ada", "field 'flow' is missing"),
        (as_json(flow=7), b"ada", "field 'flow' is 7, expected text"),
        (as_json(at=NOON // 1000), b"ada", "field 'at' is 1772452800, expected milliseconds"),
        (as_json(recorded_at=7), b"ada", "field 'recorded_at' is 7, expected milliseconds"),
        (as_json(topic="reviews"), b"ada", "field 'topic' is 'reviews', expected one of carts, "),
        (as_json(topic="backfills", event=ASKED), b"ada", "field 'topic' is 'backfills'"),
        (as_json(topic="carts"), b"ada", "field 'event': order.placed is not allowed on carts"),
        (as_json(event=None), b"ada", "field 'event' is missing"),
        (as_json(event="e1"), b"ada", "field 'event' is missing, expected the value"),
        (
            as_json(event={**ASKED["event"], "total": "much"}),  # type: ignore[dict-item]
            b"ada",
            "field 'event': field 'total'",
        ),
        (as_json(customer_id="bob"), b"ada", "the key is 'ada', but field 'customer_id' is 'bob'"),
        (
            as_json(event={**ASKED["event"], "customer_id": "bob"}),  # type: ignore[dict-item]
            b"ada",
            "field 'event': the key is 'ada', but field 'customer_id' is 'bob'",
        ),
        (as_json(), None, "the record has no key"),
    ],
)
def test_what_is_no_backfill(value: bytes, key: bytes | None, says: str) -> None:
    rejection = decode(value, key)
    assert isinstance(rejection, Rejection)
    assert says in rejection.reason


def test_it_belongs_on_its_own_topic() -> None:
    record = backfill_record(request())
    assert record.value is not None
    rejection = EventDecoder().decode("orders", Record(NOON, 0, b"ada", record.value))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "Backfill is not allowed on orders, expected it on backfills"


def test_the_largest_event_fits_in() -> None:
    padding = LARGEST_EVENT - len(encode_event("order.placed", {**ORDER, "tags": ["x" * 100_000]}))
    largest = encode_event("order.placed", {**ORDER, "tags": ["x" * (100_000 + padding)]})
    assert len(largest) == LARGEST_EVENT
    orders = EventDecoder().decode("orders", Record(NOON, 0, b"ada", largest))
    assert isinstance(orders, Event)
    record = backfill_record(request(event=largest))
    assert record.value is not None
    assert isinstance(decode(record.value), Backfill)
    too_large = backfill_record(request(event=largest + bytes(5_000)))
    assert too_large.value is not None
    assert isinstance(decode(too_large.value), Rejection)
