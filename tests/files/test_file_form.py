"""Text files in every form: compressed, in other encodings, with other delimiters."""

import gzip
from pathlib import Path

import pytest

from streams.errors import Refused
from streams.files.file_form import FileForm, delimiter_of, open_text, parse_form, suffix_of
from streams.files.rejected_row import RejectedRow
from streams.files.tables import columns_of, delimiter_found, read_rows

TABLE = "id,name\n1,Zoë\n"
ROWS = [(2, {"id": "1", "name": "Zoë"})]


def _file(folder: Path, content: bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_names_the_encoding_and_utf_8_needs_none(tmp_path, encoding):
    path = _file(tmp_path, TABLE.encode(encoding))
    assert list(read_rows(path)) == ROWS
    # the mark of the file wins: a file that is mended in another program may have got one
    if encoding != "utf-8":
        assert list(read_rows(path, form=FileForm(encoding="cp1252"))) == ROWS


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16-le", "utf-16-be", "iso8859-15"])
def test_another_encoding_is_given(tmp_path, encoding):
    path = _file(tmp_path, TABLE.encode(encoding))
    form = parse_form(None, encoding)
    assert list(read_rows(path, form=form)) == ROWS
    assert columns_of(path, form=form) == (("id", "name"), True)


def test_without_it_the_row_says_which_option_is_missing(tmp_path):
    (refused,) = read_rows(_file(tmp_path, TABLE.encode("windows-1252")))
    assert isinstance(refused, RejectedRow)
    assert refused.reason == (
        "the row is not UTF-8; for a file in another encoding give it: --encoding windows-1252"
    )
    with pytest.raises(Refused, match="looks like UTF-16: --encoding utf-16-le"):
        list(read_rows(_file(tmp_path, TABLE.encode("utf-16-le"))))
    with pytest.raises(Refused, match="looks like UTF-16: --encoding utf-16-be"):
        list(read_rows(_file(tmp_path, TABLE.encode("utf-16-be"))))


def test_bytes_that_an_encoding_lacks_cost_their_row_or_with_two_byte_units_the_file(tmp_path):
    path = _file(tmp_path, b"id,name\n1,\x81\n2,b\n")
    refused, fine = read_rows(path, form=FileForm(encoding="cp1252"))
    assert isinstance(refused, RejectedRow)
    assert refused.reason == "the row is not cp1252"
    assert fine == (3, {"id": "2", "name": "b"})
    with pytest.raises(Refused, match="not utf-16"):
        list(read_rows(_file(tmp_path, TABLE.encode("utf-16")[:-1])))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_of_the_header(tmp_path, delimiter):
    path = _file(tmp_path, TABLE.replace(",", delimiter).encode())
    assert list(read_rows(path)) == ROWS
    assert delimiter_found(path, FileForm()) == delimiter


def test_a_header_of_one_column_has_commas_and_equal_numbers_have_commas(tmp_path):
    assert delimiter_found(_file(tmp_path, b"id\n1\n"), FileForm()) == ","
    assert delimiter_found(_file(tmp_path, b"a,b;c\n1,2\n"), FileForm()) == ","
    assert delimiter_found(_file(tmp_path, b'"a,b,c";d\n'), FileForm()) == ";"


@pytest.mark.parametrize("written", [";", "semicolon", "Semicolon"])
def test_the_delimiter_that_is_given_counts(tmp_path, written):
    path = _file(tmp_path, b"a,b,c;d\n1,2,3;4\n")
    rows = list(read_rows(path, form=parse_form(written, None)))
    assert rows == [(2, {"a,b,c": "1,2,3", "d": "4"})]


def test_a_spreadsheet_may_name_it_in_a_first_line(tmp_path):
    path = _file(tmp_path, "sep=;\r\nid;name\r\n1;Zoë\r\n".encode("utf-16"))
    assert list(read_rows(path)) == [(3, ROWS[0][1])]


def test_a_tab_separated_file_needs_no_option(tmp_path):
    path = _file(tmp_path, b"id\tname,first\n1\tZ,o\n", "people.tsv")
    assert list(read_rows(path)) == [(2, {"id": "1", "name,first": "Z,o"})]


def test_a_row_of_another_length_names_the_delimiter_and_blank_rows_are_none(tmp_path):
    short, last = read_rows(_file(tmp_path, b"id;name\n;\n1\n ; \n2;b\n"))
    assert isinstance(short, RejectedRow)
    assert short.reason == "1 value, expected 2 as in the header; read with the delimiter ';'"
    assert short.content == [{"_values": ["1"]}]
    assert last == (5, {"id": "2", "name": "b"})


def test_columns_without_a_name_are_left_out(tmp_path):
    path = _file(tmp_path, b"id,,name,\n1,x,b,\n")
    assert list(read_rows(path)) == [(2, {"id": "1", "name": "b"})]
    assert columns_of(path) == (("id", "name"), True)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("people.csv.gz", TABLE, ROWS),
        ("people.CSV.GZ", TABLE, ROWS),
        ("people.jsonl.gz", '{"id": 1}\n', [(1, {"id": 1})]),
        ("people.json.gz", '[{"id": 1}]', [(1, {"id": 1})]),
    ],
)
def test_text_may_be_packed(tmp_path, name, content, rows):
    path = _file(tmp_path, gzip.compress(content.encode()), name)
    assert list(read_rows(path)) == rows
    columns = columns_of(path)
    assert columns is not None
    assert columns.names == tuple(rows[0][1])


@pytest.mark.parametrize("cut", [0, 5, 20])
def test_a_packed_file_that_is_none_or_cut_off_is_refused(tmp_path, cut):
    packed = gzip.compress(TABLE.encode() * 100)
    path = _file(tmp_path, packed[:cut] if cut else b"no gzip at all", "people.csv.gz")
    with pytest.raises(Refused, match="not a gzip file, or cut off"):
        list(read_rows(path))


def test_a_packed_file_with_a_broken_middle_is_refused(tmp_path):
    packed = bytearray(gzip.compress(b"id,name\n" + TABLE.encode() * 5_000))
    packed[20:60] = b"\xff" * 40
    with pytest.raises(Refused, match="not a gzip file, or cut off"):
        list(read_rows(_file(tmp_path, bytes(packed), "people.csv.gz")))


def test_binary_formats_are_not_packed_again(tmp_path):
    with pytest.raises(Refused, match=r"format '\.parquet\.gz' is unknown"):
        list(read_rows(_file(tmp_path, b"", "people.parquet.gz")))


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_json_lines_may_begin_with_a_mark(tmp_path, mark):
    path = _file(tmp_path, '{"id": "ë"}\n{"id": 2}\n'.encode(mark), "people.jsonl")
    assert list(read_rows(path)) == [(1, {"id": "ë"}), (2, {"id": 2})]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('[{"id": 1},\n {"id": 2}]', [1, 2]),
        ('{"orders": [{"id": 1}, {"id": 2}]}', [1, 2]),
        ('{"data": [{"id": 1}], "links": {"next": null}}', [1]),
        ('{"id": 1}\n{"id": 2}\n', [1, 2]),
        ('{"id": 1, "items": [{"sku": "A"}]}', [1]),
    ],
)
def test_json_is_a_list_an_answer_or_lines(tmp_path, content, rows):
    path = _file(tmp_path, content.encode(), "orders.json")
    assert [row[1]["id"] for row in read_rows(path) if isinstance(row, tuple)] == rows


def test_a_list_of_something_else_is_refused_row_by_row(tmp_path):
    refused, fine = read_rows(_file(tmp_path, b'[3, {"id": 1}]', "orders.json"))
    assert isinstance(refused, RejectedRow)
    assert refused.reason == "the row is 3, expected a JSON object"
    assert fine == (2, {"id": 1})


@pytest.mark.parametrize(
    ("delimiter", "encoding", "says"),
    [
        (";;", None, "expected one character or one of comma, semicolon, tab, pipe"),
        ('"', None, "--delimiter is '\"'"),
        (None, "utf-7000", "--encoding is 'utf-7000', expected an encoding such as"),
        (None, "base64", "--encoding is 'base64'"),
    ],
)
def test_what_is_no_form_is_refused(delimiter, encoding, says):
    with pytest.raises(Refused, match=says):
        parse_form(delimiter, encoding)


def test_the_format_is_named_by_the_suffix_before_the_packing():
    names = ["a.csv", "a.CSV.gz", "a.b.jsonl.GZ", "a.gz", "a"]
    assert [suffix_of(Path(name)) for name in names] == [".csv", ".csv", ".jsonl", "", ""]


def test_lines_before_the_header_are_counted(tmp_path):
    path = _file(tmp_path, b"sep=|\na|b\n")
    with open_text(path, FileForm()) as (file, encoding):
        assert encoding == "utf-8"
        assert delimiter_of(path, file, FileForm(";")) == ("|", 1)
