"""`product.updated` and interests, from bytes, and what becomes of those that are wrong."""

import json
from typing import Any

import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.contracts.fields import WrongEvent
from streams.engine import Interest, Product, next_midnight
from streams.engine.values.event import PRODUCT_UPDATED
from streams.ports import Record, Rejection

AT = 1_772_445_600_000
LAMP: dict[str, Any] = {
    "event_id": "p1",
    "occurred_at": AT,
    "sku": "A",
    "name": "Lamp",
    "price": 2_000,
    "currency": "GBP",
    "stock": 0,
}


def decoded(topic: str, value: bytes, key: bytes | None = b"A") -> Any:
    return EventDecoder().decode(topic, Record(AT, 0, key, value))


@pytest.mark.parametrize("as_json", [False, True])
def test_an_article_is_read_from_both_forms(as_json: bool) -> None:
    value = json.dumps(LAMP).encode() if as_json else encode_event(PRODUCT_UPDATED, LAMP)
    expected = Product("A", "p1", AT, "Lamp", None, 2_000, "GBP", 0, None, None, None)
    assert decoded("products", value) == expected


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sku": None}, "field 'sku' is missing"),
        ({"sku": "B"}, "the key is b'A', but field 'sku' is 'B'"),
        ({"event_id": ""}, "field 'event_id' is empty"),
        ({"occurred_at": AT // 1000}, "looks like seconds"),
        ({"occurred_at": AT + 86_400_001}, "expected at most a day after the record"),
        ({"price": 10**12 + 1}, "expected at most 1000000000000 minor units"),
        ({"released_at": 3}, "field 'released_at' is 3, expected milliseconds"),
        ({"released_at": AT * 1000}, "field 'released_at' is 1"),
        ({"price": -1}, "field 'price' is -1, expected 0 or more"),
        ({"price": 19.99}, "minor units as an integer (1999)"),
        ({"currency": "pounds"}, "ISO 4217"),
        ({"stock": "none"}, "field 'stock'"),
    ],
)
def test_an_article_that_is_wrong_is_refused_with_the_reason(
    wrong: dict[str, Any], says: str
) -> None:
    refused = decoded("products", json.dumps({**LAMP, **wrong}).encode())
    assert isinstance(refused, Rejection)
    assert says in refused.reason


@pytest.mark.parametrize(
    ("key", "sku", "says"),
    [
        (None, "A", "the record has no key, expected the sku"),
        (b"", "", "expected 1 to 1024 bytes"),
        (b"\x00A", "\x00A", "zero byte"),
        (b"x" * 1_025, "x" * 1_025, "expected 1 to 1024 bytes"),
        (b"\xff", "A", "the key is"),
    ],
)
def test_a_key_that_can_be_none_is_refused(key: bytes | None, sku: str, says: str) -> None:
    refused = decoded("products", json.dumps({**LAMP, "sku": sku}).encode(), key)
    assert isinstance(refused, Rejection)
    assert says in refused.reason


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"released_at": AT * 1000}, "released_at"), ({"price": -1}, "price"), ({"sku": ""}, "sku")],
)
def test_an_import_refuses_what_a_worker_refuses(wrong: dict[str, Any], field: str) -> None:
    article = {**LAMP, **wrong}
    with pytest.raises(WrongEvent) as refused:
        encode_event(PRODUCT_UPDATED, article)
    assert refused.value.field == field
    rejection = decoded("products", json.dumps(article).encode(), article["sku"].encode())
    assert isinstance(rejection, Rejection)
    assert rejection.reason == str(refused.value)


def test_an_article_belongs_on_products() -> None:
    refused = decoded("orders", encode_event(PRODUCT_UPDATED, LAMP))
    assert isinstance(refused, Rejection)
    assert "expected it on products" in refused.reason


def test_an_interest_is_read_as_it_was_written_and_counts_from_midnight_on() -> None:
    told = [
        Interest("A", "ada", "viewed", AT + 1, AT),
        Interest("A", "ada", None, 0, next_midnight(AT)),
    ]
    written = EffectEncoder().interests(told)
    for interest, record in zip(told, written, strict=True):
        assert (record.topic, record.key) == ("interests", b"A")
        assert record.value is not None
        assert decoded("interests", record.value) == interest
    midnight = next_midnight(AT)
    assert AT < midnight <= AT + 86_400_000
    assert [record.time for record in written] == [midnight, midnight + 86_400_000]


def test_an_interest_of_another_kind_is_refused() -> None:
    fields = {"sku": "A", "customer_id": "ada", "kind": "dreamt", "until": AT, "at": AT}
    refused = decoded("interests", json.dumps(fields).encode())
    assert isinstance(refused, Rejection)
    assert "field 'kind' is 'dreamt', expected viewed, wishlist" in refused.reason
