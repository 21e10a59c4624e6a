"""Maps the columns of a table to the fields of a metric: rows become events or rejected rows.

A mapping is written as on the command line:

    --map order_id=invoice             column `invoice`, converted to the type of the field
    --map total=amount:major           an amount in major units (12.50) to minor units (1250)
    --map occurred_at=day:%d/%m/%Y     a time in a pattern of strptime; `:s`, `:ms` for numbers
    --map tags=labels:split            comma-separated text to a list
    --map items=basket:major           items as records or JSON, their prices in major units
    --map set.email=mail               one key of a map (`set` of customer.updated, `filters`)
    --set currency=GBP                 a constant

A field that is not mapped is taken from the column of its own name, if there is one; missing lists
and maps are empty. Times without an offset are in the mapping's zone. An event without an
`event_id` gets one from its content, so that importing a file again changes nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from streams.engine.values import (
    METRICS,
    NEWS,
    PRODUCT_METRICS,
    Field,
    FieldType,
    Metric,
    unknown_name,
)
from streams.errors import Refused
from streams.files.convert import CONVERTERS, HOWS, RowContext, Unfit, convert_key, how_is_known
from streams.files.rejected_row import RejectedRow
from streams.files.tables import Row

_EVENT_FIELDS: dict[str, Field] = {
    "event_id": Field(FieldType.TEXT, is_optional=True),
    "customer_id": Field(FieldType.TEXT),
    "occurred_at": Field(FieldType.MOMENT),
}

_EMPTY: dict[FieldType, Any] = {
    FieldType.ITEMS: [],
    FieldType.TEXTS: [],
    FieldType.NUMBERS: [],
    FieldType.TEXT_MAP: {},
    FieldType.PATCH: {},
}

_KEYED = (FieldType.TEXT_MAP, FieldType.PATCH)


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """The source of a field: a column with its conversion (`how`), or a constant text."""

    column: str | None
    how: str = ""
    constant: str | None = None

    def value(self, row: dict[str, Any]) -> Any:
        """Returns the value in a row; None if it is missing, null or blank."""
        if self.column is None:
            return self.constant
        value = row.get(self.column)
        return None if isinstance(value, str) and not value.strip() else value


@dataclass(frozen=True, slots=True)
class EventMapping:
    """The mapping of rows to events of one metric with these `fields`. `keys` holds the single keys
    of maps: field to key to source."""

    metric: str
    fields: Mapping[str, Field]
    sources: dict[str, ColumnSource]
    keys: dict[str, dict[str, ColumnSource]]
    zone: ZoneInfo


@dataclass(slots=True)
class ImportCounts:
    """Numbers of imported and rejected rows."""

    rows: int = 0
    events: int = 0
    rejected: int = 0
    rejected_by_field: Counter[str] = field(default_factory=Counter)  # "" for a whole row

    def reject(self, rejected: RejectedRow) -> None:
        self.rejected += 1
        self.rejected_by_field[rejected.field or ""] += 1


def parse_mapping(
    metric: str,
    maps: Sequence[str] = (),
    constants: Sequence[str] = (),
    zone: str = "UTC",
    columns: Sequence[str] | None = None,
    metrics: Mapping[str, Metric] = METRICS,
) -> EventMapping:
    """Returns the mapping of `--map` and `--set`. `metrics` includes custom ones.

    `columns` are those of the file, where they are known beforehand (`tables.columns_of`).
    Raises Refused with all mistakes: an unknown metric, field, column, zone or conversion, a
    duplicate field, a required field without a source.
    """
    known = {**metrics, **PRODUCT_METRICS}
    if metric in NEWS:
        raise Refused(f"metric '{metric}' is written by workers only; import product.updated")
    known = {name: one for name, one in known.items() if name not in NEWS}
    if metric not in known:
        raise Refused(unknown_name((), "metric", metric, known).sentence())
    common = _EVENT_FIELDS
    if metric in PRODUCT_METRICS:
        common = {name: _EVENT_FIELDS[name] for name in ("event_id", "occurred_at")}
    fields = {**common, **known[metric].fields}
    problems: list[str] = []
    sources: dict[str, ColumnSource] = {}
    keys: dict[str, dict[str, ColumnSource]] = {}
    parsed = [_parse_map(text, problems) for text in maps]
    parsed += [_parse_constant(text, problems) for text in constants]
    for entry in parsed:
        if entry is None:
            continue
        target, source = entry
        name, _, key = target.partition(".")
        problem = _mistake(fields, name, key, source, columns)
        place = keys.setdefault(name, {}) if key else sources
        if problem is None and (key or name) in place:
            problem = f"duplicate field '{target}'"
        if problem is None:
            place[key or name] = source
        else:
            problems.append(problem)
    for name, wanted in fields.items():
        if name in sources or name in keys:
            continue
        if columns is None or name in columns:
            sources[name] = ColumnSource(name)
        elif not wanted.is_optional and wanted.type not in _EMPTY:
            problems.append(
                f"no column for field '{name}' of {metric}: map it (--map {name}=COLUMN) or set it "
                f"(--set {name}=VALUE); columns: {', '.join(columns)}"
            )
    try:
        parsed_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"--zone is {zone!r}, expected a time zone such as Europe/London")
        parsed_zone = ZoneInfo("UTC")
    if problems:
        raise Refused("\n".join(problems))
    return EventMapping(metric, fields, sources, keys, parsed_zone)


def map_rows(
    mapping: EventMapping, file: str, rows: Iterable[Row | RejectedRow], counts: ImportCounts
) -> Iterator[dict[str, Any] | RejectedRow]:
    """Yields an event (a dict with `metric` and the fields of DESIGN 7) or a RejectedRow for
    each row, and updates `counts`. `file` is the name shown for rejected rows."""
    for entry in rows:
        counts.rows += 1
        result = entry if isinstance(entry, RejectedRow) else _map_row(mapping, file, entry)
        if isinstance(result, RejectedRow):
            counts.reject(result)
        else:
            counts.events += 1
        yield result


def _map_row(mapping: EventMapping, file: str, row: Row) -> dict[str, Any] | RejectedRow:
    number, values = row
    currency = mapping.sources.get("currency")
    written = None if currency is None else currency.value(values)
    context = RowContext(mapping.zone, "" if written is None else str(written))
    event: dict[str, Any] = {"metric": mapping.metric}
    for name, wanted in mapping.fields.items():
        source = mapping.sources.get(name)
        value = None if source is None else source.value(values)
        keyed = mapping.keys.get(name)
        try:
            if value is not None and source is not None:
                event[name] = CONVERTERS[wanted.type](value, source.how, context)
            elif wanted.type in _EMPTY and not wanted.is_optional:
                event[name] = _EMPTY[wanted.type].copy()
            elif not wanted.is_optional:
                raise Unfit(None, wanted.type.value)
            if keyed:
                event[name].update(_read_keys(keyed, values))
        except Unfit as unfit:
            path = name + unfit.path
            reason = f"field {path!r} is {unfit.found}, expected {unfit.expected}"
            return RejectedRow(file, number, path, reason)
    if "event_id" not in event:
        content = msgspec.json.encode(event, order="sorted")
        event["event_id"] = f"import-{hashlib.sha256(content).hexdigest()[:24]}"
    return event


def _read_keys(keyed: dict[str, ColumnSource], row: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, source in keyed.items():
        value = source.value(row)
        if value is not None:
            try:
                found[key] = convert_key(value, source.how)
            except Unfit as unfit:
                raise unfit.under(f".{key}") from None
    return found


def _parse_map(text: str, problems: list[str]) -> tuple[str, ColumnSource] | None:
    target, equals, origin = text.partition("=")
    column, _, how = origin.partition(":")  # patterns of strptime contain colons
    if target and equals and column:
        return target, ColumnSource(column, how)
    problems.append(f"--map '{text}': expected FIELD=COLUMN or FIELD=COLUMN:HOW")
    return None


def _parse_constant(text: str, problems: list[str]) -> tuple[str, ColumnSource] | None:
    target, equals, constant = text.partition("=")
    if target and equals and constant:
        return target, ColumnSource(None, "", constant)
    problems.append(f"--set '{text}': expected FIELD=VALUE")
    return None


def _mistake(
    fields: dict[str, Field],
    name: str,
    key: str,
    source: ColumnSource,
    columns: Sequence[str] | None,
) -> str | None:
    """Returns the problem of one entry of a mapping, if any."""
    if name not in fields:
        return unknown_name((), "field", name, fields).sentence()
    wanted = fields[name].type
    if key and wanted not in _KEYED:
        return f"field '{name}.{key}': '{name}' ({wanted.value}) has no keys"
    if source.column is not None and columns is not None and source.column not in columns:
        return unknown_name((), "column", source.column, columns).sentence()
    if not how_is_known(wanted, key, source.how):
        kind = f"way to read {wanted.value}"
        ways = HOWS["key" if key else wanted]
        return f"field '{name}': {unknown_name((), kind, source.how, ways).sentence()}"
    return None
