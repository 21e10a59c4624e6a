"""Coupon codes on their topic, in both forms."""

import json
from typing import Any

import pytest

from streams.contracts.coupon_codes import coupon_key, coupon_record, inline_codes
from streams.contracts.decode import EventDecoder
from streams.engine.content.coupon_pool import CodeRule, CouponPool
from streams.ports import CouponCode, Record, Rejection

NOON = 1_772_452_800_000
LOADED = {"pool": "ten", "code": "A1", "by": "eve", "at": NOON}
KEY = b"ten\x1fA1"


def decode(value: bytes, topic: str = "coupons", key: bytes | None = KEY) -> Any:
    return EventDecoder().decode(topic, Record(NOON, 0, key, value))


def as_json(**changes: Any) -> bytes:
    return json.dumps({**LOADED, **changes}).encode()


@pytest.mark.parametrize("by", ["eve", None])
def test_both_forms_are_the_same_code(by: str | None) -> None:
    code = CouponCode("ten", "A1", by, NOON)
    record = coupon_record(code)
    assert (record.topic, record.key) == ("coupons", KEY)
    assert record.value is not None
    assert decode(record.value) == code
    assert decode(as_json(by=by)) == code


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        (as_json(code=""), b"ten\x1f", "field 'code' is '', expected 1 to 100 characters"),
        (as_json(code="A\n"), b"ten\x1fA\n", "field 'code' is 'A\\n', expected"),
        (as_json(code="A" * 101), KEY, "expected 1 to 100 characters"),
        (as_json(pool=""), b"\x1fA1", "field 'pool' is '', expected 1 to 100 characters"),
        (as_json(pool=None), KEY, "field 'pool' is missing"),
        (as_json(at=NOON // 1000), KEY, "field 'at' is 1772452800, expected milliseconds"),
        (as_json(), b"ada", "the key is b'ada', expected the pool, U+001F and the code"),
        (as_json(code="A2"), KEY, "b'ten\\x1fA2'"),
        (as_json(), None, "the key is b''"),
    ],
)
def test_what_is_no_code(value: bytes, key: bytes | None, says: str) -> None:
    rejection = decode(value, key=key)
    assert isinstance(rejection, Rejection)
    assert says in rejection.reason


def test_it_belongs_on_its_own_topic_and_nothing_else_does() -> None:
    record = coupon_record(CouponCode("ten", "A1", None, NOON))
    assert record.value is not None
    rejection = decode(record.value, "orders")
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "CouponCode is not allowed on orders, expected it on coupons"


def test_the_key_tells_pool_and_code_apart() -> None:
    assert coupon_key(CouponCode("a", "bc", None, NOON)) != coupon_key(
        CouponCode("ab", "c", None, NOON)
    )


def test_codes_that_stand_in_definitions() -> None:
    pools = [
        CouponPool(coupons="ten", codes=["A1", "A2"]),
        CouponPool(coupons="made", rule=CodeRule(length=8)),
        CouponPool(coupons="empty"),
    ]
    assert [(one.pool, one.code, one.at) for one in inline_codes(pools, NOON)] == [
        ("ten", "A1", NOON),
        ("ten", "A2", NOON),
    ]
