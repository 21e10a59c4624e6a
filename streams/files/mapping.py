"""Columns of a table to the fields of a metric: events, or refusals that say what is wrong.

A mapping is written as on the command line:

    --map order_id=invoice             the field is the column `invoice`, as its type asks
    --map total=amount:major           an amount in major units (12.50) to minor units (1250)
    --map occurred_at=day:%d/%m/%Y     a moment in a pattern of strptime; `:s`, `:ms` for numbers
    --map tags=labels:split            a text with commas to a list
    --map items=basket:major           items as records or JSON, their prices in major units
    --map set.email=mail               one key of a map (`set` of customer.updated, `filters`)
    --set currency=GBP                 a constant

A field that isn't mapped is taken from the column of its own name, if there is one; lists and maps
that aren't there are empty. Clock times without an offset lie in the mapping's zone. An event
without an `event_id` gets one from its own content, so importing a file twice changes nothing that
the first time didn't.
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
from streams.files.convert import CONVERTERS, HOWS, Reading, Unfit, convert_key, how_is_known
from streams.files.refusal import Refusal
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
class Source:
    """Where a field comes from: a column, read in a way (`how`), or a constant text."""

    column: str | None
    how: str = ""
    constant: str | None = None

    def value(self, row: dict[str, Any]) -> Any:
        """What the row says; None where it says nothing (missing, null, blank)."""
        if self.column is None:
            return self.constant
        value = row.get(self.column)
        return None if isinstance(value, str) and not value.strip() else value


@dataclass(frozen=True, slots=True)
class EventMapping:
    """How rows become events of one metric, which have these `fields`. `keys` holds the single keys
    of maps: field to key to source."""

    metric: str
    fields: Mapping[str, Field]
    sources: dict[str, Source]
    keys: dict[str, dict[str, Source]]
    zone: ZoneInfo


@dataclass(slots=True)
class ImportCounts:
    """What became of the rows of an import."""

    rows: int = 0
    events: int = 0
    refused: int = 0
    refused_by_field: Counter[str] = field(default_factory=Counter)  # "" for the row as a whole

    def refuse(self, refusal: Refusal) -> None:
        self.refused += 1
        self.refused_by_field[refusal.field or ""] += 1


def parse_mapping(
    metric: str,
    maps: Sequence[str] = (),
    constants: Sequence[str] = (),
    zone: str = "UTC",
    columns: Sequence[str] | None = None,
    metrics: Mapping[str, Metric] = METRICS,
) -> EventMapping:
    """A mapping from the texts of `--map` and `--set`. `metrics` holds the shop's own ones too.

    `columns` are those of the file, where they are known beforehand (`tables.columns_of`).
    Raises Refused with every mistake: an unknown metric, field, column, zone or way of reading, a
    field given twice, a required field that nothing fills.
    """
    known = {**metrics, **PRODUCT_METRICS}
    if metric in NEWS:
        raise Refused(f"metric '{metric}' is written by the workers alone; import product.updated")
    known = {name: one for name, one in known.items() if name not in NEWS}
    if metric not in known:
        raise Refused(unknown_name((), "metric", metric, known).sentence())
    common = _EVENT_FIELDS
    if metric in PRODUCT_METRICS:
        common = {name: _EVENT_FIELDS[name] for name in ("event_id", "occurred_at")}
    fields = {**common, **known[metric].fields}
    problems: list[str] = []
    sources: dict[str, Source] = {}
    keys: dict[str, dict[str, Source]] = {}
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
            problem = f"field '{target}' is given twice"
        if problem is None:
            place[key or name] = source
        else:
            problems.append(problem)
    for name, wanted in fields.items():
        if name in sources or name in keys:
            continue
        if columns is None or name in columns:
            sources[name] = Source(name)
        elif not wanted.is_optional and wanted.type not in _EMPTY:
            problems.append(
                f"field '{name}' of {metric} has no column: map it (--map {name}=COLUMN) or give "
                f"a constant (--set {name}=VALUE); the columns are {', '.join(columns)}"
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
    mapping: EventMapping, file: str, rows: Iterable[Row | Refusal], counts: ImportCounts
) -> Iterator[dict[str, Any] | Refusal]:
    """An event (a dict as DESIGN 7 names its fields, with `metric`) or a Refusal for
    each row; `counts` is kept up to date. `file` is the name shown in refusals."""
    for entry in rows:
        counts.rows += 1
        result = entry if isinstance(entry, Refusal) else _map_row(mapping, file, entry)
        if isinstance(result, Refusal):
            counts.refuse(result)
        else:
            counts.events += 1
        yield result


def _map_row(mapping: EventMapping, file: str, row: Row) -> dict[str, Any] | Refusal:
    number, values = row
    currency = mapping.sources.get("currency")
    written = None if currency is None else currency.value(values)
    reading = Reading(mapping.zone, "" if written is None else str(written))
    event: dict[str, Any] = {"metric": mapping.metric}
    for name, wanted in mapping.fields.items():
        source = mapping.sources.get(name)
        value = None if source is None else source.value(values)
        keyed = mapping.keys.get(name)
        try:
            if value is not None and source is not None:
                event[name] = CONVERTERS[wanted.type](value, source.how, reading)
            elif wanted.type in _EMPTY:
                event[name] = _EMPTY[wanted.type].copy()
            elif not wanted.is_optional:
                raise Unfit(None, wanted.type.value)
            if keyed:
                event[name].update(_read_keys(keyed, values))
        except Unfit as unfit:
            path = name + unfit.path
            reason = f"field {path!r} is {unfit.found}, expected {unfit.expected}"
            return Refusal(file, number, path, reason)
    if "event_id" not in event:
        content = msgspec.json.encode(event, order="sorted")
        event["event_id"] = f"import-{hashlib.sha256(content).hexdigest()[:24]}"
    return event


def _read_keys(keyed: dict[str, Source], row: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, source in keyed.items():
        value = source.value(row)
        if value is not None:
            try:
                found[key] = convert_key(value, source.how)
            except Unfit as unfit:
                raise unfit.under(f".{key}") from None
    return found


def _parse_map(text: str, problems: list[str]) -> tuple[str, Source] | None:
    target, equals, origin = text.partition("=")
    column, _, how = origin.partition(":")  # a pattern of strptime has colons of its own
    if target and equals and column:
        return target, Source(column, how)
    problems.append(f"--map '{text}': expected FIELD=COLUMN or FIELD=COLUMN:HOW")
    return None


def _parse_constant(text: str, problems: list[str]) -> tuple[str, Source] | None:
    target, equals, constant = text.partition("=")
    if target and equals and constant:
        return target, Source(None, "", constant)
    problems.append(f"--set '{text}': expected FIELD=VALUE")
    return None


def _mistake(
    fields: dict[str, Field],
    name: str,
    key: str,
    source: Source,
    columns: Sequence[str] | None,
) -> str | None:
    """What is wrong with one entry of a mapping, if anything."""
    if name not in fields:
        return unknown_name((), "field", name, fields).sentence()
    wanted = fields[name].type
    if key and wanted not in _KEYED:
        return f"field '{name}.{key}': '{name}' is {wanted.value} and has no keys"
    if source.column is not None and columns is not None and source.column not in columns:
        return unknown_name((), "column", source.column, columns).sentence()
    if not how_is_known(wanted, key, source.how):
        kind = f"way to read {wanted.value}"
        ways = HOWS["key" if key else wanted]
        return f"field '{name}': {unknown_name((), kind, source.how, ways).sentence()}"
    return None
