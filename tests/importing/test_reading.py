"""Files into records: what shops and their tools write, end to end up to the topics."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from streams.contracts.wire import decode_any
from streams.errors import Refused
from streams.files.file_form import FileForm
from streams.files.rejected_row import RejectedRow
from streams.files.row_warning import RowWarning, WarningKind
from streams.importing.reading import (
    ALL_TIMES,
    ImportReport,
    Judging,
    MappingOptions,
    file_as,
    read_events,
    refused_lines,
)

HEAD = "order_id,customer_id,occurred_at,total,currency,country\n"
LINE = "1,Zoë,2026-03-02,10.50,EUR,DE\n"
MAJOR = ["total=total:major"]


class Import:
    """One import, and what it told."""

    def __init__(self, *files: Path, metric: str = "order.placed", **options: Any) -> None:
        self.rejected: list[RejectedRow] = []
        self.lines: list[bytes] = []
        self.warnings: list[RowWarning] = []
        report = ImportReport(self._reject, self.warnings.append)
        self.counts = report.counts
        judging = options.pop("judging", ALL_TIMES)
        given = MappingOptions(**{"maps": MAJOR, **options})
        sources = [file_as(file, metric, given) for file in files]
        found = list(read_events(sources, report, judging))
        self.events = [one.event for one in found]
        self.values = [decode_any(one.record.value)[1] for one in found]

    def _reject(self, rejected: RejectedRow, metric: str) -> None:
        self.rejected.append(rejected)
        self.lines += refused_lines(rejected, metric)


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _orders(folder: Path, *rows: dict[str, Any]) -> Path:
    return _file(folder, "orders.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


ORDER = {
    "order_id": "1",
    "customer_id": "7",
    "occurred_at": "2026-03-02T10:00:00Z",
    "total": "20.00",
    "currency": "GBP",
}


class TestTablesOfElsewhere:
    """Spreadsheets and data frames write them so."""

    def test_semicolons_and_decimal_commas(self, tmp_path):
        content = (HEAD + LINE).replace(",", ";").replace("10.50", "10,50")
        path = _file(tmp_path, "semicolons.csv", content)
        [order] = Import(path, has_decimal_comma=True).events
        assert (order["customer_id"], order["total"]) == ("Zoë", 1050)
        [refused] = Import(path).rejected
        assert refused.reason.endswith("; if its comma is a decimal comma: --decimal-comma")

    def test_windows_1252(self, tmp_path):
        path = _file(tmp_path, "windows-1252.csv", (HEAD + LINE).encode("cp1252"))
        [order] = Import(path, form=FileForm(encoding="cp1252")).events
        assert order["customer_id"] == "Zoë"
        [refused] = Import(path).rejected
        assert "--encoding windows-1252" in refused.reason

    def test_utf_16(self, tmp_path):
        path = _file(tmp_path, "utf-16.csv", (HEAD + LINE).encode("utf-16"))
        assert Import(path).events[0]["customer_id"] == "Zoë"

    def test_a_row_per_line(self, tmp_path):
        rows = "#1001,ada,2026-03-02,53.91,EUR,DE\n#1001,ada,,,,\n"
        path = _file(tmp_path, "row-per-line.csv", HEAD + rows)
        [order] = Import(path, group_by="order_id").events
        assert (order["order_id"], order["total"], order["items"]) == ("#1001", 5391, [])
        [refused] = Import(path).rejected
        assert "if rows are lines of one order" in refused.reason

    def test_nan(self, tmp_path):
        columns: dict[str, Any] = {name: [value] for name, value in ORDER.items()}
        table = arrow.table({**columns, "country": arrow.array([float("nan")])})
        parquet.write_table(table, tmp_path / "nan.parquet")
        [order] = Import(tmp_path / "nan.parquet").events
        assert "country" not in order

    def test_packed(self, tmp_path):
        path = _file(tmp_path, "orders.csv.gz", gzip.compress((HEAD + LINE).encode()))
        assert len(Import(path).events) == 1


class TestOrderLinesOfShops:
    """A price that is a total through a quantity, lines without an article."""

    @pytest.mark.parametrize(
        ("line", "price", "kinds"),
        [
            ({"quantity": 3, "unit_price": 6.666666666666667}, 667, {WarningKind.ROUNDED: 1}),
            ({"quantity": 1, "unit_price": "5.504587"}, 550, {WarningKind.ROUNDED: 1}),
            ({"quantity": 10, "unit_price": 14.309999999999999}, 1431, {}),
            (
                {"sku": None, "name": "Gift wrapping", "quantity": 1, "unit_price": "3.00"},
                300,
                {WarningKind.NO_SKU: 1},
            ),
        ],
    )
    def test_the_order_is_imported_and_what_was_mended_is_counted(
        self, tmp_path, line, price, kinds
    ):
        path = _orders(tmp_path, {**ORDER, "items": [{"sku": "A", **line}]})
        done = Import(path, maps=[*MAJOR, "items=items:major"])
        assert done.values[0]["items"][0]["unit_price"] == price
        assert done.counts.warnings == kinds


def test_a_column_with_a_colon(tmp_path):
    """An export tool for shops names all of its columns so."""
    path = _file(
        tmp_path,
        "orders.csv",
        "Name,Customer: ID,Created At,Price: Total,Currency\n1,ada,2026-03-02,10.50,GBP\n",
    )
    maps = [
        *("order_id=Name", "customer_id=Customer: ID", "occurred_at=Created At"),
        *("total=Price: Total:major", "currency=Currency"),
    ]
    quoted = [*maps[:1], 'customer_id="Customer: ID"', *maps[2:3], 'total="Price: Total":major']
    for one in (maps, [*quoted, "currency=Currency"]):
        [order] = Import(path, maps=one).events
        assert (order["customer_id"], order["total"]) == ("ada", 1050)


@pytest.mark.parametrize(
    ("given", "meant"), [("17850.0", "17850"), (17850.0, "17850"), (" ada ", "ada")]
)
def test_d7_ids_that_a_table_has_changed(tmp_path, given, meant):
    done = Import(_orders(tmp_path, {**ORDER, "customer_id": given}))
    assert done.events[0]["customer_id"] == meant
    assert done.counts.warnings.total() == 1


def test_d5_a_moment_as_it_is_written(tmp_path):
    row = {**ORDER, "occurred_at": "20240302101500"}
    [refused] = Import(_orders(tmp_path, row)).rejected
    assert refused.field == "occurred_at"
    assert "for a written time map it with ':%Y%m%d%H%M%S'" in refused.reason
    [order] = Import(
        _orders(tmp_path, row), maps=[*MAJOR, "occurred_at=occurred_at:%Y%m%d%H%M%S"]
    ).events
    assert order["occurred_at"] == 1709374500000


class TestReports:
    def test_counts(self, tmp_path):
        lines = ["2,ada,2026-03-02,x,GBP,\n", "3,ada,2026-03-02\n", "4,,2026-03-02,1,GBP,\n"]
        path = _file(tmp_path, "orders.csv", HEAD + LINE + "".join(lines))
        counts = Import(path).counts
        assert (counts.rows, counts.events, counts.rejected) == (4, 1, 3)
        assert counts.rejected_by_field == {"total": 1, "": 1, "customer_id": 1}

    def test_a_row_that_the_topic_refuses_is_rejected_like_any_other(self, tmp_path):
        path = _orders(tmp_path, {**ORDER, "currency": "gbp"}, ORDER)
        done = Import(path)
        assert [str(one) for one in done.rejected] == [
            "orders.jsonl, row 1: field 'currency' is 'gbp', expected an ISO 4217 code such as GBP"
        ]
        assert (done.counts.rows, done.counts.events, done.counts.rejected) == (2, 1, 1)

    def test_a_moment_after_the_end_of_simulated_time_is_rejected(self, tmp_path):
        judging = Judging(now=1_772_445_599_999, most_ahead=0)
        [refused] = Import(_orders(tmp_path, ORDER), judging=judging).rejected
        assert refused.reason.endswith("expected no time in the future")

    @pytest.mark.parametrize(("hours", "is_told"), [(0, False), (1, True), (24, True)])
    def test_d5_a_moment_that_workers_will_clamp_is_told(self, tmp_path, hours, is_told):
        now = 1_772_445_600_000
        path = _orders(tmp_path, {**ORDER, "occurred_at": now + hours * 3_600_000})
        done = Import(path, judging=Judging(now=now))
        assert len(done.events) == 1
        assert done.counts.warnings == ({WarningKind.AHEAD: 1} if is_told else {})

    def test_a_column_that_is_in_no_row_is_told_once(self, tmp_path):
        path = _orders(tmp_path, ORDER, {**ORDER, "order_id": "2"})
        done = Import(path, maps=[*MAJOR, "country=land"])
        assert [str(warning) for warning in done.warnings] == [
            "orders.jsonl: column 'land' of field 'country' is in no row"
        ]
        assert len(done.events) == 2

    def test_of_several_files_the_mapping_is_that_of_each(self, tmp_path):
        first = _orders(tmp_path, ORDER)
        second = _file(tmp_path, "more.csv", HEAD + LINE)
        assert len(Import(first, second).events) == 2


class TestPatchesInPart:
    """As on a topic, where the dead letter has the whole patch (SEMANTICS 8.4)."""

    maps: tuple[str, ...] = ("set.email=mail", "set.birthday=born", "set.consent=channels")

    def imported(self, folder: Path, born: str, channels: str) -> Import:
        row = {"customer_id": "ada", "occurred_at": "2026-03-02T10:00Z", "mail": "ada@example.com"}
        path = _file(
            folder, "people.jsonl", json.dumps({**row, "born": born, "channels": channels})
        )
        return Import(path, metric="customer.updated", maps=self.maps)

    def test_d6_what_does_not_fit_is_left_out_and_the_rest_is_set(self, tmp_path):
        done = self.imported(tmp_path, "01/06/1990", "yes")
        assert done.values[0]["set"] == {"email": "ada@example.com"}
        [part] = done.rejected
        assert part.field == "set.birthday"
        assert part.reason == (
            "partly_refused: field 'set.birthday' is '01/06/1990', expected a date as text "
            "(1990-06-01); field 'set.consent' is 'yes', expected a list of email, sms, push, web"
        )
        counts = done.counts
        assert (counts.rows, counts.events, counts.rejected, counts.in_part) == (1, 1, 0, 1)
        assert counts.left_out == {"set.birthday": 1, "set.consent": 1}

    def test_rule_8_4_nor_does_what_a_column_can_not_be_read_as_refuse_the_row(self, tmp_path):
        rows = "customer_id,occurred_at,mail,age,by mail,by sms\n"
        rows += "ada,2026-03-02T10:00Z,ada@example.com,old,yes,perhaps\n"
        maps = [
            *("set.email=mail", "set.age=age:number"),
            *("set.consent.email=by mail", "set.consent.sms=by sms"),
        ]
        done = Import(_file(tmp_path, "p.csv", rows), metric="customer.updated", maps=maps)
        assert done.values[0]["set"] == {"email": "ada@example.com"}
        assert [part.reason for part in done.rejected] == [
            "partly_refused: field 'set.age' is 'old', expected a number; field 'set.consent.sms' "
            "is 'perhaps', expected yes or no, subscribed or unsubscribed"
        ]
        assert done.counts.left_out == {"set.age": 1, "set.consent.sms": 1}

    def test_rule_8_4_a_map_of_fields_is_taken_without_those_that_none_can_be(self, tmp_path):
        patch = {"email": "ada@example.com", "likes": ["tea", 1], "plan": {"a": 1}, "name": None}
        row = {"customer_id": "ada", "occurred_at": "2026-03-02T10:00Z", "set": patch}
        path = _file(tmp_path, "people.jsonl", json.dumps(row))
        done = Import(path, metric="customer.updated", maps=[])
        assert done.values[0]["set"] == {"email": "ada@example.com"}
        assert [*done.counts.left_out] == ["set.likes", "set.plan", "set.name"]

    def test_mended_it_sets_what_was_left_out(self, tmp_path):
        done = self.imported(tmp_path, "1990-06-01", "yes")
        mended = [line.replace(b'"yes"', b'"email"') for line in done.lines]
        path = _file(tmp_path, "refused.jsonl", b"".join(mended))
        [patch] = Import(path, metric="customer.updated", maps=self.maps).values
        assert patch["set"]["consent"] == ["email"]
        assert patch["event_id"] != done.values[0]["event_id"]


class TestRefusedRows:
    def again(self, folder: Path, lines: list[bytes], **options: Any) -> Import:
        return Import(_file(folder, "refused.jsonl", b"".join(lines)), **options)

    def test_of_a_table_with_types_come_back_as_they_were(self, tmp_path):
        columns: dict[str, Any] = {name: [value] for name, value in ORDER.items()}
        moment = arrow.array([1_772_445_600_000], arrow.timestamp("ms", "UTC"))
        table = arrow.table(
            {**columns, "occurred_at": moment, "total": [20.5], "currency": [float("nan")]}
        )
        parquet.write_table(table, tmp_path / "orders.parquet")
        first = Import(tmp_path / "orders.parquet")
        assert first.events == []
        [line] = first.lines
        mended = line.replace(b'"currency":null', b'"currency":"GBP"')
        assert mended != line
        [order] = self.again(tmp_path, [mended]).events
        assert (order["occurred_at"], order["total"]) == (1_772_445_600_000, 2050)

    def test_mended_rows_are_the_events_that_the_file_would_have_been(self, tmp_path):
        right = Import(_file(tmp_path, "orders.csv", HEAD + LINE)).events
        wrong = Import(_file(tmp_path, "orders.csv", HEAD + LINE.replace("10.50", "1o.50")))
        mended = [line.replace(b"1o.50", b"10.50") for line in wrong.lines]
        assert self.again(tmp_path, mended).events == right

    def test_an_encoding_of_the_file_is_none_of_theirs(self, tmp_path):
        content = (HEAD + LINE.replace("10.50", "x")).encode("cp1252")
        form = FileForm(";", "cp1252")
        wrong = Import(_file(tmp_path, "orders.csv", content), form=FileForm(encoding="cp1252"))
        mended = [line.replace(b'"x"', b'"1"') for line in wrong.lines]
        assert self.again(tmp_path, mended, form=form).events[0]["customer_id"] == "Zoë"

    def test_rows_that_could_not_be_read_say_so_again(self, tmp_path):
        wrong = Import(_file(tmp_path, "orders.csv", HEAD + "1,ada\n"))
        [again] = self.again(tmp_path, wrong.lines).rejected
        assert again.reason.startswith("the row still has '_values', expected a column for each")
        broken = _file(tmp_path, "broken.jsonl", '{"order_id": \n[1]\n')
        lines = [json.loads(line) for line in Import(broken).lines]
        assert [line["_values"] for line in lines] == [['{"order_id":'], [[1]]]

    def test_a_line_that_came_back_late_replaces_no_order_alone(self, tmp_path):
        """Its order was imported without it; the id of an order is known (8.6)."""
        rows = [ORDER, {**ORDER, "order_id": "2"}, ORDER]
        first = Import(_orders(tmp_path, *rows), group_by="order_id")
        assert len(first.events) == 2
        for _ in range(2):
            again = self.again(tmp_path, first.lines, group_by="order_id")
            assert again.events == []
            [part] = again.rejected
            assert part.reason.startswith("the row is a part of an order: alone it would replace")
            first = again

    def test_refused_twice_they_say_the_newest_reason(self, tmp_path):
        wrong = Import(_orders(tmp_path, {**ORDER, "total": "x", "currency": "gbp"}))
        again = self.again(tmp_path, [wrong.lines[0].replace(b'"x"', b'"1"')])
        about = json.loads(again.lines[0])["_refused"]
        assert (about["file"], about["row"], about["field"]) == ("refused.jsonl", 1, "currency")


def test_a_preset_or_metric_that_a_file_does_not_fit_is_refused_before_anything(tmp_path):
    path = _file(tmp_path, "orders.csv", "a,b\n1,2\n")
    with pytest.raises(Refused, match="no column for field 'customer_id'"):
        Import(path, maps=[])
