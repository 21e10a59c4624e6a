"""Values of several rows that make one event: lines of an order."""

from typing import Any

from streams.engine.values import FieldType
from streams.files.convert import is_said
from streams.files.field_plan import FieldPlan
from streams.files.items import Values, records_in
from streams.files.mapping import ColumnSource
from streams.files.row_context import RowContext, Unfit
from streams.files.row_warning import WarningKind

_MUST_AGREE = ("customer_id", "currency")
"""Fields of an order that its lines never contradict; nor do amounts."""


def sum_of_lines(
    source: ColumnSource, rows: list[Values], plan: FieldPlan, context: RowContext
) -> Any:
    """Returns the sum over all rows, and over all elements of a list in them. Raises Unfit."""
    if source.path is None:
        return plan.convert(source.constant, "", context)
    how = source.how.removesuffix(":sum")
    values = (value for row in rows for value in source.path.values(row))
    return sum(plan.convert(one, how, context) for one in values if is_said(one, plan.wanted.type))


def value_of_lines(
    name: str,
    source: ColumnSource,
    rows: list[Values],
    first: Any,
    plan: FieldPlan,
    context: RowContext,
) -> Any:
    """Returns the value of several rows: the first, which the others must not contradict; of lists
    of items, all. Raises Unfit."""
    wanted = plan.wanted.type
    if wanted is FieldType.ITEMS:
        return [item for row in rows for item in records_in(source.value(row))]
    others = (value for row in rows if is_said(value := source.value(row), wanted))
    other = next((value for value in others if value != first), None)
    if other is not None:
        _compare_lines(name, wanted, first, other, context)
    return first


def _compare_lines(
    name: str, wanted: FieldType, first: Any, other: Any, context: RowContext
) -> None:
    """Refuses lines of one order that contradict each other in what nothing could mend, notes the
    others."""
    if wanted is FieldType.MONEY:
        expected = (
            f"one amount in all lines, found {other!r} too; to add them up map it with ':sum'"
        )
        raise Unfit(first, expected)
    if name in _MUST_AGREE:
        raise Unfit(first, f"one value in all lines, found {other!r} too")
    text = f"field {name!r} is {first!r} in one line and {other!r} in another; the first counts"
    context.notes.append((WarningKind.LINES_DIFFER, text))
