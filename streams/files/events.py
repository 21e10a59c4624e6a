"""Rows of a table become events or rejected rows, by the mappings of their file.

An event without an `event_id` gets one from its content, so that importing a file again changes
nothing. The id of an order's event begins with its kind and its `order_id`; of what happens to an
order once (fulfilled, cancelled as a whole) and of a refund with its own id that is all, so that a
corrected file tells nothing twice. An order that is told with another content has another id and
corrects the one known (SEMANTICS 8.6).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from streams.engine.values import FieldType, nearest_name
from streams.files.convert import convert_key, convert_text_key, is_granted, is_said
from streams.files.field_plan import FieldPlan, plans_of, set_missing
from streams.files.groups import RowGroup
from streams.files.items import Values, items_of_rows
from streams.files.mapping import EACH, ColumnSource, EventMapping, Sources
from streams.files.order_lines import sum_of_lines, value_of_lines
from streams.files.rejected_row import RejectedRow
from streams.files.row_context import RowContext, Unfit
from streams.files.row_warning import RowWarning, WarningKind
from streams.files.tidied import tidied_field

_TAKEN_OFF = ("order.cancelled", "order.refunded")


@dataclass(slots=True)
class ImportCounts:
    """Numbers of imported and rejected rows, and of warnings by kind. `in_part`: rows that were
    imported without the fields in `left_out`."""

    rows: int = 0
    events: int = 0
    rejected: int = 0
    in_part: int = 0
    passed_over: int = 0
    rejected_by_field: Counter[str] = field(default_factory=Counter)  # "" for a whole row
    left_out: Counter[str] = field(default_factory=Counter)
    warnings: Counter[WarningKind] = field(default_factory=Counter)

    def reject(self, rejected: RejectedRow, rows: int = 1) -> None:
        self.rejected += rows
        self.rejected_by_field[rejected.field or ""] += rows


@dataclass(frozen=True, slots=True)
class MappedRows:
    """The rows of one group, and their events or their rejection; neither if no mapping is for
    them. `left_out`: the fields of patches that can't be read, by path with their problems."""

    group: RowGroup
    events: list[Values]
    rejected: RejectedRow | None
    warnings: list[RowWarning]
    left_out: dict[str, str]


class RowMapper:
    """Maps the rows of one file."""

    def __init__(
        self,
        mappings: Sequence[EventMapping],
        file: str,
        placeholder_ids: frozenset[str] = frozenset(),
    ) -> None:
        """`placeholder_ids`: words that stand for no customer, in lower case."""
        self._unseen: dict[str, ColumnSource] = {}
        for mapping in mappings:
            self._unseen.update(mapping.chosen_columns())
        self._mappings = [(mapping, plans_of(mapping)) for mapping in mappings]
        self._file = file
        self._placeholder_ids = placeholder_ids
        self._group_before: RowGroup | None = None

    def unseen(self) -> dict[str, ColumnSource]:
        """Returns, by field, the columns that no row has had, except those that a rejected row has
        named; none before the first row that could be read."""
        return {} if self._group_before is None else self._unseen

    def map_groups(
        self, groups: Iterable[RowGroup | RejectedRow]
    ) -> Iterator[MappedRows | RejectedRow]:
        """Yields the events of each group, or a RejectedRow for a row that cannot be read."""
        for group in groups:
            if isinstance(group, RejectedRow):
                yield group
            else:
                yield self._map_group(group)
                self._group_before = group

    def _map_group(self, group: RowGroup) -> MappedRows:
        if self._unseen:
            self._look_for_columns(group)
        mapped = MappedRows(group, [], None, [], {})
        for mapping, plans in self._mappings:
            if not mapping.is_for(group.values):
                continue
            for part in _parts(mapping, group):
                needs = mapping.needs
                if needs and not all(self._found(mapping, name, part.values) for name in needs):
                    continue
                event = self._event(mapping, plans, part, mapped)
                if isinstance(event, RejectedRow):
                    event = replace(event, content=group.values)
                    return replace(mapped, events=[], rejected=event)
                mapped.events.append(event)
        return mapped

    def _look_for_columns(self, group: RowGroup) -> None:
        for name, source in list(self._unseen.items()):
            if any(source.value(row) is not None for row in group.values):
                del self._unseen[name]

    def _found(self, mapping: EventMapping, name: str, rows: list[Values]) -> bool:
        value, source = self._first_said(
            mapping.sources.get(name, ()), rows, mapping.fields[name].type, name
        )
        return source is not None and not self._is_placeholder(name, value)

    def _event(
        self,
        mapping: EventMapping,
        plans: list[FieldPlan],
        group: RowGroup,
        mapped: MappedRows,
    ) -> Values | RejectedRow:
        rows = group.values
        currency, _ = self._first_said(
            mapping.sources.get("currency", ()), rows, FieldType.TEXT, "currency"
        )
        context = RowContext(
            mapping.zone, "" if currency is None else str(currency), mapping.has_decimal_comma
        )
        event: Values = {"metric": mapping.metric}
        only = rows[0] if len(rows) == 1 else None
        name = ""
        try:
            for plan in plans:
                name, wanted, convert, _, _, column, how, is_tidied = plan
                context.path = name
                if only is None or column is None:
                    self._set_field(mapping, plan, rows, context, event)
                    continue
                value = only.get(column)
                if not is_said(value, wanted.type):
                    set_missing(plan, event)
                elif is_tidied:
                    converted = convert(value, how, context)
                    event[name] = tidied_field(name, converted, value, context)
                else:
                    event[name] = convert(value, how, context)
        except Unfit as unfit:
            path = name + unfit.path
            reason = unfit.about(path)
            if unfit.found == "missing":
                reason += self._why_missing(mapping, name, group)
            return RejectedRow(self._file, group.number, path, reason, rows)
        if mapping.metric in _TAKEN_OFF and (event.get("amount") or 0) < 0:
            context.path = "amount"
            context.note(WarningKind.NEGATIVE, event["amount"], -event["amount"])
            event["amount"] = -event["amount"]
        if "event_id" not in event:
            event["event_id"] = _event_id(event)
        if context.left_out:
            mapped.left_out.update(context.left_out)
        for kind, text in context.notes:
            mapped.warnings.append(RowWarning(kind, self._file, group.number, text))
        return event

    def _set_field(
        self,
        mapping: EventMapping,
        plan: FieldPlan,
        rows: list[Values],
        context: RowContext,
        event: Values,
    ) -> None:
        name, wanted, convert, sources, keyed = plan[:5]
        if name == "items" and mapping.items is not None:
            event[name] = items_of_rows(mapping.items, rows, context)
            return
        if not sources and keyed is None:
            set_missing(plan, event)
            return
        value, source = self._first_said(sources, rows, wanted.type, name)
        if source is not None:
            how = source.how
            if how.endswith(":sum"):
                event[name] = sum_of_lines(source, rows, plan, context)
                return
            if len(rows) > 1 and source.path is not None:
                value = value_of_lines(name, source, rows, value, plan, context)
            event[name] = tidied_field(name, convert(value, how, context), value, context)
        else:
            set_missing(plan, event)
        if keyed is not None:
            found = self._read_keys(keyed, rows, wanted.type, context)
            if name == "set" and mapping.consents:
                found.update(self._read_consents(mapping.consents, rows, context))
            if found:
                event[name] = {**event.get(name, {}), **found}

    def _first_said(
        self, sources: Sources, rows: list[Values], wanted: FieldType, name: str
    ) -> tuple[Any, ColumnSource | None]:
        """Returns the first value that says something, and its source. Of several columns of an id,
        one that names nobody gives way to the next."""
        if len(sources) == 1 and len(rows) == 1:  # nearly always
            value = sources[0].first_value(rows[0])
            return (value, sources[0]) if is_said(value, wanted) else (None, None)
        left: tuple[Any, ColumnSource | None] = None, None
        for source in sources:
            for row in rows:
                value = source.first_value(row)
                if not is_said(value, wanted):
                    continue
                if len(sources) == 1 or not self._is_placeholder(name, value):
                    return value, source
                left = value, source
                break
        return left

    def _is_placeholder(self, name: str, value: Any) -> bool:
        return name == "customer_id" and str(value).strip().lower() in self._placeholder_ids

    def _read_keys(
        self,
        keyed: dict[str, Sources],
        rows: list[Values],
        wanted: FieldType,
        context: RowContext,
    ) -> Values:
        found = {}
        field_path = context.path
        for key, sources in keyed.items():
            value, source = self._first_said(sources, rows, FieldType.TEXT, key)
            if source is None:
                continue
            context.path = f"{field_path}.{key}"
            try:
                if wanted is FieldType.TEXT_MAP:
                    found[key] = convert_text_key(value)
                else:
                    converted = convert_key(value, source.how, context)
                    found[key] = tidied_field(key, converted, value, context)
            except Unfit as unfit:
                if wanted is not FieldType.PATCH:
                    raise unfit.under(f".{key}") from None
                context.leave_out(context.path, unfit)
        context.path = field_path
        return found

    def _read_consents(
        self, consents: dict[str, Sources], rows: list[Values], context: RowContext
    ) -> Values:
        """The granted channels, if a column says something about one. Consent replaces what was
        granted before, so one column that can't be read leaves all of it as it was."""
        granted = {}
        is_readable = True
        for channel, sources in consents.items():
            value, source = self._first_said(sources, rows, FieldType.TEXT, channel)
            if source is not None:
                try:
                    granted[channel] = is_granted(value)
                except Unfit as unfit:
                    context.leave_out(f"{context.path}.consent.{channel}", unfit)
                    is_readable = False
        if not granted or not is_readable:
            return {}
        return {"consent": [one for one, is_on in granted.items() if is_on]}

    def _order_of(self, mapping: EventMapping, rows: list[Values]) -> Any:
        sources = mapping.sources.get("order_id", ())
        return self._first_said(sources, rows, FieldType.TEXT, "order_id")[0]

    def _why_missing(self, mapping: EventMapping, name: str, group: RowGroup) -> str:
        """Returns the probable cause of a missing field, to be added to the reason."""
        row = group.values[0]
        order = self._order_of(mapping, group.values)
        before = self._group_before
        has_order = len(group.rows) == 1 and order is not None and before is not None
        if has_order and before is not None and order == self._order_of(mapping, before.values):
            return (
                "; the row before it is of the same order, too: if rows are lines of one order, "
                "read them together with --group-by order_id"
            )
        sources = mapping.sources.get(name, ())
        if len(sources) == 1 and sources[0].path is not None:
            column = sources[0].path.column
            if column not in row and sources[0].path.text not in row:
                self._unseen.pop(name, None)
                nearest = nearest_name(column, [str(one) for one in row])
                meant = f" (did you mean {nearest!r}?)" if nearest else ""
                return f"; the row has no column {column!r}{meant}"
        return ""


def _parts(mapping: EventMapping, group: RowGroup) -> list[RowGroup]:
    """Returns the rows of each event of a mapping: all of the group, or its first row once for each
    element of a list."""
    if mapping.each is None:
        return [group]
    number, values = group.rows[0]
    elements = mapping.each.value(values)
    if not isinstance(elements, list):
        return []
    return [RowGroup([(number, {**values, EACH: element})]) for element in elements]


def _event_id(event: Values) -> str:
    content = msgspec.json.encode(event, order="sorted")
    digest = hashlib.sha256(content).hexdigest()[:24]
    metric, order = event["metric"], event.get("order_id")
    if order is None or not metric.startswith("order."):
        return f"import-{digest}"
    head = f"import-{metric}-{order}"
    if event.get("refund_id") is not None:
        return f"{head}-{event['refund_id']}"
    is_once = metric == "order.fulfilled" or (
        metric == "order.cancelled" and event.get("amount") is None
    )
    return head if is_once else f"{head}-{digest[:16]}"
