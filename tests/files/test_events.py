"""Events of rows: further in, over several rows, with ids that mend what a table did to them."""

from typing import Any

import pytest

from streams.engine.values import METRICS
from streams.files.events import MappedRows, RowMapper
from streams.files.groups import each_alone, in_groups
from streams.files.mapping_texts import MappingTexts, parse_group_by, parse_mapping
from streams.files.rejected_row import RejectedRow
from streams.files.row_warning import WarningKind
from streams.files.tables import Columns

AT = 1772445600000  # 2026-03-02 10:00 UTC
ORDER = {
    "order_id": "1",
    "customer_id": "ada",
    "occurred_at": "2026-03-02T10:00Z",
    "total": "20.00",
    "currency": "GBP",
}
MAJOR = ["total=total:major"]


def results(
    *rows: dict[str, Any],
    maps: list[str] = MAJOR,
    constants: tuple[str, ...] = (),
    metric: str = "order.placed",
    group_by: str | None = None,
    placeholder_ids: frozenset[str] = frozenset(),
    **options: Any,
) -> list[MappedRows | RejectedRow]:
    """Of a file that names its columns."""
    columns = Columns(tuple(dict.fromkeys(name for row in rows for name in row)), True)
    mapping = parse_mapping(
        metric, MappingTexts(maps, constants), "UTC", columns, METRICS, **options
    )
    numbered = enumerate(rows, start=2)
    if group_by is None:
        groups = each_alone(numbered)
    else:
        groups = in_groups(numbered, parse_group_by(group_by, mapping, columns), "orders.csv")
    mapper = RowMapper([mapping], "orders.csv", placeholder_ids)
    return list(mapper.map_groups(groups))


def event(*rows: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The one event of the rows."""
    [found] = results(*rows, **options)
    assert isinstance(found, MappedRows)
    assert found.rejected is None, found.rejected
    [one] = found.events
    return one


def rejection(*rows: dict[str, Any], **options: Any) -> RejectedRow:
    """The rejection of the last group."""
    found = results(*rows, **options)[-1]
    if isinstance(found, RejectedRow):
        return found
    assert found.rejected is not None
    return found.rejected


def warned(*rows: dict[str, Any], **options: Any) -> list[tuple[WarningKind, str]]:
    found = [one for one in results(*rows, **options) if isinstance(one, MappedRows)]
    assert all(one.rejected is None for one in found)
    return [(warning.kind, warning.reason) for one in found for warning in one.warnings]


TRACK = {
    "messageId": "m-1",
    "userId": "u1",
    "timestamp": "2026-03-02T10:00:00.000Z",
    "properties": {
        "order_id": "50314",
        "revenue": 27.5,
        "currency": "USD",
        "products": [
            {"product_id": "507", "name": "Game", "price": 19, "quantity": 1},
            {"product_id": "508", "price": 4.25, "quantity": 2, "name": None},
        ],
    },
}
TRACK_MAPS = [
    *("event_id=messageId", "customer_id=userId", "occurred_at=timestamp"),
    *("order_id=properties.order_id", "total=properties.revenue:major"),
    *("currency=properties.currency", "items=properties.products:major"),
    "items[].sku=properties.products[].product_id",
    "items[].unit_price=properties.products[].price:major",
]


class TestFurtherIn:
    def test_fields_and_items_of_a_track_call(self):
        found = event(TRACK, maps=TRACK_MAPS)
        assert (found["event_id"], found["customer_id"], found["occurred_at"]) == ("m-1", "u1", AT)
        assert (found["order_id"], found["total"], found["currency"]) == ("50314", 2750, "USD")
        assert found["items"] == [
            {"sku": "507", "name": "Game", "quantity": 1, "unit_price": 1900},
            {"sku": "508", "quantity": 2, "unit_price": 425},
        ]

    def test_the_list_need_not_be_named_apart_and_the_first_price_is_in_its_own_unit(self):
        maps = [entry for entry in TRACK_MAPS if not entry.startswith("items=")]
        assert event(TRACK, maps=maps)["items"][1]["unit_price"] == 425

    def test_an_analytics_export(self):
        row = {
            "event_timestamp": 1772445600000000,
            "user_id": "u1",
            "currency": "USD",
            "ecommerce": {"transaction_id": "T1", "purchase_revenue": 25.0},
            "items": [{"item_id": "A", "item_name": "Lamp", "price": 25.0, "quantity": 1}],
        }
        maps = [
            *("customer_id=user_id", "occurred_at=event_timestamp:us"),
            *("order_id=ecommerce.transaction_id", "total=ecommerce.purchase_revenue:major"),
            *("items[].sku=items[].item_id", "items[].name=items[].item_name"),
            "items[].unit_price=items[].price:major",
        ]
        found = event(row, maps=maps)
        assert (found["occurred_at"], found["order_id"], found["total"]) == (AT, "T1", 2500)
        assert found["items"] == [{"sku": "A", "name": "Lamp", "quantity": 1, "unit_price": 2500}]

    def test_json_in_a_column_of_text(self):
        row = {**ORDER, "basket": '{"lines": [{"code": "A", "n": "2", "each": "10.00"}]}'}
        maps = [
            *MAJOR,
            *("items[].sku=basket.lines[].code", "items[].quantity=basket.lines[].n"),
            "items[].unit_price=basket.lines[].each:major",
        ]
        assert event(row, maps=maps)["items"] == [{"sku": "A", "quantity": 2, "unit_price": 1000}]

    def test_properties_are_text(self):
        row = {**ORDER, "utm": {"source": "news", "n": 3}, "vip": True, "none": None}
        maps = [
            *MAJOR,
            *("properties.source=utm.source", "properties.n=utm.n", "properties.vip=vip"),
            "properties.none=none",
        ]
        found = event(row, maps=maps, constants=("properties.from=import",))
        assert found["properties"] == {"source": "news", "n": "3", "vip": "true", "from": "import"}
        assert "properties" not in event(ORDER)
        row = {**ORDER, "properties": {"n": 3.0, "vip": False, "none": None}}
        assert event(row)["properties"] == {"n": "3", "vip": "false"}
        assert rejection({**ORDER, "properties": {"deep": {}}}).field == "properties"

    def test_a_column_that_no_row_has_is_told_with_the_nearest_and_kept_in_mind(self):
        mapping = parse_mapping(
            "order.placed", MappingTexts(["order_id=orderid", "total=total:major", "country=land"])
        )
        mapper = RowMapper([mapping], "orders.jsonl")
        assert mapper.unseen() == {}  # no row could be read: nothing is known of columns
        [one] = mapper.map_groups(each_alone([(1, ORDER)]))
        assert isinstance(one, MappedRows)
        assert one.rejected is not None
        assert one.rejected.reason == (
            "field 'order_id' is missing, expected text; the row has no column 'orderid' (did you "
            "mean 'order_id'?)"
        )
        assert set(mapper.unseen()) == {"country"}  # the other was told with the row


HEAD = {**ORDER, "Lineitem sku": "A", "Lineitem price": "5.00", "n": "2"}
LINE = {
    **dict.fromkeys(ORDER, ""),
    "order_id": "1",
    "Lineitem sku": "B",
    "Lineitem price": "10.00",
    "n": "1",
}
LINE_MAPS = [
    *MAJOR,
    *("items[].sku=Lineitem sku", "items[].quantity=n"),
    "items[].unit_price=Lineitem price:major",
]


class TestLinesOfAnOrder:
    def grouped(self, *rows, **changes):
        return results(*rows, maps=changes.pop("maps", LINE_MAPS), group_by="order_id", **changes)

    def test_rows_next_to_each_other_are_one_order(self):
        other = {**HEAD, "order_id": "2"}
        first, second = self.grouped(HEAD, LINE, other)
        assert isinstance(first, MappedRows)
        assert isinstance(second, MappedRows)
        assert first.events[0]["items"] == [
            {"sku": "A", "quantity": 2, "unit_price": 500},
            {"sku": "B", "quantity": 1, "unit_price": 1000},
        ]
        assert first.events[0]["total"] == 2000
        assert [number for number, _ in first.group.rows] == [2, 3]
        assert [event["order_id"] for event in second.events] == ["2"]

    def test_without_the_option_the_second_row_says_which_one_is_missing(self):
        found = rejection(HEAD, LINE, maps=LINE_MAPS)
        assert found.row == 3
        assert found.reason == (
            "field 'customer_id' is missing, expected text; the row before it is of the same "
            "order, too: if rows are lines of one order, read them together with --group-by "
            "order_id"
        )

    def test_a_row_alone_is_an_order_of_one_line_and_one_without_an_article_has_none(self):
        assert len(event(HEAD, maps=LINE_MAPS)["items"]) == 1
        bare = {**HEAD, "Lineitem sku": "", "Lineitem price": "", "n": ""}
        assert event(bare, maps=LINE_MAPS)["items"] == []

    def test_a_line_that_comes_back_later_is_rejected_not_taken_for_another_order(self):
        other = {**HEAD, "order_id": "2"}
        found = self.grouped(HEAD, other, LINE)
        [last] = [one for one in found if isinstance(one, RejectedRow)]
        assert len(found) == 3
        assert (last.row, last.reason) == (
            4,
            "the rows of '1' are not next to each other: sort the file and import it again",
        )
        assert last.content == [LINE]

    def test_rows_without_the_value_stay_alone(self):
        blank = {**HEAD, "order_id": ""}
        assert len(self.grouped(blank, blank)) == 2

    @pytest.mark.parametrize(
        ("changes", "field", "says"),
        [
            ({"total": "8.00"}, "total", "expected one amount in all lines, found '8.00' too"),
            ({"customer_id": "bob"}, "customer_id", "expected one value in all lines"),
            ({"currency": "EUR"}, "currency", "expected one value in all lines"),
            ({"n": "x"}, "items[1].quantity", "is 'x', expected a number"),
        ],
    )
    def test_lines_that_contradict_each_other_are_no_order(self, changes, field, says):
        [found] = self.grouped(HEAD, {**LINE, **changes})
        assert isinstance(found, MappedRows)
        assert found.rejected is not None
        assert (found.rejected.row, found.rejected.field) == (2, field)
        assert says in found.rejected.reason
        assert len(found.rejected.content) == 2

    def test_other_differences_are_told_and_the_first_counts(self):
        later = {**LINE, "occurred_at": "2026-03-02T10:01Z"}
        [found] = self.grouped(HEAD, later)
        assert isinstance(found, MappedRows)
        assert found.events[0]["occurred_at"] == AT
        [warning] = found.warnings
        assert warning.kind is WarningKind.LINES_DIFFER

    def test_amounts_of_lines_add_up_where_that_is_said(self):
        maps = ["total=total:major:sum", *LINE_MAPS[1:]]
        [found] = self.grouped(HEAD, {**LINE, "total": "0.505"}, maps=maps)
        assert isinstance(found, MappedRows)
        assert found.events[0]["total"] == 2050
        assert [warning.kind for warning in found.warnings] == [WarningKind.ROUNDED]

    def test_lists_in_several_rows_are_put_together(self):
        items = '[{"sku": "A", "quantity": 1, "unit_price": 500}]'
        more = '[{"sku": "B", "quantity": 1, "unit_price": 700}]'
        rows = [{**ORDER, "items": items}, {**ORDER, "items": more}, {**ORDER, "items": ""}]
        [found] = self.grouped(*rows, maps=MAJOR)
        assert isinstance(found, MappedRows)
        assert [item["sku"] for item in found.events[0]["items"]] == ["A", "B"]

    def test_the_key_is_a_column_or_a_field(self):
        rows = [{"Name": "#1", **HEAD}, {"Name": "#1", **LINE}]
        for rest in rows:
            del rest["order_id"]
        maps = ["order_id=Name", *LINE_MAPS]
        for group_by in ("Name", "order_id"):
            assert event(*rows, maps=maps, group_by=group_by)["order_id"] == "#1"


class TestItems:
    def of(self, *lines, **row):
        return event({**ORDER, "items": list(lines), **row}, maps=[*MAJOR, "items=items:major"])

    def test_three_for_twenty(self):
        found = self.of({"sku": "A", "quantity": 3, "unit_price": 6.666666666666667})
        assert found["items"] == [{"sku": "A", "quantity": 3, "unit_price": 667}]

    def test_a_net_price_with_six_decimals(self):
        found = self.of({"sku": "A", "quantity": 1, "unit_price": "5.504587"})
        assert found["items"][0]["unit_price"] == 550

    def test_gift_wrapping_counts_without_a_sku_and_is_told(self):
        line = {"sku": None, "name": "Gift wrapping", "quantity": 1, "unit_price": "3.00"}
        assert self.of(line)["items"] == [
            {"name": "Gift wrapping", "quantity": 1, "unit_price": 300}
        ]
        row = {**ORDER, "items": [{**line, "sku": " "}]}
        assert warned(row, maps=[*MAJOR, "items=items:major"]) == [
            (WarningKind.NO_SKU, "field 'items[0].sku' is missing")
        ]

    def test_what_an_item_needs_is_named_with_its_place(self):
        row = {**ORDER, "items": [{"sku": "A", "quantity": 1}]}
        assert rejection(row).field == "items[0].unit_price"


class TestDecimalComma:
    @pytest.mark.parametrize(
        ("written", "minor"),
        [
            ("12,50", 1250),
            ("12", 1200),
            ("-0,01", -1),
            ("1.234,50", 123450),
            ("1.234.567", 123456700),
            (12.5, 1250),
            ("", None),
        ],
    )
    def test_amounts(self, written, minor):
        row = {**ORDER, "amount": written}
        maps = ["amount=amount:major"]
        found = event(row, metric="order.cancelled", maps=maps, has_decimal_comma=True)
        expected = None if minor is None else abs(minor)  # what is taken off is never negative
        assert found.get("amount") == expected

    @pytest.mark.parametrize(
        ("written", "says"),
        [
            ("1.250", "(12,50); it may mean 1250 or 1,250"),
            ("12.50", "an amount in major units (12,50)"),
            ("1.23,50", "an amount in major units (12,50)"),
            ("1,234.50", "an amount in major units (12,50)"),
        ],
    )
    def test_what_is_not_clear_is_rejected(self, written, says):
        found = rejection({**ORDER, "total": written}, has_decimal_comma=True)
        assert found.reason.endswith(says)

    def test_numbers_of_a_profile_too(self):
        row = {"customer_id": "ada", "occurred_at": AT, "visits": "2,5"}
        found = event(
            row,
            metric="customer.updated",
            maps=["set.visits=visits:number"],
            has_decimal_comma=True,
        )
        assert found["set"] == {"visits": 2.5}


class TestNothing:
    @pytest.mark.parametrize("nothing", [None, "", " ", float("nan")])
    def test_of_text(self, nothing):
        assert "country" not in event({**ORDER, "country": nothing})

    @pytest.mark.parametrize("nothing", [None, float("nan"), "NaN", "nan", "NaT", " "])
    def test_of_moments_and_numbers(self, nothing):
        assert "expected_delivery" not in event({**ORDER, "expected_delivery": nothing})
        assert rejection({**ORDER, "total": nothing}).reason == (
            "field 'total' is missing, expected money"
        )

    def test_a_text_nan_is_a_text(self):
        assert event({**ORDER, "country": "nan"})["country"] == "nan"


class TestMoments:
    @pytest.mark.parametrize(
        ("how", "value"),
        [
            (":us", 1772445600000000),
            (":us", "1772445600000999"),
            (":s", "1772445600"),
            (":ms", AT),
        ],
    )
    def test_units(self, how, value):
        found = event({**ORDER, "at": value}, maps=[*MAJOR, f"occurred_at=at{how}"])
        assert found["occurred_at"] == AT

    @pytest.mark.parametrize(
        ("value", "says"),
        [
            ("20260302101500", "for a written time map it with ':%Y%m%d%H%M%S'"),
            (20260302101500, "for a written time map it with ':%Y%m%d%H%M%S'"),
            (1772445600000000, "for microseconds map it with ':us'"),
            (1772445600, "for seconds map it with ':s'"),
        ],
    )
    def test_d5_a_number_that_is_no_milliseconds_names_the_way_to_read_it(self, value, says):
        assert rejection({**ORDER, "occurred_at": value}).reason.endswith(says)


class TestIds:
    @pytest.mark.parametrize(
        ("written", "read", "kind"),
        [
            (" ada ", "ada", WarningKind.TRIMMED_ID),
            ("'7001", "7001", WarningKind.TRIMMED_ID),
            ("o'7", "o'7", None),
            ("17850.0", "17850", WarningKind.DECIMAL_ID),
            (17850.0, "17850", WarningKind.DECIMAL_ID),
            ("0017", "0017", None),
            ("1.5", "1.5", None),
            (17850, "17850", None),
        ],
    )
    def test_of_customers_and_orders(self, written, read, kind):
        for name in ("customer_id", "order_id"):
            row = {**ORDER, name: written}
            assert event(row)[name] == read
            assert [found for found, _ in warned(row)] == ([] if kind is None else [kind])

    def test_a_mended_id_is_told(self):
        assert warned({**ORDER, "customer_id": "17850.0"}) == [
            (WarningKind.DECIMAL_ID, "field 'customer_id' is '17850.0', read as '17850'")
        ]

    def test_of_several_columns_one_that_names_nobody_gives_way(self):
        texts = MappingTexts(alternatives={"customer_id": ["customer_id", "billing.email"]})
        mapping = parse_mapping("order.cancelled", texts)
        guest = {"order_id": 1, "occurred_at": AT, "customer_id": 0}
        mapper = RowMapper([mapping], "orders.json", frozenset({"0"}))
        with_email = {**guest, "billing": {"email": "a@example.com"}}
        first, second = mapper.map_groups(each_alone([(1, with_email), (2, guest)]))
        assert isinstance(first, MappedRows)
        assert first.events[0]["customer_id"] == "a@example.com"
        assert isinstance(second, MappedRows)
        assert second.events[0]["customer_id"] == "0"  # for the decoder to refuse by name


class TestEventIds:
    def of(self, metric="order.placed", **changes):
        row = {**ORDER, "amount": "5.00", **changes}
        maps = [] if metric == "order.fulfilled" else MAJOR
        if metric in ("order.cancelled", "order.refunded"):
            maps = ["amount=amount:major"]
        return event(row, metric=metric, maps=maps)["event_id"]

    def test_an_order_told_again_is_the_same_event_and_a_corrected_one_is_another_of_it(self):
        first = self.of()
        assert first == self.of()
        assert first.startswith("import-order.placed-1-")
        corrected = self.of(total="19.00")
        assert corrected != first
        assert corrected.startswith("import-order.placed-1-")

    def test_what_happens_to_an_order_once_has_one_id_whatever_a_corrected_file_says(self):
        assert self.of("order.fulfilled") == "import-order.fulfilled-1"
        assert self.of("order.fulfilled", occurred_at=AT + 5) == "import-order.fulfilled-1"
        assert self.of("order.cancelled", amount="") == "import-order.cancelled-1"

    def test_refunds_of_one_order_are_told_apart(self):
        assert self.of("order.refunded") != self.of("order.refunded", amount="6.00")
        by_its_id = self.of("order.refunded", refund_id="R1")
        assert by_its_id == "import-order.refunded-1-R1"
        assert by_its_id == self.of("order.refunded", refund_id="R1", amount="6.00")

    def test_a_negative_refund_is_one_all_the_same_and_is_told(self):
        row = {**ORDER, "amount": "-5.00"}
        options: Any = {"metric": "order.refunded", "maps": ["amount=amount:major"]}
        assert event(row, **options)["amount"] == 500
        assert [kind for kind, _ in warned(row, **options)] == [WarningKind.NEGATIVE]


class TestPeople:
    def patch(self, **row):
        maps = [
            *("set.consent.email=mail ok", "set.consent.sms=sms ok"),
            *("set.phone=phone", "set.email=email"),
        ]
        row = {"customer_id": "ada", "occurred_at": AT, **row}
        rows = {"mail ok": None, "sms ok": None, "phone": None, "email": None, **row}
        return {"metric": "customer.updated", "maps": maps}, rows

    @pytest.mark.parametrize(
        ("mail", "sms", "consent"),
        [
            ("yes", "no", ["email"]),
            ("SUBSCRIBED", "Subscribed", ["email", "sms"]),
            (True, False, ["email"]),
            ("not_subscribed", "1", ["sms"]),
            (1.0, 0, ["email"]),
            ("opt-in", "Never Subscribed", ["email"]),
            ("no", None, []),
        ],
    )
    def test_columns_about_one_channel_make_the_consent(self, mail, sms, consent):
        options, row = self.patch(**{"mail ok": mail, "sms ok": sms})
        assert event(row, **options)["set"] == {"consent": consent}

    def test_columns_that_say_nothing_take_no_consent_away(self):
        options, row = self.patch(email="ada@example.com")
        assert event(row, **options)["set"] == {"email": "ada@example.com"}

    def test_rule_8_4_a_word_that_is_neither_leaves_the_consent_as_it_is(self):
        options, row = self.patch(**{"mail ok": "yes", "sms ok": "perhaps", "email": "a@b.c"})
        [mapped] = results(row, **options)
        assert isinstance(mapped, MappedRows)
        assert mapped.rejected is None
        assert mapped.events[0]["set"] == {"email": "a@b.c"}
        assert mapped.left_out == {
            "set.consent.sms": "field 'set.consent.sms' is 'perhaps', expected yes or no, "
            "subscribed or unsubscribed"
        }

    @pytest.mark.parametrize(
        ("written", "read", "is_told"),
        [
            ("'+447700900123", "+447700900123", True),
            ("447700900123.0", "447700900123", True),
            (447700900123.0, "447700900123", True),
            (447700900123, "447700900123", False),
            ("+44 7700 900123", "+44 7700 900123", False),
            ("4.47701E+11", "4.47701E+11", False),  # for the decoder to doubt
        ],
    )
    def test_telephone_numbers_of_spreadsheets(self, written, read, is_told):
        options, row = self.patch(phone=written)
        assert event(row, **options)["set"]["phone"] == read
        kinds = [kind for kind, _ in warned(row, **options)]
        assert kinds == ([WarningKind.PHONE] if is_told else [])


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        (["items[].skuu=a"], "unknown field of an item 'skuu': did you mean 'sku'?"),
        (["items[].sku=nowhere"], "unknown column 'nowhere'"),
        (["items[].sku=total:major"], "unknown way to read text 'major'"),
        (["total=a..b"], "expected FIELD=COLUMN or FIELD=COLUMN:HOW; a name with a colon"),
        (["total=total.deeper", "total=total"], "duplicate field 'total'"),
    ],
)
def test_a_wrong_reference_is_refused(maps, says):
    with pytest.raises(Exception, match=r".") as refused:
        event(ORDER, maps=maps)
    assert says in str(refused.value)


def test_a_metric_without_items_has_none_to_map():
    with pytest.raises(Exception, match=r"view.list has no items"):
        event(ORDER, maps=["items[].sku=order_id"], metric="view.list")


def test_a_key_that_is_no_column_is_refused():
    with pytest.raises(Exception, match="--group-by: unknown column 'oder_id': did you mean"):
        results(ORDER, group_by="oder_id")
