"""Rows of every format, and what can't be read: one row as a RejectedRow, a file as Refused."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from streams.errors import Refused
from streams.files.rejected_row import RejectedRow
from streams.files.tables import columns_of, read_rows


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


_NOT_UTF_8 = "the row is not UTF-8; for a file in another encoding give it: --encoding windows-1252"


def test_csv_rows_carry_the_line_they_start_at(tmp_path):
    path = _file(tmp_path, "orders.csv", b'\xef\xbb\xbfid,note\n1,"two\nlines"\n\n2,plain\n')
    assert list(read_rows(path)) == [
        (2, {"id": "1", "note": "two\nlines"}),
        (5, {"id": "2", "note": "plain"}),
    ]
    assert columns_of(path) == (("id", "note"), True)


def test_a_bad_csv_row_costs_only_itself(tmp_path):
    path = _file(tmp_path, "orders.csv", b"id,note\n1\n2,\xff\n3,a,b\n4,fine\n")
    assert list(read_rows(path)) == [
        RejectedRow(
            "orders.csv",
            2,
            None,
            "1 value, expected 2 as in the header; read with the delimiter ','",
        ),
        RejectedRow("orders.csv", 3, None, _NOT_UTF_8),
        RejectedRow(
            "orders.csv",
            4,
            None,
            "3 values, expected 2 as in the header; read with the delimiter ','",
        ),
        (5, {"id": "4", "note": "fine"}),
    ]


def test_csv_with_broken_quotes_is_refused_and_reading_goes_on(tmp_path):
    path = _file(tmp_path, "orders.csv", b'id,note\n1,"a"b\n2,fine\n')
    first, second = read_rows(path)
    assert isinstance(first, RejectedRow)
    assert first.row == 2
    assert first.reason.startswith("malformed row (")
    assert first.reason.endswith("), expected a row of CSV")
    assert second == (3, {"id": "2", "note": "fine"})


def test_an_empty_csv_has_no_rows(tmp_path):
    path = _file(tmp_path, "orders.csv", b"")
    assert list(read_rows(path)) == []
    assert columns_of(path) is None


def test_a_column_given_twice_is_refused(tmp_path):
    path = _file(tmp_path, "orders.csv", b"id,id\n1,2\n")
    with pytest.raises(Refused, match="duplicate column 'id'"):
        list(read_rows(path))


def test_jsonl_rows_are_objects(tmp_path):
    path = _file(tmp_path, "orders.jsonl", b'{"id": 1}\n\n[2]\n{"id": \n{"id": "\xff"}\n{"id": 5}')
    first, listed, cut, bytes_, last = read_rows(path)
    assert first == (1, {"id": 1})
    assert listed == RejectedRow(
        "orders.jsonl", 3, None, "the row is [2], expected one JSON object"
    )
    assert isinstance(cut, RejectedRow)
    assert cut.row == 4
    assert isinstance(bytes_, RejectedRow)
    assert bytes_.row == 5
    assert last == (6, {"id": 5})
    assert columns_of(path) == (("id",), False)


def test_parquet_rows_count_from_one(tmp_path):
    path = tmp_path / "orders.parquet"
    table = arrow.table({"id": ["a", None], "total": [1.5, 2.5]})
    parquet.write_table(table, path)
    assert list(read_rows(path)) == [
        (1, {"id": "a", "total": 1.5}),
        (2, {"id": None, "total": 2.5}),
    ]
    assert columns_of(path) == (("id", "total"), True)


def test_numbers_of_single_precision_are_what_was_written(tmp_path):
    path = tmp_path / "orders.parquet"
    parquet.write_table(arrow.table({"total": arrow.array([12.34, None], arrow.float32())}), path)
    assert list(read_rows(path)) == [(1, {"total": 12.34}), (2, {"total": None})]


def test_parquet_with_nanoseconds_is_read(tmp_path):
    path = tmp_path / "orders.parquet"
    moments = arrow.array([1_700_000_000_123_456_789], arrow.timestamp("ns", "UTC"))
    parquet.write_table(arrow.table({"at": moments}), path)
    assert list(read_rows(path)) == [(1, {"at": datetime(2023, 11, 14, 22, 13, 20, 123456, UTC)})]


def test_more_rows_than_a_batch_keep_their_numbers(tmp_path):
    path = tmp_path / "orders.parquet"
    parquet.write_table(arrow.table({"id": list(range(20_000))}), path)
    assert list(read_rows(path)) == [(place + 1, {"id": place}) for place in range(20_000)]


def test_avro_is_read_by_the_reader_that_is_handed_in(tmp_path):
    path = _file(tmp_path, "orders.avro", b"")
    assert list(read_rows(path, lambda _: iter([{"id": 1}, {"id": 2}]))) == [
        (1, {"id": 1}),
        (2, {"id": 2}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("orders.xlsx", b"", r"format '\.xlsx' is unknown, expected one of \.csv"),
        ("orders.avro", b"", r"format '\.avro' is unknown"),
        ("orders.parquet", b"no parquet", "not a Parquet file"),
        ("orders.csv", None, "cannot read: No such file"),
        ("orders.parquet", None, "cannot read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=says):
        list(read_rows(path))
