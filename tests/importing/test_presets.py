"""Presets, each on made-up files in the form that the other system exports."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.engine.values import METRICS
from streams.files.mapping_texts import importable_fields
from streams.files.preset import load_preset, preset_names
from streams.files.row_warning import WarningKind
from streams.importing.reading import ImportReport, MappingOptions, file_by_preset, read_events

FILES = Path(__file__).parent.parent / "files" / "presets"
TEN = 1772442000000  # 2026-03-02 10:00 +01:00, which is 09:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR


def imported(
    name: str, preset: str | None = None, *, metrics: tuple[str, ...] = (), **options: Any
) -> tuple[dict[str, list[dict[str, Any]]], ImportReport]:
    """The events of a file by metric, and the report."""
    refused: list[str] = []
    report = ImportReport(lambda rejected, metric: refused.append(str(rejected)))
    given = MappingOptions(**options)
    loaded = load_preset(preset or name.partition(".")[0])
    file = file_by_preset(FILES / name, loaded, given, metrics)
    events: dict[str, list[dict[str, Any]]] = {}
    for one in read_events([file], report):
        events.setdefault(one.event["metric"], []).append(one.event)
    assert refused == []
    return events, report


def told(events: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(event.get(name) for name in names) for event in events]


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_names_metrics_and_fields_that_there_are(name):
    """The fields of conditions and columns are the other system's; ours must be known."""
    preset = load_preset(name)
    assert preset.about
    assert any(path.name.startswith(f"{name}.") for path in FILES.iterdir()), "a made-up file"
    for event in preset.events:
        fields = importable_fields(event.metric, METRICS)
        texts = event.texts
        targets = [*texts.alternatives, *texts.preset_constants, *texts.needs]
        assert {target.partition(".")[0].removesuffix("[]") for target in targets} <= set(fields)
        for target, field in fields.items():
            if target in ("event_id", "set", "unset", "items", "tags", "filters", "properties"):
                continue
            assert field.is_optional or target in targets, f"{event.metric}: {target}"


def test_orders_of_shopify_as_csv():
    events, report = imported("shopify-orders.csv")
    first, second = events["order.placed"]
    assert first | {"event_id": ""} == {
        "metric": "order.placed",
        "event_id": "",
        "customer_id": "ada@example.com",
        "order_id": "5501",
        "occurred_at": TEN,
        "total": 5391,
        "currency": "EUR",
        "items": [
            {"sku": "LAMP-1", "name": "Lamp", "quantity": 2, "unit_price": 1995},
            {"sku": "VASE-2", "name": "Vase", "quantity": 1, "unit_price": 1301},
        ],
        "coupon_code": "SPRING",
        "country": "DE",
        "tags": ["new", "gift"],
        "email": "ada@example.com",
        "phone": "+493012345678",
    }
    assert second["items"][0] == {"name": "Gift wrapping", "quantity": 1, "unit_price": 300}
    assert told(events["order.fulfilled"], "order_id", "occurred_at") == [("5501", TEN + 23 * HOUR)]
    assert told(events["order.cancelled"], "order_id") == [("5502",)]
    assert told(events["order.refunded"], "order_id", "amount") == [("5502", 2000)]
    assert report.counts.rows == 4
    assert report.counts.warnings == {WarningKind.PHONE: 1, WarningKind.NO_SKU: 1}


def test_orders_of_shopify_as_json():
    events, report = imported("shopify-orders.json")
    first, second = events["order.placed"]
    assert told(
        [first], "customer_id", "order_id", "total", "coupon_code", "country", "locale"
    ) == [("7001", "5501", 5391, "SPRING", "DE", "de-DE")]
    assert first["items"] == [
        {"sku": "LAMP-1", "name": "Lamp - red", "quantity": 2, "unit_price": 1995},
        {"name": "Gift wrapping", "quantity": 1, "unit_price": 300},
    ]
    assert second["customer_id"] == "guest@example.com"
    assert told(events["order.fulfilled"], "order_id", "tracking_url") == [
        ("5501", "https://post.example/1")
    ]
    assert told(events["order.cancelled"], "order_id", "cause") == [("5502", "customer")]
    assert told(events["order.refunded"], "refund_id", "amount", "event_id") == [
        ("801", 1550, "import-order.refunded-5501-801"),
        ("802", 0, "import-order.refunded-5501-802"),
    ]
    assert report.counts.events == 6


def test_customers_of_shopify():
    events, report = imported("shopify-customers.csv", constants=["occurred_at=2026-03-02T09:00"])
    ada, bob, _ = events["customer.updated"]
    assert told(events["customer.updated"], "customer_id", "occurred_at") == [
        ("ada@example.com", TEN),
        ("bob@example.com", TEN),
        ("7003", TEN),
    ]
    assert ada["set"] == {
        "email": "ada@example.com",
        "phone": "+493012345678",
        "first_name": "Ada",
        "last_name": "L.",
        "country": "DE",
        "tags": ["vip", "new"],
        "consent": ["email"],
    }
    assert bob["set"]["consent"] == ["sms"]
    assert bob["set"]["phone"] == "+447700900123"
    assert report.counts.warnings == {WarningKind.TRIMMED_ID: 1, WarningKind.PHONE: 2}
    events, _ = imported("shopify-customers.json")
    ada, bob = events["customer.updated"]
    assert (ada["customer_id"], ada["set"]["consent"]) == ("7001", ["email"])
    assert (bob["customer_id"], bob["set"]["consent"]) == ("7002", [])


def test_orders_of_woocommerce():
    events, report = imported("woocommerce-orders.json")
    assert told(events["order.placed"], "order_id", "customer_id", "total", "coupon_code") == [
        ("897", "12", 2844, "spring"),
        ("898", "guest@example.com", 500, None),
        ("900", "12", 700, None),
    ]
    assert events["order.placed"][0]["items"] == [
        {
            "sku": "LAMP",
            "name": "Lamp",
            "quantity": 3,
            "unit_price": 667,
            "image_url": "https://shop.example/lamp.jpg",
        },
        {"sku": "32", "name": "Vase", "quantity": 1, "unit_price": 844},
    ]
    assert told(events["order.fulfilled"], "order_id", "occurred_at") == [("897", TEN + DAY)]
    assert told(events["order.cancelled"], "order_id") == [("900",)]
    assert told(events["order.refunded"], "order_id", "refund_id", "amount") == [
        ("897", "901", 844)
    ]
    # neither the pending order nor the one that was cancelled before it was paid
    assert report.counts.passed_over == 2
    assert WarningKind.MEANING not in report.counts.warnings  # no column was promised


def test_calls_of_segment():
    events, report = imported("segment.jsonl")
    assert Counter({metric: len(found) for metric, found in events.items()}) == Counter(
        [
            *("order.placed", "order.refunded", "order.cancelled", "checkout.started"),
            *("view.item", "view.list", "search.performed", "wishlist.added", "customer.updated"),
        ]
    )
    [order] = events["order.placed"]
    assert told([order], "event_id", "customer_id", "order_id", "total", "coupon_code") == [
        ("m-1", "u1", "50314", 2750, "SPRING")
    ]
    assert order["items"] == [
        {
            "sku": "45790-32",
            "name": "Game",
            "quantity": 1,
            "unit_price": 1900,
            "category": "Games",
            "url": "https://shop.example/game",
        },
        {"sku": "508", "quantity": 1, "unit_price": 850},
    ]
    assert "properties" not in order
    assert told(events["view.item"], "sku", "unit_price", "category") == [
        ("45790-32", 1899, "Games")
    ]
    assert told(events["checkout.started"], "cart_id", "step", "total") == [("50314", 1, 2750)]
    assert events["customer.updated"][0]["set"] == {
        "email": "ada@example.com",
        "phone": "+14155550100",
        "first_name": "Ada",
        "last_name": "L.",
        "birthday": "1990-06-01",
        "country": "US",
        "timezone": "America/New_York",
        "locale": "en-US",
    }
    # an order without a user, an addition to a cart, a page
    assert report.counts.passed_over == 3


def test_events_of_analytics():
    events, report = imported("ga4.jsonl")
    [order] = events["order.placed"]
    assert told([order], "customer_id", "occurred_at", "order_id", "total", "coupon_code") == [
        ("u1", TEN + HOUR, "T1", 2750, "SPRING")
    ]
    assert order["items"] == [
        {"sku": "A", "name": "Lamp", "quantity": 1, "unit_price": 2500, "category": "Light"},
        {"sku": "B", "name": "Bulb", "quantity": 1, "unit_price": 250},
    ]
    assert told(events["order.refunded"], "order_id", "amount", "currency") == [("T1", 250, "USD")]
    assert told(events["checkout.started"], "cart_id", "total") == [("77", 2500)]
    assert told(events["view.item"], "sku", "unit_price", "url") == [
        ("A", 2500, "https://shop.example/lamp")
    ]
    assert told(events["view.list"], "category") == [("Lights",)]
    assert told(events["search.performed"], "query") == [("lamp",)]
    assert told(events["wishlist.added"], "sku") == [("A",)]
    assert report.counts.passed_over == 2


def test_profiles_of_klaviyo():
    events, _ = imported("klaviyo-profiles.json")
    ada, bob = events["customer.updated"]
    assert (ada["customer_id"], bob["customer_id"]) == ("7001", "01HY")
    assert ada["occurred_at"] == TEN
    assert ada["set"] == {
        "email": "ada@example.com",
        "phone": "+493012345678",
        "first_name": "Ada",
        "last_name": "L.",
        "country": "Germany",
        "timezone": "Europe/Berlin",
        "locale": "de-DE",
        "birthday": "1990-06-01",
        "consent": ["email", "push"],
    }
    assert bob["set"] == {"email": "bob@example.com", "consent": []}
    events, _ = imported("klaviyo-profiles.csv", constants=["occurred_at=2026-03-02"])
    assert told(events["customer.updated"], "customer_id") == [("01HX",)]
    assert events["customer.updated"][0]["set"]["consent"] == ["email"]


def test_options_win_over_a_preset_and_choose_among_its_metrics():
    events, report = imported(
        "segment.jsonl",
        metrics=("order.placed",),
        maps=["customer_id=anonymousId", "order.placed.order_id=properties.total"],
        constants=["country=US"],
    )
    assert set(events) == {"order.placed"}
    [order] = events["order.placed"]
    assert told([order], "event_id", "customer_id", "order_id", "country") == [
        ("m-2", "a1", "5", "US")
    ]
    assert report.counts.passed_over == 11


def test_imported_twice_every_event_has_the_same_id():
    for name in ("shopify-orders.csv", "woocommerce-orders.json", "ga4.jsonl"):
        once, again = imported(name)[0], imported(name)[0]
        assert once == again
