"""Reads the rows of CSV, JSON, Parquet and Avro files as plain dicts."""

import csv
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
import pyarrow as arrow
import pyarrow.parquet as parquet

from streams.errors import Refused
from streams.files.file_form import (
    GZIP,
    FileForm,
    delimiter_of,
    not_in_encoding,
    open_bytes,
    open_text,
    suffix_of,
)
from streams.files.rejected_row import UNNAMED_VALUES, RejectedRow

Row = tuple[int, dict[str, Any]]
"""Number of the row (see `RejectedRow.row`), and its values by column."""

AvroReader = Callable[[Path], Iterator[dict[str, Any]]]
"""Reads an Avro container file; an argument, because only `contracts/` knows Avro."""

_PARQUET_BATCH = 8192
_SAMPLE = 1_000  # rows whose columns are looked at where the format names none
_ANY_FORM = FileForm()


class Columns(NamedTuple):
    """The columns of a file: all of them, or those of its first rows."""

    names: tuple[str, ...]
    are_all: bool


def read_rows(
    path: Path, read_avro: AvroReader | None = None, form: FileForm = _ANY_FORM
) -> Iterator[Row | RejectedRow]:
    """Yields all rows of `path` in the file's order; a RejectedRow for one that cannot be read.

    The suffix determines the format; `.gz` may follow. Raises Refused for a file that cannot be
    read at all: missing, of an unknown format, corrupt, with duplicate column names.
    """
    suffix = suffix_of(path)
    reader = _READERS.get(suffix)
    is_packed = path.suffix.lower() == GZIP
    try:
        if reader is not None and not (is_packed and suffix not in _TEXT_FORMATS):
            yield from reader(path, form)
        elif suffix == ".avro" and read_avro is not None and not is_packed:
            yield from enumerate(read_avro(path), start=1)
        else:
            found = f"{suffix}{GZIP}" if is_packed else suffix
            allowed = ", ".join([*_READERS, *([".avro"] if read_avro else [])])
            raise Refused(
                f"{path}: format '{found}' is unknown, expected one of {allowed}; text formats "
                f"also as {GZIP}"
            )
    except OSError as error:
        raise Refused(f"{path}: cannot read: {error.strerror or error}") from error


def check_readable(path: Path) -> None:
    """Raises Refused for a file that can't be opened."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise Refused(f"{path}: cannot read: {error.strerror or error}") from error


def columns_of(
    path: Path, read_avro: AvroReader | None = None, form: FileForm = _ANY_FORM
) -> Columns | None:
    """Returns the columns of a file; None for an empty one. CSV and Parquet name all of them; of
    the other formats they are those of the first rows. Raises Refused like `read_rows`."""
    try:
        suffix = suffix_of(path)
        if suffix in _TABLES_OF_TEXT:
            with open_text(path, form) as (file, _):
                delimiter, _ = delimiter_of(path, file, form)
                header = _header(path, csv.reader(file, delimiter=delimiter))
                return None if header is None else Columns(tuple(filter(None, header)), True)
        if suffix == ".parquet":
            with _open_parquet(path) as table:
                return Columns(tuple(table.schema_arrow.names), True)
    except OSError as error:
        raise Refused(f"{path}: cannot read: {error.strerror or error}") from error
    seen: dict[str, None] = {}
    for row in islice(read_rows(path, read_avro, form), _SAMPLE):
        if not isinstance(row, RejectedRow):
            seen.update(dict.fromkeys(row[1]))
    return Columns(tuple(seen), False) if seen else None


def delimiter_found(path: Path, form: FileForm) -> str | None:
    """Returns the delimiter of a text table, to be told; None for other formats. Raises Refused
    like `read_rows`."""
    if suffix_of(path) not in _TABLES_OF_TEXT:
        return None
    try:
        with open_text(path, form) as (file, _):
            return delimiter_of(path, file, form)[0]
    except OSError as error:
        raise Refused(f"{path}: cannot read: {error.strerror or error}") from error


def _read_csv(path: Path, form: FileForm) -> Iterator[Row | RejectedRow]:
    with open_text(path, form) as (file, encoding):
        delimiter, lines_before = delimiter_of(path, file, form)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        columns = _header(path, reader)
        if columns is None:
            return
        while True:
            # first line of the row: quoted values may span several
            line = lines_before + reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = f"malformed row ({error}), expected a row of CSV"
                yield RejectedRow(path.name, line, None, reason)
                continue
            if not any(map(str.strip, values)):
                continue  # a blank line, or one of delimiters alone
            if len(values) != len(columns):
                reason = (
                    f"{_values_in(values)}, expected {len(columns)} as in the header; read with "
                    f"the delimiter {delimiter!r}"
                )
                yield RejectedRow(path.name, line, None, reason, [{UNNAMED_VALUES: values}])
            elif not _is_decoded(values):
                shown = [_with_marks_for_bytes(value) for value in values]
                content = [dict(zip(columns, shown, strict=True))]
                yield RejectedRow(path.name, line, None, not_in_encoding(encoding), content)
            else:
                row = dict(zip(columns, values, strict=True))
                row.pop("", None)
                yield line, row


def _header(path: Path, reader: Iterator[list[str]]) -> list[str] | None:
    """Returns the first row of a CSV file; None for an empty file."""
    try:
        columns = next(reader, None)
    except csv.Error as error:
        raise Refused(f"{path}: malformed header: {error}") from error
    if columns is None:
        return None
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        raise Refused(f"{path}: duplicate column '{twice[0]}' in the header; rename one")
    return columns


def _values_in(values: list[str]) -> str:
    return "1 value" if len(values) == 1 else f"{len(values)} values"


def _is_decoded(values: list[str]) -> bool:
    text = "".join(values)
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _with_marks_for_bytes(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _read_json_lines(path: Path, form: FileForm) -> Iterator[Row | RejectedRow]:
    with open_bytes(path) as file:
        is_utf16 = file.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
    if is_utf16:
        with open_text(path, form) as (text, _):
            yield from _json_rows(path, (line.encode() for line in text))
    else:
        with open_bytes(path) as file:
            yield from _json_rows(path, file)


def _json_rows(path: Path, lines: Iterator[bytes] | IO[bytes]) -> Iterator[Row | RejectedRow]:
    decode = msgspec.json.Decoder().decode
    for line, text in enumerate(lines, start=1):
        if line == 1:
            text = text.removeprefix(b"\xef\xbb\xbf")
        if not text.strip():
            continue
        try:
            row = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reason = f"malformed row ({error}), expected one JSON object"
            shown = text.decode(errors="replace").strip()
            yield RejectedRow(path.name, line, None, reason, [{UNNAMED_VALUES: [shown]}])
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            reason = f"the row is {_shown(row)}, expected one JSON object"
            yield RejectedRow(path.name, line, None, reason, [{UNNAMED_VALUES: [row]}])


def _read_json(path: Path, form: FileForm) -> Iterator[Row | RejectedRow]:
    """A JSON file: one list of objects, or an object with one list (an answer of an API), counted
    from 1; else an object in each line."""
    with open_bytes(path) as file:
        content = file.read()
    try:
        whole = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield from _read_json_lines(path, form)
        return
    lists = [one for one in whole.values() if isinstance(one, list)] if _is_answer(whole) else []
    rows = lists[0] if lists else whole if isinstance(whole, list) else [whole]
    for number, row in enumerate(rows, start=1):
        if isinstance(row, dict):
            yield number, row
        else:
            reason = f"the row is {_shown(row)}, expected a JSON object"
            yield RejectedRow(path.name, number, None, reason)


def _is_answer(whole: object) -> bool:
    """True for {"orders": [{…}, …]}: one list of objects, and nothing that a row would have."""
    if not isinstance(whole, dict):
        return False
    lists = [one for one in whole.values() if isinstance(one, list) and one]
    others = whole.keys() - {"links", "meta", "included"}
    return len(others) == 1 and len(lists) == 1 and isinstance(lists[0][0], dict)


def _read_parquet(path: Path, _form: FileForm) -> Iterator[Row | RejectedRow]:
    number = 0
    with _open_parquet(path) as file:
        columns = file.schema_arrow.names
        try:
            for batch in file.iter_batches(_PARQUET_BATCH):
                for values in zip(*map(_values, batch.columns), strict=True):
                    number += 1
                    yield number, dict(zip(columns, values, strict=True))
        except arrow.ArrowException as error:
            raise Refused(f"{path}: corrupt after row {number}: {error}") from error


def _values(column: arrow.Array) -> list[Any]:
    if arrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's times are in microseconds, Instants in milliseconds.
        column = column.cast(arrow.timestamp("us", column.type.tz), safe=False)
    if arrow.types.is_float32(column.type):
        # The value that was written, 12.34, and not its double, 12.34000015258789.
        column = column.cast(arrow.string()).cast(arrow.float64())
    values: list[Any] = column.to_pylist()
    return values


def _open_parquet(path: Path) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(path)
    except arrow.ArrowInvalid as error:
        raise Refused(f"{path}: not a Parquet file: {error}") from error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


_READERS: dict[str, Callable[[Path, FileForm], Iterator[Row | RejectedRow]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".parquet": _read_parquet,
}
_TABLES_OF_TEXT = frozenset({".csv", ".tsv", ".txt"})
_TEXT_FORMATS = frozenset(_READERS) - {".parquet"}
