"""Rows that make one event: lines of an order, next to each other."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from streams.files.mapping import Sources
from streams.files.rejected_row import RejectedRow
from streams.files.tables import Row


class RowGroup:
    """The rows of one event, at least one: `number` is that of the first, `values` those of
    each."""

    __slots__ = ("number", "rows", "values")

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.number = rows[0][0]
        self.values: list[dict[str, Any]] = [values for _, values in rows]


def each_alone(rows: Iterable[Row | RejectedRow]) -> Iterator[RowGroup | RejectedRow]:
    """Yields every row as a group of its own."""
    for row in rows:
        yield row if isinstance(row, RejectedRow) else RowGroup([row])


def in_groups(
    rows: Iterable[Row | RejectedRow], key: Sources, file: str
) -> Iterator[RowGroup | RejectedRow]:
    """Yields neighbouring rows with the same key as one group. A row whose key was in a group that
    has ended is rejected: its order would be there twice, each time with a part of its lines."""
    group: list[Row] = []
    rejected: list[RejectedRow] = []  # among the rows of the group: told after it
    current = ""
    ended: set[bytes] = set()
    for row in rows:
        if isinstance(row, RejectedRow):
            rejected.append(row)
            continue
        number, values = row
        found = _key_of(values, key)
        if group and found and found == current:
            group.append(row)
            continue
        if found and _digest(found) in ended:
            reason = (
                f"the rows of {found!r} are not next to each other: sort the file and import it "
                "again"
            )
            rejected.append(RejectedRow(file, number, None, reason, [values], is_part=True))
            continue
        if group:
            yield RowGroup(group)
        yield from rejected
        rejected = []
        if found:
            ended.add(_digest(found))
        group, current = [row], found
    if group:
        yield RowGroup(group)
    yield from rejected


def _key_of(values: dict[str, Any], key: Sources) -> str:
    for source in key:
        value = source.value(values)
        if value is not None and str(value).strip():
            return str(value).strip()
    return ""


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
