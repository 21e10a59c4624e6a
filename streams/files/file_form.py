"""The form of a text file: compressed or not, its encoding, the delimiter of its columns.

The file itself comes first (a byte order mark, `sep=;` in the first line), then the
options, then what the header shows. UTF-8 and commas are the default.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, cast

from streams.errors import Refused

DEFAULT_ENCODING = "utf-8"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = (",", ";", "\t", "|")
_NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", r"\t": "\t"}
_SEP_LINE = re.compile(r"\"?sep=(.)\"?\r?\n?", re.IGNORECASE)
_SEEN_FIRST = 4_096  # bytes in which zero bytes show UTF-16 without a mark
_TABBED = (".tsv", ".tab")

GZIP = ".gz"


@dataclass(frozen=True, slots=True)
class FileForm:
    """The form of text files as options give it; None: found in the file."""

    delimiter: str | None = None
    encoding: str | None = None


def parse_form(delimiter: str | None, encoding: str | None) -> FileForm:
    """Returns the form that `--delimiter` and `--encoding` give. Raises Refused."""
    if delimiter is not None:
        delimiter = _NAMED_DELIMITERS.get(delimiter.lower(), delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise Refused(
                f"--delimiter is {delimiter!r}, expected one character or one of "
                f"{', '.join(name for name in _NAMED_DELIMITERS if name.isalpha())}"
            )
    if encoding is not None:
        try:
            "".encode(encoding)  # refuses codecs between bytes, too
            encoding = codecs.lookup(encoding).name
        except (LookupError, ValueError):
            raise Refused(
                f"--encoding is {encoding!r}, expected an encoding such as utf-8, utf-16 or "
                "windows-1252"
            ) from None
    return FileForm(delimiter, encoding)


def suffix_of(path: Path) -> str:
    """Returns the suffix that names the format: `.csv` of `orders.CSV.gz`."""
    path = Path(path.name.lower())
    return Path(path.stem).suffix if path.suffix == GZIP else path.suffix


@contextmanager
def open_bytes(path: Path) -> Iterator[BufferedReader]:
    """Opens a file, decompressed if it is called `.gz`. Raises Refused for one that is corrupt."""
    if path.suffix.lower() != GZIP:
        with path.open("rb") as plain:
            yield plain
        return
    try:
        with gzip.open(path, "rb") as packed:
            yield cast(BufferedReader, packed)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refused(f"{path}: not a gzip file, or cut off: {error}") from error


@contextmanager
def open_text(path: Path, form: FileForm) -> Iterator[tuple[IO[str], str]]:
    """Opens a text file; yields it with its encoding. Bytes that are none of an encoding become
    surrogates, so that one row is rejected and not the file."""
    with open_bytes(path) as file:
        encoding = _encoding(path, file, form)
        errors = "strict" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        with TextIOWrapper(file, encoding, errors, newline="") as text:
            try:
                yield text, encoding
            except UnicodeDecodeError as error:
                raise Refused(f"{path}: not {encoding}: {error.reason}") from error


def _encoding(path: Path, file: BufferedReader, form: FileForm) -> str:
    first = file.peek(_SEEN_FIRST)[:_SEEN_FIRST]
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding
    if form.encoding is not None:
        return form.encoding
    if b"\0" in first:
        guess = "utf-16-be" if first[:1] == b"\0" else "utf-16-le"
        raise Refused(
            f"{path}: contains zero bytes, expected UTF-8; looks like UTF-16: --encoding {guess}"
        )
    return DEFAULT_ENCODING


def delimiter_of(path: Path, file: IO[str], form: FileForm) -> tuple[str, int]:
    """Returns the delimiter of a table at its start, and the number of lines before its header
    (`sep=;`), which are read."""
    start = file.tell()
    line = file.readline()
    said = _SEP_LINE.fullmatch(line)
    if said is not None:
        return said[1], 1
    file.seek(start)
    if form.delimiter is not None:
        return form.delimiter, 0
    if suffix_of(path) in _TABBED:
        return "\t", 0
    return max(_DELIMITERS, key=lambda one: _columns(line, one)), 0  # of equals the first


def _columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), ()))
    except csv.Error:
        return 0


def not_in_encoding(encoding: str) -> str:
    """Returns the reason for a row with bytes that its encoding doesn't have."""
    if encoding in (DEFAULT_ENCODING, "utf-8-sig"):
        return (
            "the row is not UTF-8; for a file in another encoding give it: --encoding windows-1252"
        )
    return f"the row is not {encoding}"
