"""Mappings: what they accept, what they refuse beforehand, what they refuse row by row."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from streams.demo.retail import DATA
from streams.engine.values.event import Field, FieldType, Metric
from streams.errors import Refused
from streams.files.events import RowMapper
from streams.files.groups import each_alone
from streams.files.mapping import EventMapping
from streams.files.mapping_texts import MappingTexts, parse_mapping
from streams.files.rejected_row import RejectedRow
from streams.files.row_warning import RowWarning
from streams.files.tables import Columns, columns_of, read_rows

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


def mapped(mapping: EventMapping, rows, file="orders.csv") -> list:
    """An event or a RejectedRow for each row."""
    results: list = []
    for one in RowMapper([mapping], file).map_groups(each_alone(rows)):
        if isinstance(one, RejectedRow):
            results.append(one)
        else:
            results += [one.rejected] if one.rejected else one.events
    return results


def _one(maps=_MAPS, constants=("currency=GBP",), row=_ROW, metric="order.placed", zone="UTC"):
    mapping = parse_mapping(metric, MappingTexts(maps, constants), zone)
    [result] = mapped(mapping, [(2, row)])
    return result


def _warnings(maps=_MAPS, row=_ROW, currency="GBP") -> list[RowWarning]:
    mapping = parse_mapping("order.placed", MappingTexts(maps, [f"currency={currency}"]))
    [one] = RowMapper([mapping], "orders.csv").map_groups(each_alone([(2, row)]))
    assert not isinstance(one, RejectedRow)
    assert one.rejected is None
    return one.warnings


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
        (":major", 9999999999.99, 999999999999),
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
    ("currency", "amount", "minor", "says"),
    [
        ("GBP", "12.505", 1250, "rounded to 12.50: GBP has 2 decimals"),
        ("GBP", "12.515", 1252, "rounded to 12.52: GBP has 2 decimals"),
        ("GBP", 2.675, 268, "rounded to 2.68: GBP has 2 decimals"),
        ("GBP", 6.666666666666667, 667, "rounded to 6.67: GBP has 2 decimals"),
        ("GBP", Decimal("12.341"), 1234, "rounded to 12.34: GBP has 2 decimals"),
        ("KWD", "12.5051", 12505, "rounded to 12.505: KWD has 3 decimals"),
        ("JPY", "12.5", 12, "rounded to 12: JPY has no decimals"),
        ("GBP", 14.309999999999999, 1431, None),  # the noise of a float
        ("GBP", "12.5000", 1250, None),
    ],
)
def test_an_amount_that_is_finer_than_its_currency_is_rounded_half_to_even_and_said(
    currency, amount, minor, says
):
    row = {**_ROW, "amount": amount, "basket": "[]"}
    assert _one(constants=[f"currency={currency}"], row=row)["total"] == minor
    warnings = [str(warning) for warning in _warnings(row=row, currency=currency)]
    found = f"orders.csv, row 2: field 'total' is {amount!r}, {says}"
    assert warnings == ([] if says is None else [found])


def test_so_is_the_price_of_an_item_and_an_amount_that_names_no_currency():
    row = {**_ROW, "basket": '[{"sku": "A", "quantity": 2, "unit_price": 6.255}]'}
    assert _one(row=row)["items"][0]["unit_price"] == 626
    assert [str(warning) for warning in _warnings(row=row)] == [
        "orders.csv, row 2: field 'items[0].unit_price' is 6.255, rounded to 6.26: GBP has 2 "
        "decimals"
    ]
    maps = [*_MAPS[:3], "amount=amount:major"]
    assert _one(maps, [], {**_ROW, "amount": "1.234"}, "order.cancelled")["amount"] == 123


@pytest.mark.parametrize(
    ("how", "value", "says"),
    [
        (":major", "12,50", "major units"),
        (":major", "1,250.00", "major units"),
        (":major", "1e3", "major units"),
        (":major", "1_000", "major units"),
        (":major", "£12", "major units"),
        (":major", "12,50", "; if its comma is a decimal comma: --decimal-comma"),
        (":major", float("nan"), "is missing"),
        (":major", "NaN", "is missing"),
        (":major", True, "major units"),
        ("", "12.50", "minor units as an integer"),
        ("", 12.5, "minor units as an integer"),
        ("", 10**12 + 1, "at most 1000000000000 minor units"),
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
        "orders.csv, row 2: field 'total' is '12,50', expected an amount in major units (12.50); "
        "if its comma is a decimal comma: --decimal-comma"
    )


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
            "'total': unknown way to read money 'pounds' (allowed: major, major:sum, minor, min",
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
        parse_mapping(metric, MappingTexts(maps, constants), zone, Columns(tuple(_ROW), True))
    assert says in str(refused.value)


def test_every_mistake_of_a_mapping_is_named_at_once():
    texts = MappingTexts(["qery=words", "results=hits"])
    with pytest.raises(Refused) as refused:
        parse_mapping("search.performed", texts, "UTC", Columns(("words",), True))
    lines = str(refused.value).splitlines()
    assert [line.split(":")[0].split(" (")[0].split(" of ")[0] for line in lines] == [
        "unknown field 'qery'",
        "unknown column 'hits'",
        "no column for field 'customer_id'",
        "no column for field 'occurred_at'",
        "no column for field 'query'",
    ]  # of `results`, only the column is wrong


def test_the_demo_data_can_be_imported_by_hand():
    """Lines of the Online Retail data as views: a stand-in for a shop's own export."""
    maps = [
        "sku=stock_code",
        "name=description",
        "occurred_at=invoice_date",
        "unit_price=unit_price:major",
    ]
    texts = MappingTexts(maps, ["currency=GBP"])
    mapping = parse_mapping("view.item", texts, "Europe/London", columns_of(DATA))
    rows = (row for _, row in zip(range(3_000), read_rows(DATA), strict=False))
    results = mapped(mapping, rows, DATA.name)
    events = [event for event in results if isinstance(event, dict)]
    assert events[0]["unit_price"] == 255
    assert events[0]["occurred_at"] == 1291191960000
    rejected = [result.field for result in results if isinstance(result, RejectedRow)]
    assert rejected == ["customer_id"] * (3_000 - len(events))
    assert rejected


def test_a_metric_of_the_shops_own_is_read_by_its_definition():
    fields = {"score": Field(FieldType.NUMBER, True), "answers": Field(FieldType.TEXTS, True)}
    known = {"survey.answered": Metric("events", fields)}
    maps = ["customer_id=customer", "occurred_at=day", "score=mark", "answers=labels:split"]
    mapping = parse_mapping("survey.answered", MappingTexts(maps), "UTC", None, known)
    rows = [(2, {**_ROW, "mark": "9"}), (3, {**_ROW, "mark": "nine"})]
    event, refused = mapped(mapping, rows)
    assert isinstance(event, dict)
    assert event["score"] == 9
    assert event["answers"] == ["gift", "new"]
    assert isinstance(refused, RejectedRow)
    assert refused.field == "score"
    with pytest.raises(Refused, match=r"unknown metric 'survey.answred': did you mean"):
        parse_mapping("survey.answred", MappingTexts(maps), "UTC", None, known)


def test_what_workers_tell_each_other_is_not_imported():
    with pytest.raises(Refused, match=r"import product\.updated"):
        parse_mapping("product.price_dropped", MappingTexts(["sku=invoice"]))
