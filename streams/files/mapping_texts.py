"""Mappings of the columns of a table to the fields of a metric, as options and presets write them.

    --map order_id=invoice             column `invoice`, converted to the type of the field
    --map total=properties.revenue     a field further in (column_path.py has all forms)
    --map total=amount:major           an amount in major units (12.50) to minor units (1250)
    --map occurred_at=day:%d/%m/%Y     a time in a pattern of strptime; `:s`, `:ms`, `:us`: numbers
    --map tags=labels:split            comma-separated text to a list
    --map items=basket:major           items as records or JSON, their prices in major units
    --map "items[].sku=lines[].code"   one field of the items; of the others, their own names
    --map "items[].sku=Item"           one field of the item that a row is (lines of an order)
    --map set.email=mail               one key of a map (`set` of customer.updated, `properties`)
    --map set.consent.sms=SMS          a column that says yes or no to one channel
    --set currency=GBP                 a constant

A field that is not mapped is taken from the column of its own name, if there is one; missing lists
and maps are empty. Times without an offset are in the mapping's zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streams.engine.values import (
    ITEM_FIELDS,
    METRICS,
    NEWS,
    PRODUCT_METRICS,
    Field,
    FieldType,
    Metric,
    unknown_name,
)
from streams.errors import Refused
from streams.files.column_path import ColumnPath, parse_reference
from streams.files.convert import HOWS, how_is_known
from streams.files.mapping import (
    EACH,
    EMPTY,
    ColumnSource,
    EventMapping,
    ItemSources,
    RowCondition,
    Sources,
)
from streams.files.tables import Columns

_EVENT_FIELDS: dict[str, Field] = {
    "event_id": Field(FieldType.TEXT, is_optional=True),
    "customer_id": Field(FieldType.TEXT),
    "occurred_at": Field(FieldType.MOMENT),
}


_KEYED = (FieldType.TEXT_MAP, FieldType.PATCH)
_ONE_ITEM = "items[]"
_CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class MappingTexts:
    """A mapping as it is written: `maps` and `constants` of the command line, and for fields that
    they don't name the `alternatives` of a preset: columns, the first of which counts that a file
    has."""

    maps: Sequence[str] = ()
    constants: Sequence[str] = ()
    alternatives: Mapping[str, Sequence[str]] = field(default_factory=dict)
    preset_constants: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    when: tuple[tuple[RowCondition, ...], ...] = ()
    each: ColumnPath | None = None


def parse_mapping(
    metric: str,
    texts: MappingTexts,
    zone: str = "UTC",
    columns: Columns | None = None,
    metrics: Mapping[str, Metric] = METRICS,
    *,
    has_decimal_comma: bool = False,
) -> EventMapping:
    """Returns the mapping of `--map` and `--set`. `metrics` includes custom ones; `columns` are
    those known of the file. Raises Refused with all mistakes: an unknown metric, field, column,
    zone or conversion, a duplicate field, a required field without a source.
    """
    fields = importable_fields(metric, metrics)
    if columns is not None and texts.each is not None:
        columns = columns._replace(names=(*columns.names, EACH))
    builder = _Builder(metric, fields, columns)
    builder.add_options(texts)
    builder.add_alternatives(texts)
    builder.add_columns_of_their_names()
    try:
        parsed_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        builder.problems.append(f"--zone is {zone!r}, expected a time zone such as Europe/London")
        parsed_zone = ZoneInfo("UTC")
    if builder.problems:
        raise Refused("\n".join(builder.problems))
    return EventMapping(
        metric,
        fields,
        builder.sources,
        builder.keys,
        builder.consents,
        builder.item_sources(),
        parsed_zone,
        has_decimal_comma,
        texts.needs,
        texts.when,
        texts.each,
        frozenset(text.partition("=")[0] for text in texts.maps),
    )


def importable_fields(metric: str, metrics: Mapping[str, Metric] = METRICS) -> dict[str, Field]:
    """Returns all fields of a metric that can be imported. Raises Refused."""
    if metric in NEWS:
        raise Refused(f"metric '{metric}' is written by workers only; import product.updated")
    known = {**metrics, **PRODUCT_METRICS}
    known = {name: one for name, one in known.items() if name not in NEWS}
    if metric not in known:
        raise Refused(unknown_name((), "metric", metric, known).sentence())
    shared = _EVENT_FIELDS
    if metric in PRODUCT_METRICS:
        shared = {name: _EVENT_FIELDS[name] for name in ("event_id", "occurred_at")}
    return {**shared, **known[metric].fields}


class _Builder:
    """Collects the sources of one mapping, and its mistakes."""

    def __init__(self, metric: str, fields: dict[str, Field], columns: Columns | None) -> None:
        self.problems: list[str] = []
        self.sources: dict[str, Sources] = {}
        self.keys: dict[str, dict[str, Sources]] = {}
        self.consents: dict[str, Sources] = {}
        self._metric = metric
        self._fields = fields
        self._names: Sequence[str] = () if columns is None else columns.names
        self._all_names = self._names if columns is not None and columns.are_all else None
        self._items: dict[str, Sources] = {}
        self._targets: set[str] = set()

    def add_options(self, texts: MappingTexts) -> None:
        """Adds what `--map` and `--set` say."""
        for option, entries in (("--map", texts.maps), ("--set", texts.constants)):
            for text in entries:
                target, _, origin = text.partition("=")
                source = self._source(option, text, target, origin)
                if source is None:
                    continue
                problem = self._mistake(target, source)
                if problem is None and target in self._targets:
                    problem = f"duplicate field '{target}'"
                if problem is None:
                    self._put(target, (source,))
                else:
                    self.problems.append(problem)
                    self._targets.add(target)  # not missing as well

    def _source(self, option: str, text: str, target: str, origin: str) -> ColumnSource | None:
        if option == "--set":
            if target and origin:
                return ColumnSource(None, "", origin)
            self.problems.append(f"--set '{text}': expected FIELD=VALUE")
            return None
        parsed = parse_reference(origin, self._names) if target and origin else None
        if parsed is None:
            self.problems.append(
                f"--map '{text}': expected FIELD=COLUMN or FIELD=COLUMN:HOW; a name with a colon, "
                'dot or bracket in quotes: FIELD="COLUMN"'
            )
            return None
        return ColumnSource(*parsed)

    def add_alternatives(self, texts: MappingTexts) -> None:
        """Adds what a preset says of fields that no option names, where the file has it."""
        has_items = "items" in self._targets
        for target, references in texts.alternatives.items():
            if target in self._targets or (has_items and _name_of(target) == "items"):
                continue
            parsed = [parse_reference(text, self._names) for text in references]
            sources = tuple(ColumnSource(*one) for one in parsed if one is not None)
            sources = tuple(source for source in sources if not self._is_unknown(source))
            if sources:
                self._put(target, sources)
            elif target in texts.preset_constants:
                continue
            elif self._needs_source(target):
                self.problems.append(
                    f"no column for field '{target}' of {self._metric}, expected one of "
                    f"{', '.join(references)}: map it (--map {target}=COLUMN) or set it "
                    f"(--set {target}=VALUE)"
                )
                self._targets.add(target)
        for target, constant in texts.preset_constants.items():
            if target not in {text.partition("=")[0] for text in (*texts.maps, *texts.constants)}:
                self._put_last(target, ColumnSource(None, "", constant))

    def add_columns_of_their_names(self) -> None:
        """Adds the columns called like the fields that have no source yet."""
        gone_into = self._columns_gone_into()
        for name in self._fields:
            if name in self._targets or name in self.keys:
                continue
            if name == "items" and self._items:
                continue
            if name in gone_into and self._fields[name].type in _KEYED:
                continue  # `properties.total` is mapped: the column is no map of text
            if self._all_names is None or name in self._all_names:
                self.sources[name] = (ColumnSource(ColumnPath(name, (name,))),)
            elif self._needs_source(name):
                self.problems.append(
                    f"no column for field '{name}' of {self._metric}: map it (--map {name}=COLUMN) "
                    f"or set it (--set {name}=VALUE); columns: {', '.join(self._all_names)}"
                )

    def item_sources(self) -> ItemSources | None:
        """Returns the sources of single fields of the items; None without any."""
        if not self._items:
            return None
        lists = list(self.sources.pop("items", ()))
        in_element: dict[str, Sources] = {}
        in_row: dict[str, Sources] = {}
        for name, sources in self._items.items():
            for source in sources:
                parts = None if source.path is None else source.path.split_at_elements()
                if parts is None:
                    in_row[name] = (*in_row.get(name, ()), source)
                    continue
                to_list, inside = parts
                if all(one.path is None or one.path.text != to_list.text for one in lists):
                    lists.append(ColumnSource(to_list))
                inner = ColumnSource(inside, source.how)
                in_element[name] = (*in_element.get(name, ()), inner)
        return ItemSources(tuple(lists), in_element, in_row)

    def _columns_gone_into(self) -> set[str]:
        """Returns the columns that paths of this mapping begin at."""
        keyed = (sources for keys in self.keys.values() for sources in keys.values())
        every = (*self.sources.values(), *keyed, *self._items.values(), *self.consents.values())
        paths = (source.path for sources in every for source in sources)
        return {path.column for path in paths if path is not None and len(path.steps) > 1}

    def _put(self, target: str, sources: Sources) -> None:
        self._targets.add(target)
        name = _name_of(target)
        key = target[len(name) + 1 :]
        if target.startswith(_ONE_ITEM):
            self._items[target.removeprefix(f"{_ONE_ITEM}.")] = sources
        elif not key:
            self.sources[name] = sources
        elif key.startswith(f"{_CONSENT}."):
            self.consents[key.removeprefix(f"{_CONSENT}.")] = sources
            self.keys.setdefault(name, {})
        else:
            self.keys.setdefault(name, {})[key] = sources

    def _put_last(self, target: str, source: ColumnSource) -> None:
        inside = target.removeprefix(f"{_ONE_ITEM}.")
        before = self._items.get(inside) if inside != target else self.sources.get(target)
        self._put(target, (*(before or ()), source))

    def _needs_source(self, target: str) -> bool:
        wanted = self._fields.get(target)
        return wanted is not None and not wanted.is_optional and wanted.type not in EMPTY

    def _is_unknown(self, source: ColumnSource) -> bool:
        path, names = source.path, self._all_names
        return (
            path is not None
            and names is not None
            and path.text not in names
            and path.column not in names
        )

    def _mistake(self, target: str, source: ColumnSource) -> str | None:
        """Returns the problem of one entry of a mapping, if any."""
        name = _name_of(target)
        key = target[len(name) + 1 :]
        if target.startswith(_ONE_ITEM):
            inside = target.removeprefix(f"{_ONE_ITEM}.")
            if "items" not in self._fields:
                return f"field '{target}': {self._metric} has no items"
            if inside not in ITEM_FIELDS:
                return unknown_name((), "field of an item", inside, ITEM_FIELDS).sentence()
            wanted, key = ITEM_FIELDS[inside].type, ""
        elif name not in self._fields:
            return unknown_name((), "field", name, self._fields).sentence()
        else:
            wanted = self._fields[name].type
            if key and wanted not in _KEYED:
                return f"field '{target}': '{name}' ({wanted.value}) has no keys"
        if self._is_unknown(source) and source.path is not None and self._all_names is not None:
            return unknown_name((), "column", source.path.column, self._all_names).sentence()
        if not how_is_known(wanted, key, source.how):
            kind = f"way to read {wanted.value}"
            ways = HOWS["key" if key else wanted]
            return f"field '{target}': {unknown_name((), kind, source.how, ways).sentence()}"
        return None


def _name_of(target: str) -> str:
    """Returns the field that a target is in: `set` of `set.email`, `items` of `items[].sku`."""
    return "items" if target.startswith(_ONE_ITEM) else target.partition(".")[0]


def parse_group_by(text: str, mapping: EventMapping, columns: Columns | None) -> Sources:
    """Returns the source of the value that rows of one event share: that of a mapped field, or a
    column. Raises Refused."""
    names: Iterable[str] = () if columns is None else columns.names
    if text in mapping.sources and text not in names:
        return mapping.sources[text]
    parsed = parse_reference(text, tuple(names))
    is_known = columns is None or not columns.are_all or (parsed and parsed[0].column in names)
    if parsed is None or not is_known:
        problem = unknown_name((), "column", text, {*names, *mapping.sources}).sentence()
        raise Refused(f"--group-by: {problem}")
    return (ColumnSource(*parsed),)
