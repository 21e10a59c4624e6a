"""Mappings: what they accept, what they refuse beforehand, what they refuse row by row."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from streams.demo.retail import DATA
from streams.engine.values.event import Field, FieldType, Metric
from streams.errors import Refused
from streams.files.mapping import ImportCounts, map_rows, parse_mapping
from streams.files.rejected_row import RejectedRow
from streams.files.tables import Row, columns_of, read_rows

_ROW = {
    "invoice": "0017",
    "customer": "c1",
    "day": "2026-03-02T10:00:00Z",
    "amount": "12.50",
    "basket": '[{"sku": "A", "quantity": 2, "unit_price": 6.25}]',
    "labels": "gift, new",
}
_MAPS = [
    "order_id=invoice",
    "customer_id=customer",
    "occurred_at=day",
    "total=amount:major",
    "items=basket:major",
    "tags=labels:split",
]


def _one(maps=_MAPS, constants=("currency=GBP",), row=_ROW, metric="order.placed", zone="UTC"):
    mapping = parse_mapping(metric, maps, constants, zone)
    [result] = map_rows(mapping, "orders.csv", [(2, row)], ImportCounts())
    return result


def _replaced(target: str, text: str) -> list[str]:
    return [text if entry.startswith(f"{target}=") else entry for entry in _MAPS]


def test_a_row_becomes_an_event():
    event = _one()
    event_id = event.pop("event_id")
    assert event == {
        "metric": "order.placed",
        "customer_id": "c1",
        "occurred_at": 1772445600000,
        "order_id": "0017",
        "total": 1250,
        "currency": "GBP",
        "items": [{"sku": "A", "quantity": 2, "unit_price": 625}],
        "tags": ["gift", "new"],
    }
    assert event_id.startswith("import-")


def test_the_event_id_depends_on_the_content_alone():
    assert _one()["event_id"] == _one()["event_id"]
    assert _one()["event_id"] != _one(row={**_ROW, "amount": "12.51"})["event_id"]
    assert _one([*_MAPS, "event_id=invoice"])["event_id"] == "0017"


def test_fields_of_the_columns_names_need_no_mapping():
    row = {"customer_id": "c1", "occurred_at": 1772445600000, "query": "lamp", "results": 3}
    event = _one([], [], row, "search.performed")
    assert (event["query"], event["results"], event["filters"]) == ("lamp", 3, {})


def test_single_keys_of_a_map():
    maps = [
        "customer_id=customer",
        "occurred_at=day",
        "set.email=mail",
        "set.consent=channels:split",
        "set.visits=visits:number",
    ]
    row = {**_ROW, "mail": "a@example.com", "channels": "email,sms", "visits": "3", "set": None}
    event = _one(maps, ["set.locale=en"], row, "customer.updated")
    assert event["set"] == {
        "email": "a@example.com",
        "consent": ["email", "sms"],
        "visits": 3,
        "locale": "en",
    }
    assert event["unset"] == []
    assert "email" not in _one(maps, [], {**row, "mail": ""}, "customer.updated")["set"]


@pytest.mark.parametrize(
    ("how", "value", "minor"),
    [
        (":major", "12.50", 1250),
        (":major", "12", 1200),
        (":major", "-0.01", -1),
        (":major", 12.5, 1250),
        (":major", "12.5000", 1250),
        (":major", 0.1 + 0.2, 30),  # 0.30000000000000004
        (":major", 9999999999999.99, 999999999999999),
        (":major", Decimal("12.340"), 1234),
        (":major", 3, 300),
        ("", "1250", 1250),
        ("", 1250, 1250),
        ("", 1250.0, 1250),
        (":minor", "1250", 1250),
    ],
)
def test_money(how, value, minor):
    event = _one(_replaced("total", f"total=amount{how}"), row={**_ROW, "amount": value})
    assert event["total"] == minor


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("GBP", "12.50", 1250), ("JPY", "12.00", 12), ("KWD", "12.505", 12505)],
)
def test_minor_units_are_those_of_the_currency(currency, amount, minor):
    row = {**_ROW, "amount": amount, "basket": "[]"}
    assert _one(constants=[f"currency={currency}"], row=row)["total"] == minor


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("GBP", "12.505", "at most 2 decimals, as GBP has"),
        ("GBP", 2.675, "at most 2 decimals, as GBP has"),
        ("GBP", Decimal("12.341"), "at most 2 decimals, as GBP has"),
        ("KWD", "12.5051", "at most 3 decimals, as KWD has"),
        ("JPY", "12.5", "no decimals: JPY has none"),
    ],
)
def test_an_amount_that_is_finer_than_its_currency_is_refused(currency, amount, expected):
    row = {**_ROW, "amount": amount, "basket": "[]"}
    rejected = _one(constants=[f"currency={currency}"], row=row)
    assert isinstance(rejected, RejectedRow)
    assert rejected.reason == f"field 'total' is {amount!r}, expected {expected}"


def test_so_is_the_price_of_an_item_and_an_amount_that_names_no_currency():
    basket = '[{"sku": "A", "quantity": 2, "unit_price": 6.255}]'
    rejected = _one(row={**_ROW, "basket": basket})
    assert str(rejected) == (
        "orders.csv, row 2: field 'items[0].unit_price' is 6.255, expected at most 2 decimals, as "
        "GBP has"
    )
    maps = [*_MAPS[:3], "amount=amount:major"]
    rejected = _one(maps, [], {**_ROW, "amount": "1.234"}, "order.cancelled")
    assert isinstance(rejected, RejectedRow)
    assert rejected.reason.endswith("expected at most 2 decimals, as most currencies have")


@pytest.mark.parametrize(
    ("how", "value", "says"),
    [
        (":major", "12,50", "major units"),
        (":major", "1,250.00", "major units"),
        (":major", "1e3", "major units"),
        (":major", "1_000", "major units"),
        (":major", "£12", "major units"),
        (":major", float("nan"), "major units"),
        (":major", True, "major units"),
        ("", "12.50", "minor units as an integer"),
        ("", 12.5, "minor units as an integer"),
        ("", 2**63, "below"),
        ("", "", "money"),
        ("", None, "money"),
    ],
)
def test_what_is_no_money(how, value, says):
    rejected = _one(_replaced("total", f"total=amount{how}"), row={**_ROW, "amount": value})
    assert isinstance(rejected, RejectedRow)
    assert rejected.field == "total"
    assert says in rejected.reason


_TEN = 1772445600000  # 2026-03-02 10:00 UTC


@pytest.mark.parametrize(
    ("how", "value", "zone", "moment"),
    [
        ("", "2026-03-02T10:00:00Z", "Asia/Tokyo", _TEN),
        ("", "2026-03-02 10:00", "UTC", _TEN),
        ("", "2026-03-02 19:00", "Asia/Tokyo", _TEN),
        ("", "2026-03-02 11:00:00.5+01:00", "UTC", _TEN + 500),
        ("", "2026-03-02", "UTC", _TEN - 10 * 3_600_000),
        ("", _TEN, "UTC", _TEN),
        ("", str(_TEN), "UTC", _TEN),
        (":ms", 1000, "UTC", 1000),
        (":s", "1772445600", "UTC", _TEN),
        (":s", 1772445600.25, "UTC", _TEN + 250),
        (":%d/%m/%Y %H:%M", "02/03/2026 10:00", "UTC", _TEN),
        ("", datetime(2026, 3, 2, 10, tzinfo=UTC), "Asia/Tokyo", _TEN),
        ("", datetime(2026, 3, 2, 19), "Asia/Tokyo", _TEN),  # noqa: DTZ001
        ("", "2026-07-02 10:00", "Europe/London", 1782982800000),  # 09:00 UTC in summer
        ("", "2026-10-25 01:30", "Europe/London", 1792888200000),  # comes twice: the first
    ],
)
def test_moments(how, value, zone, moment):
    maps = _replaced("occurred_at", f"occurred_at=day{how}")
    assert _one(maps, row={**_ROW, "day": value}, zone=zone)["occurred_at"] == moment


@pytest.mark.parametrize(
    ("how", "value", "says"),
    [
        ("", "2.3.2026", "2026-03-02T10:00"),
        ("", 1772445600, "':s'"),  # seconds taken for milliseconds would be 1970
        ("", 1772445600.5, "whole milliseconds"),
        ("", True, "a time"),
        (":%d/%m/%Y", "2026-03-02", "%d/%m/%Y"),
    ],
)
def test_what_is_no_moment(how, value, says):
    rejected = _one(_replaced("occurred_at", f"occurred_at=day{how}"), row={**_ROW, "day": value})
    assert isinstance(rejected, RejectedRow)
    assert rejected.field == "occurred_at"
    assert says in rejected.reason


def test_ids_of_numbers_are_their_text_and_leading_noughts_stay():
    assert _one(row={**_ROW, "customer": 17850})["customer_id"] == "17850"
    assert _one(row={**_ROW, "customer": 17850.0})["customer_id"] == "17850"
    assert _one(row={**_ROW, "customer": "0017850"})["customer_id"] == "0017850"
    assert isinstance(_one(row={**_ROW, "customer": 17850.5}), RejectedRow)


@pytest.mark.parametrize(
    ("basket", "field", "found"),
    [
        ('[{"sku": "A", "quantity": 1, "unit_price": "x"}]', "items[0].unit_price", "'x'"),
        (
            '[{"sku": "A", "quantity": 1, "unit_price": 1}, {"sku": "B"}]',
            "items[1].quantity",
            "missing",
        ),
        ('{"sku": "A"}', "items", "{'sku': 'A'}"),
        ("A, B", "items", "'A, B'"),
        ("[1]", "items[0]", "1"),
    ],
)
def test_a_refusal_names_the_place_inside_the_items(basket, field, found):
    rejected = _one(row={**_ROW, "basket": basket})
    assert isinstance(rejected, RejectedRow)
    assert (rejected.file, rejected.row, rejected.field) == ("orders.csv", 2, field)
    assert rejected.reason.startswith(f"field {field!r} is {found}, expected ")


def test_a_refusal_reads_as_a_sentence():
    rejected = _one(row={**_ROW, "amount": "12,50"})
    assert str(rejected) == (
        "orders.csv, row 2: field 'total' is '12,50', expected an amount in major units (12.50)"
    )


def test_counts():
    mapping = parse_mapping("order.placed", _MAPS, ["currency=GBP"])
    counts = ImportCounts()
    unread = RejectedRow("orders.csv", 4, None, "3 values, expected 2 as in the header")
    rows: list[Row | RejectedRow] = [
        (2, _ROW),
        (3, {**_ROW, "amount": "x"}),
        unread,
        (5, {**_ROW, "customer": " "}),
    ]
    results = list(map_rows(mapping, "orders.csv", rows, counts))
    assert [isinstance(result, RejectedRow) for result in results] == [False, True, True, True]
    assert (counts.rows, counts.events, counts.rejected) == (4, 1, 3)
    assert counts.rejected_by_field == {"total": 1, "": 1, "customer_id": 1}


@pytest.mark.parametrize(
    ("metric", "maps", "constants", "zone", "says"),
    [
        (
            "order.place",
            [],
            [],
            "UTC",
            "unknown metric 'order.place': did you mean 'order.placed'?",
        ),
        (
            "order.placed",
            ["orderid=invoice"],
            [],
            "UTC",
            "unknown field 'orderid': did you mean 'order_id'?",
        ),
        (
            "order.placed",
            ["order_id=invoce"],
            [],
            "UTC",
            "unknown column 'invoce': did you mean 'invoice'?",
        ),
        ("order.placed", ["order_id"], [], "UTC", "--map 'order_id': expected FIELD=COLUMN"),
        ("order.placed", [], ["currency"], "UTC", "--set 'currency': expected FIELD=VALUE"),
        (
            "order.placed",
            ["total=amount:pounds"],
            [],
            "UTC",
            "'total': unknown way to read money 'pounds' (allowed: major, minor)",
        ),
        (
            "order.placed",
            ["order_id=invoice:major"],
            [],
            "UTC",
            "unknown way to read text 'major'; none are defined",
        ),
        ("order.placed", ["total.net=amount"], [], "UTC", "has no keys"),
        ("order.placed", ["total=amount", "total=invoice"], [], "UTC", "duplicate field 'total'"),
        ("order.placed", ["total=amount"], ["total=1"], "UTC", "duplicate field 'total'"),
        ("order.placed", [], [], "UTC", "no column for field 'order_id' of order.placed"),
        ("order.placed", [], [], "Europe/Londn", "--zone is 'Europe/Londn', expected a time zone"),
    ],
)
def test_a_wrong_mapping_is_refused(metric, maps, constants, zone, says):
    with pytest.raises(Refused) as refused:
        parse_mapping(metric, maps, constants, zone, list(_ROW))
    assert says in str(refused.value)


def test_every_mistake_of_a_mapping_is_named_at_once():
    with pytest.raises(Refused) as refused:
        parse_mapping("search.performed", ["qery=words", "results=hits"], [], "UTC", ["words"])
    lines = str(refused.value).splitlines()
    assert [line.split(":")[0].split(" (")[0].split(" of ")[0] for line in lines] == [
        "unknown field 'qery'",
        "unknown column 'hits'",
        "no column for field 'customer_id'",
        "no column for field 'occurred_at'",
        "no column for field 'query'",
        "no column for field 'results'",
    ]


def test_the_demo_data_can_be_imported_by_hand():
    """Lines of the Online Retail data as views: a stand-in for a shop's own export."""
    columns = columns_of(DATA)
    assert columns is not None
    mapping = parse_mapping(
        "view.item",
        [
            "sku=stock_code",
            "name=description",
            "occurred_at=invoice_date",
            "unit_price=unit_price:major",
        ],
        ["currency=GBP"],
        "Europe/London",
        columns.names,
    )
    counts = ImportCounts()
    rows = (row for _, row in zip(range(3_000), read_rows(DATA), strict=False))
    events = [
        event for event in map_rows(mapping, DATA.name, rows, counts) if isinstance(event, dict)
    ]
    assert events[0]["unit_price"] == 255
    assert events[0]["occurred_at"] == 1291191960000
    assert counts.events == len(events)
    assert counts.rejected_by_field == {"customer_id": 3_000 - len(events)}
    assert counts.rejected > 0


def test_a_metric_of_the_shops_own_is_read_by_its_definition():
    fields = {"score": Field(FieldType.NUMBER, True), "answers": Field(FieldType.TEXTS, True)}
    known = {"survey.answered": Metric("events", fields)}
    maps = ["customer_id=customer", "occurred_at=day", "score=mark", "answers=labels:split"]
    mapping = parse_mapping("survey.answered", maps, (), "UTC", None, known)
    rows = [(2, {**_ROW, "mark": "9"}), (3, {**_ROW, "mark": "nine"})]
    event, refused = map_rows(mapping, "surveys.csv", rows, ImportCounts())
    assert isinstance(event, dict)
    assert event["score"] == 9
    assert event["answers"] == ["gift", "new"]
    assert isinstance(refused, RejectedRow)
    assert refused.field == "score"
    with pytest.raises(Refused, match=r"unknown metric 'survey.answred': did you mean"):
        parse_mapping("survey.answred", maps, (), "UTC", None, known)


def test_what_workers_tell_each_other_is_not_imported():
    with pytest.raises(Refused, match=r"import product\.updated"):
        parse_mapping("product.price_dropped", ["sku=invoice"])
