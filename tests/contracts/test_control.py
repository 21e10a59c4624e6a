"""Records of the control topic."""

import pytest

from streams.contracts.control import (
    DefinitionsRecord,
    FactsRecord,
    decode_control,
    encode_definitions,
    encode_facts,
    model_record,
)
from streams.contracts.encode import EffectEncoder, encode_event
from streams.engine.forecast import Part, PurchaseModel
from streams.ports import Rejection

DEFINITIONS = DefinitionsRecord(
    published_at=1_772_452_800_000,
    version="a1b2c3",
    semantics=1,
    tzdata="2026.2",
    definitions='{"flows":[]}',
    successors={"cart": {"pause": "mail", "gone": None}, "empty": {}},
)


def test_definitions_come_back() -> None:
    assert decode_control(encode_definitions(DEFINITIONS)) == DEFINITIONS


def test_a_set_of_a_megabyte_comes_back() -> None:
    DEFINITIONS.definitions = '{"flows":["' + "x" * 1_000_000 + '"]}'
    assert decode_control(encode_definitions(DEFINITIONS)) == DEFINITIONS


def test_facts_come_back_bit_for_bit() -> None:
    facts = FactsRecord("2026-03-02", {"clv.total.mean": 0.1 + 0.2, "churn_risk.mean": -0.0})
    read = decode_control(encode_facts(facts))
    assert read == facts
    assert str(read) == str(facts)


MODEL = PurchaseModel(
    "bg_nbd-2011-08-31",
    (Part("bg_nbd", (0.243, 30.898, 0.793, 2.426)), Part("window_before")),
    (6.25, 3.74, 1544.0),
    0.1,
    "2011-08-31",
    {"rmse": 1.37},
)


def test_a_purchase_model_comes_back() -> None:
    assert decode_control(model_record(MODEL).value or b"") == MODEL
    plain = PurchaseModel("own", (Part("own_rate"),))
    assert decode_control(model_record(plain).value or b"") == plain


def test_a_purchase_model_that_cannot_be_used_is_rejected() -> None:
    broken = PurchaseModel("odd", (Part("bg_nbd", (0.2, -1.0, 0.8, 2.4)), Part("bg", (1.0,))))
    read = decode_control(model_record(broken).value or b"")
    assert isinstance(read, Rejection)
    assert read.reason.startswith(
        "purchase model odd: bg_nbd: alpha is -1.0, expected a number from 1e-06 to 1e+09; "
        "kind 'bg' is unknown"
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", "the value begins with nothing, expected"),
        (b"\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08", "unknown schema fingerprint"),
        (encode_definitions(DEFINITIONS)[:-1], "the value is truncated"),
        (encode_definitions(DEFINITIONS) + b"x", "1 bytes left after the record"),
        (
            b"{}",
            "JSON is not allowed on control, expected Definitions, StoreFacts, CouponFacts or",
        ),
        (
            EffectEncoder().late_record("orders", 0, 0, 0, 0).value,
            "LateRecord is not allowed on control",
        ),
        (
            encode_event(
                "customer.erased",
                {"event_id": "e", "customer_id": "a", "occurred_at": 1772452800000},
            ),
            "CustomerErased is not allowed on control",
        ),
        (
            encode_definitions(DefinitionsRecord(1, "v", 1, "t", "[]", {})),
            "definitions v: not a JSON object",
        ),
        (encode_definitions(DefinitionsRecord(1, "v", 1, "t", "{", {})), "not a JSON object"),
    ],
)
def test_pitfall_56_anything_else_is_rejected_with_a_reason(value: bytes, says: str) -> None:
    read = decode_control(value)
    assert isinstance(read, Rejection)
    assert says in read.reason
