"""Review answers in both forms."""

import json
from typing import Any

import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.review_answers import review_record
from streams.engine import Review
from streams.ports import Record, Rejection

NOON = 1_772_452_800_000
SAID = {"send_id": "s1", "customer_id": "ada", "verdict": "send", "by": "eve", "at": NOON}


def decode(value: bytes, topic: str = "reviews", key: bytes | None = b"ada") -> Any:
    return EventDecoder().decode(topic, Record(NOON, 0, key, value))


def as_json(**changes: Any) -> bytes:
    return json.dumps({**SAID, **changes}).encode()


@pytest.mark.parametrize("is_approved", [True, False])
@pytest.mark.parametrize("by", ["eve", None])
def test_both_forms_are_the_same_review(is_approved: bool, by: str | None) -> None:
    said = Review("s1", "ada", is_approved, by, NOON)
    record = review_record(said)
    assert (record.topic, record.key) == ("reviews", b"ada")
    assert record.value is not None
    assert decode(record.value) == said
    assert decode(as_json(verdict="send" if is_approved else "drop", by=by)) == said


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        (as_json(verdict="yes"), b"ada", "field 'verdict' is 'yes', expected send or drop"),
        (as_json(verdict=None), b"ada", "field 'verdict' is missing"),
        (as_json(send_id=7), b"ada", "field 'send_id' is 7, expected text"),
        (as_json(at=NOON // 1000), b"ada", "field 'at' is 1772452800, expected milliseconds"),
        (as_json(at="noon"), b"ada", "expected milliseconds since the epoch as an integer"),
        (as_json(), b"bob", "the key is 'bob', but field 'customer_id' is 'ada'"),
        (as_json(), None, "the record has no key"),
    ],
)
def test_what_is_no_review(value: bytes, key: bytes | None, says: str) -> None:
    rejection = decode(value, key=key)
    assert isinstance(rejection, Rejection)
    assert says in rejection.reason


def test_it_belongs_on_its_own_topic() -> None:
    record = review_record(Review("s1", "ada", True, None, NOON))
    assert record.value is not None
    rejection = decode(record.value, "orders")
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "Review is not allowed on orders, expected it on reviews"
