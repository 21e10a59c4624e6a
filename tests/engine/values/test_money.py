from decimal import Decimal

import msgspec
import pytest

from streams.engine.values.event import METRICS
from streams.engine.values.money import (
    Exchange,
    amount_text,
    as_written,
    currency_without_rate,
    pack,
    parse_amount,
    unpack,
)

EXCHANGE = Exchange("GBP", {"EUR": Decimal("0.86"), "JPY": Decimal("0.0052"), "KWD": Decimal(2)})


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("100", "GBP", 10_000),
        ("99.95", "GBP", 9_995),
        ("-5.5", "GBP", -550),
        ("100", "JPY", 100),
        ("1.234", "KWD", 1_234),
        ("99.999", "GBP", None),
        ("0.5", "JPY", None),
        ("1,50", "GBP", None),
        ("GBP 5", "GBP", None),
    ],
)
def test_an_amount_as_written(text: str, currency: str, minor: int | None) -> None:
    assert parse_amount(text, currency) == minor


def test_an_amount_as_shown() -> None:
    assert amount_text(9_995, "GBP") == "99.95"
    assert amount_text(100, "GBP") == "1.00"
    assert amount_text(100, "JPY") == "100"
    assert amount_text(1_234, "KWD") == "1.234"


@pytest.mark.parametrize(
    ("minor", "currency", "converted"),
    [
        (125, "GBP", 125),
        (100, "EUR", 86),
        (25, "EUR", 22),  # 21.5: half to even
        (75, "EUR", 64),  # 64.5: half to even
        (1_000, "JPY", 520),  # 1000 yen are 5.20
        (1_000, "KWD", 200),  # one dinar
        (100, None, 100),
        (100, "USD", None),
    ],
)
def test_conversion(minor: int, currency: str | None, converted: int | None) -> None:
    assert EXCHANGE.convert(minor, currency) == converted


def test_an_event_is_converted_with_its_items() -> None:
    data = {
        "order_id": "1",
        "total": 100,
        "currency": "EUR",
        "items": [{"sku": "A", "unit_price": 50}],
    }
    seen = EXCHANGE.in_store_currency(METRICS["order.placed"], data)
    assert seen["total"] == 86
    assert seen["items"] == [{"sku": "A", "unit_price": 43}]
    assert seen["currency"] == "EUR"
    assert data["total"] == 100


def test_an_event_without_a_rate_has_no_amounts() -> None:
    data = {"total": 100, "currency": "USD", "items": [{"sku": "A", "unit_price": 50}]}
    seen = EXCHANGE.in_store_currency(METRICS["cart.updated"], data)
    assert seen["total"] is None
    assert seen["items"] == [{"sku": "A", "unit_price": None}]


def test_an_event_in_the_stores_currency_is_left_alone() -> None:
    for data in ({"total": 100, "currency": "GBP"}, {"total": 100, "currency": None}, {}):
        assert EXCHANGE.in_store_currency(METRICS["order.placed"], data) is data


def test_states_keep_the_amounts_as_written_under_names_of_their_own() -> None:
    fields = {"total": 100, "currency": "USD"}
    seen = EXCHANGE.in_store_currency(METRICS["order.placed"], dict(fields))
    seen["occurred_at"] = 7
    packed = pack(seen)
    assert list(msgspec.msgpack.decode(packed).items()) == [
        ("total", None),
        ("currency", "USD"),
        ("\0as_written", {"total": 100}),
        ("\0no_rate", "USD"),
        ("occurred_at", 7),
    ]
    found = unpack(packed)
    assert found == seen
    assert as_written(found) == {"total": 100}
    assert currency_without_rate(found) == "USD"
    assert unpack(pack(fields)) == as_written(fields) == fields
    assert currency_without_rate(fields) is None
