"""The sources of an event's fields in the rows of a table: a mapping, once it has been read
(mapping_texts.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine.values import Field, FieldType
from streams.files.column_path import ColumnPath
from streams.files.convert import is_said
from streams.files.tables import Columns

EMPTY: dict[FieldType, Any] = {
    FieldType.ITEMS: [],
    FieldType.TEXTS: [],
    FieldType.NUMBERS: [],
    FieldType.TEXT_MAP: {},
    FieldType.PATCH: {},
}
"""Values of the types that need no source."""


EACH = "each"
"""Name of the element in hand, where each element of a list is an event (`each` of a preset)."""


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """The source of a field: a column with its conversion (`how`), or a constant text."""

    path: ColumnPath | None
    how: str = ""
    constant: str | None = None

    def value(self, row: dict[str, Any]) -> Any:
        """Returns the value in a row as it is there; None if it is missing."""
        return self.constant if self.path is None else self.path.value(row)

    def first_value(self, row: dict[str, Any]) -> Any:
        """Returns the value, or the first of those that are added up."""
        if self.path is None or not self.how.endswith(":sum"):
            return self.value(row)
        return next(iter(self.path.values(row)), None)


Sources = tuple[ColumnSource, ...]
"""Sources of one field: the first that says something counts."""


@dataclass(frozen=True, slots=True)
class ItemSources:
    """Sources of the items' fields: inside the elements of a list, or in the row itself, which is
    one item then. A field of an element without a source is that of its own name."""

    lists: Sources = ()
    in_element: dict[str, Sources] = field(default_factory=dict)
    in_row: dict[str, Sources] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowCondition:
    """A condition of a preset on one column: with a value at all, one of `words`, none of them."""

    path: ColumnPath
    is_there: bool = True
    words: frozenset[str] | None = None  # in lower case
    is_one_of: bool = True

    def holds(self, rows: Sequence[dict[str, Any]]) -> bool:
        """True if the first row that has a value fits."""
        found = [value for row in rows if is_said(value := self.path.value(row), FieldType.MOMENT)]
        if not found or not self.is_there:
            return bool(found) == self.is_there
        is_one = self.words is not None and str(found[0]).strip().lower() in self.words
        return self.words is None or is_one == self.is_one_of

    def may_hold(self, columns: Columns | None) -> bool:
        """False if the condition needs a column that a file doesn't have."""
        return (
            not self.is_there
            or columns is None
            or not columns.are_all
            or self.path.text in columns.names
            or self.path.column in columns.names
        )


@dataclass(frozen=True, slots=True)
class EventMapping:
    """The mapping of rows to events of one metric with these `fields`.

    `keys` holds the single keys of maps, `consents` the columns about one channel, both field by
    field. A mapping is for rows where all conditions of one entry in `when` hold (no entry: for all
    rows), and that have a value for the fields in `needs`. With `each`, every element of that list
    is an event.
    """

    metric: str
    fields: Mapping[str, Field]
    sources: dict[str, Sources]
    keys: dict[str, dict[str, Sources]]
    consents: dict[str, Sources]
    items: ItemSources | None
    zone: ZoneInfo
    has_decimal_comma: bool = False
    needs: tuple[str, ...] = ()
    when: tuple[tuple[RowCondition, ...], ...] = ()
    each: ColumnPath | None = None
    mapped: frozenset[str] = frozenset()  # the fields that `--map` names

    def is_for(self, rows: Sequence[dict[str, Any]]) -> bool:
        """True if the rows of a group fit `when`."""
        return not self.when or any(
            all(condition.holds(rows) for condition in conditions) for conditions in self.when
        )

    def chosen_columns(self) -> dict[str, ColumnSource]:
        """Returns the columns that `--map` names, by field."""
        named = dict(self.sources)
        for name, keyed in self.keys.items():
            named.update({f"{name}.{key}": sources for key, sources in keyed.items()})
        return {
            name: sources[0]
            for name, sources in named.items()
            if name in self.mapped and sources[0].path is not None
        }
