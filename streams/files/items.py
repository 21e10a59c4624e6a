"""Items of an event: the elements of a list in its row, or one for each row (lines of an order)."""

from typing import Any

from streams.engine.values import ITEM_FIELDS, FieldType
from streams.files.column_path import ColumnPath
from streams.files.convert import convert_item, is_said, item_records
from streams.files.mapping import ColumnSource, ItemSources, Sources
from streams.files.row_context import RowContext

Values = dict[str, Any]
"""The values of one row, by column, or of one element."""


def items_of_rows(items: ItemSources, rows: list[Values], context: RowContext) -> list[Values]:
    """Returns the items of the rows of one event: those of their lists, or one for each row."""
    converted: list[Values] = []
    for row in rows:
        for source in items.lists:
            elements = source.value(row)
            if not is_said(elements, FieldType.ITEMS):
                continue
            for element in item_records(elements):
                inside = _of_element(items, element, source.how)
                converted.append(convert_item(inside, len(converted), context))
            break
        else:
            line = {
                name: found
                for name, sources in items.in_row.items()
                if (found := _said_in(sources, row, name)) is not None
            }
            # a price or a number alone is no item: a constant, or a column of the whole order
            if any(name in line for name in ("sku", "name")):
                converted.append(convert_item(line, len(converted), context))
    return converted


def _of_element(items: ItemSources, element: Values, how: str) -> dict[str, tuple[Any, str]]:
    found = {}
    for name in ITEM_FIELDS:
        sources = items.in_element.get(name, (ColumnSource(ColumnPath(name, (name,)), how),))
        constants = tuple(one for one in items.in_row.get(name, ()) if one.path is None)
        said = _said_in((*sources, *constants), element, name)
        if said is not None:
            found[name] = said
    return found


def _said_in(sources: Sources, row: Values, name: str) -> tuple[Any, str] | None:
    for source in sources:
        value = source.value(row)
        if is_said(value, ITEM_FIELDS[name].type):
            return value, source.how
    return None


def records_in(value: Any) -> list[Values]:
    """Returns the elements of a list of items; none of a missing one."""
    return item_records(value) if is_said(value, FieldType.ITEMS) else []
