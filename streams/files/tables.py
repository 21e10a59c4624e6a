"""Reads the rows of CSV, JSONL, Parquet and Avro files as plain dicts."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as arrow
import pyarrow.parquet as parquet

from streams.errors import Refused
from streams.files.rejected_row import RejectedRow

Row = tuple[int, dict[str, Any]]
"""Number of the row (see `RejectedRow.row`), and its values by column."""

AvroReader = Callable[[Path], Iterator[dict[str, Any]]]
"""Reads an Avro container file; an argument, because only `contracts/` knows Avro."""

_PARQUET_BATCH = 8192


def read_rows(path: Path, read_avro: AvroReader | None = None) -> Iterator[Row | RejectedRow]:
    """Yields all rows of `path` in the file's order; a RejectedRow for one that cannot be read.

    The suffix determines the format. Raises Refused for a file that cannot be read at all: missing,
    of an unknown format, corrupt, with duplicate column names.
    """
    reader = _READERS.get(path.suffix.lower())
    try:
        if reader is not None:
            yield from reader(path)
        elif path.suffix.lower() == ".avro" and read_avro is not None:
            yield from enumerate(read_avro(path), start=1)
        else:
            allowed = ", ".join([*_READERS, *([".avro"] if read_avro else [])])
            raise Refused(f"{path}: format '{path.suffix}' is unknown, expected one of {allowed}")
    except OSError as error:
        raise Refused(f"{path}: cannot read: {error.strerror or error}") from error


def columns_of(path: Path) -> list[str] | None:
    """Returns the columns of all rows, where the format has them before the first row (CSV,
    Parquet), else None. Raises Refused like `read_rows`."""
    try:
        match path.suffix.lower():
            case ".csv":
                with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                    return _header(path, csv.reader(file))
            case ".parquet":
                with _open_parquet(path) as file:
                    return list(file.schema_arrow.names)
            case _:
                return None
    except OSError as error:
        raise Refused(f"{path}: cannot read: {error.strerror or error}") from error


def _read_csv(path: Path) -> Iterator[Row | RejectedRow]:
    # Invalid UTF-8 becomes surrogates, so that one row is rejected and not the file.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, strict=True)
        columns = _header(path, reader)
        if columns is None:
            return
        while True:
            line = reader.line_num + 1  # first line of the row: quoted values may span several
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = f"malformed row ({error}), expected a row of CSV"
                yield RejectedRow(path.name, line, None, reason)
                continue
            if not values:
                continue
            if len(values) != len(columns):
                reason = f"{_values_in(values)}, expected {len(columns)} as in the header"
                yield RejectedRow(path.name, line, None, reason)
            elif not _is_utf8(values):
                yield RejectedRow(path.name, line, None, "the row is not UTF-8")
            else:
                yield line, dict(zip(columns, values, strict=True))


def _header(path: Path, reader: Iterator[list[str]]) -> list[str] | None:
    """Returns the first row of a CSV file; None for an empty file."""
    try:
        columns = next(reader, None)
    except csv.Error as error:
        raise Refused(f"{path}: malformed header: {error}") from error
    if columns is None:
        return None
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise Refused(f"{path}: duplicate column '{twice[0]}' in the header; rename one")
    return columns


def _values_in(values: list[str]) -> str:
    return "1 value" if len(values) == 1 else f"{len(values)} values"


def _is_utf8(values: list[str]) -> bool:
    text = "".join(values)
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _read_jsonl(path: Path) -> Iterator[Row | RejectedRow]:
    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                row = decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                reason = f"malformed row ({error}), expected one JSON object"
                yield RejectedRow(path.name, line, None, reason)
                continue
            if isinstance(row, dict):
                yield line, row
            else:
                reason = f"the row is {_shown(row)}, expected one JSON object"
                yield RejectedRow(path.name, line, None, reason)


def _read_parquet(path: Path) -> Iterator[Row | RejectedRow]:
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


_READERS: dict[str, Callable[[Path], Iterator[Row | RejectedRow]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
}
