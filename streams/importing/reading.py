"""Reads the files of an import: from rows to the records of events, with a report.

file -> rows (files/tables.py) -> groups of rows (files/groups.py)
     -> events (files/events.py) -> records (encoding.py)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.contracts.container import read_container
from streams.contracts.fields import WrongEvent
from streams.contracts.meaning import DEFAULT_DOOR, DEFAULT_PLACEHOLDERS, Door, partly_refused
from streams.contracts.moments import MOST_AHEAD, ahead_problem
from streams.engine import METRICS, Instant
from streams.engine.values import PRODUCT_METRICS, Metric, unknown_name
from streams.errors import Refused
from streams.files.events import ImportCounts, MappedRows, RowMapper
from streams.files.file_form import FileForm
from streams.files.groups import each_alone, in_groups
from streams.files.mapping import EventMapping, Sources
from streams.files.mapping_texts import (
    MappingTexts,
    importable_fields,
    parse_group_by,
    parse_mapping,
)
from streams.files.preset import Preset, with_options
from streams.files.rejected_row import UNNAMED_VALUES, RejectedRow
from streams.files.row_warning import RowWarning, WarningKind, warnings_about
from streams.files.tables import Row, columns_of, read_rows
from streams.importing.encoding import EventFields, EventRecord, event_record

REFUSED = "_refused"
"""Column of a file of rejected rows (`--refused`): why, and of which metric the row was to be."""


class MappingOptions(NamedTuple):
    """The options of the command line about the content of files."""

    maps: Sequence[str] = ()
    constants: Sequence[str] = ()
    zone: str = "UTC"
    group_by: str | None = None
    has_decimal_comma: bool = False
    form: FileForm = FileForm()
    metrics: Mapping[str, Metric] = METRICS
    placeholder_ids: frozenset[str] = DEFAULT_PLACEHOLDERS  # another column comes before them


class ImportFile(NamedTuple):
    """A file with the mappings of its rows."""

    path: Path
    mappings: tuple[EventMapping, ...]
    group_by: Sources | None
    form: FileForm
    placeholder_ids: frozenset[str]


class ImportReport:
    """Counts of an import; calls back for each rejected row and each warning."""

    def __init__(
        self,
        on_rejected: Callable[[RejectedRow, str], None] = lambda rejected, metric: None,
        on_warning: Callable[[RowWarning], None] = lambda warning: None,
    ) -> None:
        """`on_rejected` is given the metrics of the file, too, comma-separated."""
        self.counts = ImportCounts()
        self._on_rejected = on_rejected
        self._on_warning = on_warning

    def reject(self, rejected: RejectedRow, metric: str) -> None:
        """Counts and tells a rejected row, or the rows that would have made one event."""
        self.counts.reject(rejected, max(len(rejected.content), 1))
        self._on_rejected(rejected, metric)

    def reject_in_part(self, rejected: RejectedRow, fields: list[str], metric: str) -> None:
        """Counts and tells a row that was imported without some of its fields, which a file of
        rejected rows brings back."""
        self.counts.in_part += 1
        self.counts.left_out.update(fields)
        self._on_rejected(rejected, metric)

    def warn(self, warnings: Sequence[RowWarning]) -> None:
        """Counts and tells warnings."""
        for warning in warnings:
            self.counts.warnings[warning.kind] += 1
            self._on_warning(warning)


def file_as(path: Path, metric: str, options: MappingOptions) -> ImportFile:
    """Returns a file whose rows are events of one metric. Raises Refused with all mistakes."""
    columns = columns_of(path, read_container, options.form)
    mapping = parse_mapping(
        metric,
        MappingTexts(
            _meant_for(metric, options.maps, options.metrics),
            _meant_for(metric, options.constants, options.metrics),
        ),
        options.zone,
        columns,
        options.metrics,
        has_decimal_comma=options.has_decimal_comma,
    )
    group_by = options.group_by
    key = None if group_by is None else parse_group_by(group_by, mapping, columns)
    return ImportFile(path, (mapping,), key, options.form, options.placeholder_ids)


def file_by_preset(
    path: Path, preset: Preset, options: MappingOptions, metrics: Sequence[str] = ()
) -> ImportFile:
    """Returns a file with the mappings of a preset, of these `metrics` alone if some are given.
    Raises Refused with all mistakes."""
    columns = columns_of(path, read_container, options.form)
    chosen = [event for event in preset.events if not metrics or event.metric in metrics]
    for metric in metrics:
        kinds = {event.metric for event in preset.events}
        if metric not in kinds:
            raise Refused(unknown_name((), f"event of {preset.name}", metric, kinds).sentence())
    _refuse_unused(preset, [event.metric for event in chosen], options)
    mappings = []
    for event in chosen:
        maps = _fitting(event.metric, options.maps, options.metrics)
        constants = _fitting(event.metric, options.constants, options.metrics)
        texts = with_options(event, maps, constants)
        may_hold = [all(one.may_hold(columns) for one in entry) for entry in texts.when]
        if texts.when and not any(may_hold):
            continue
        mappings.append(
            parse_mapping(
                event.metric,
                texts,
                options.zone,
                columns,
                options.metrics,
                has_decimal_comma=options.has_decimal_comma,
            )
        )
    if not mappings:
        found = "" if columns is None else f"; found {', '.join(columns.names)}"
        raise Refused(f"{path}: no column of the preset '{preset.name}'{found}")
    key = None
    if options.group_by is not None:
        key = parse_group_by(options.group_by, mappings[0], columns)
    else:
        names = () if columns is None else columns.names
        shared = [column for column in preset.group_by if column in names]
        key = parse_group_by(shared[0], mappings[0], columns) if shared else None
    return ImportFile(path, tuple(mappings), key, options.form, options.placeholder_ids)


def _meant_for(metric: str, texts: Sequence[str], metrics: Mapping[str, Metric]) -> list[str]:
    """The mappings of one metric: those with its name, and those without a name."""
    chosen = []
    for text in texts:
        named = [name for name in (*metrics, *PRODUCT_METRICS) if text.startswith(f"{name}.")]
        if not named:
            chosen.append(text)
        elif metric in named:
            chosen.append(text.removeprefix(f"{metric}."))
    return chosen


def _fitting(metric: str, texts: Sequence[str], metrics: Mapping[str, Metric]) -> list[str]:
    """The mappings meant for one of the metrics of a preset: those of fields that it has."""
    fields = importable_fields(metric, metrics)
    return [text for text in _meant_for(metric, texts, metrics) if _field_in(text) in fields]


def _field_in(text: str) -> str:
    return text.partition("=")[0].partition(".")[0].removesuffix("[]")


def _refuse_unused(preset: Preset, metrics: Sequence[str], options: MappingOptions) -> None:
    """Raises Refused for an option about a field that none of the preset's events has."""
    known = {name for metric in metrics for name in importable_fields(metric, options.metrics)}
    for text in (*options.maps, *options.constants):
        texts = [one for metric in metrics for one in _meant_for(metric, [text], options.metrics)]
        if not any(_field_in(one) in known for one in texts):
            name = _field_in(texts[0] if texts else text)
            problem = unknown_name((), f"field of {preset.name}", name, sorted(known))
            raise Refused(problem.sentence())


class Judging(NamedTuple):
    """The rules for rows beside their mapping: metrics with custom ones, the door, and the time of
    the import. An event may be dated `most_ahead` ms after it."""

    metrics: Mapping[str, Metric] = METRICS
    door: Door = DEFAULT_DOOR
    now: Instant | None = None
    most_ahead: int = MOST_AHEAD
    country: str | None = None  # of national phone numbers


ALL_TIMES = Judging()
"""Without a time of the import."""


class EventOfRow(NamedTuple):
    """An event as it was mapped, and its record."""

    event: EventFields
    record: EventRecord


def read_events(
    files: Sequence[ImportFile],
    report: ImportReport,
    judging: Judging = ALL_TIMES,
) -> Iterator[EventOfRow]:
    """Yields the events of all files; counts and reports everything else."""
    for file in files:
        name = file.path.name
        names = ",".join(dict.fromkeys(mapping.metric for mapping in file.mappings))
        mapper = RowMapper(file.mappings, name, file.placeholder_ids)
        rows = _refused_before(read_rows(file.path, read_container, file.form), file, report)
        key = file.group_by
        groups = each_alone(rows) if key is None else in_groups(rows, key, name)
        for mapped in mapper.map_groups(groups):
            if isinstance(mapped, RejectedRow):
                report.counts.rows += 1
                report.reject(mapped, names)
                continue
            yield from _records(mapped, file, names, report, judging)
        for field, source in mapper.unseen().items():
            assert source.path is not None
            text = f"column {source.path.text!r} of field {field!r} is in no row"
            report.warn([RowWarning(WarningKind.MEANING, name, 0, text)])


def _records(
    mapped: MappedRows,
    file: ImportFile,
    metric: str,
    report: ImportReport,
    judging: Judging,
) -> Iterator[EventOfRow]:
    counts = report.counts
    group, name = mapped.group, file.path.name
    counts.rows += len(group.rows)
    found: list[EventOfRow] = []
    rejected = mapped.rejected
    left_out = mapped.left_out
    for event in mapped.events:
        try:
            found.append(_judged(event, judging, left_out))
        except WrongEvent as wrong:
            rejected = RejectedRow(name, group.number, wrong.field, str(wrong), group.values)
            break
    if rejected is not None:
        report.reject(rejected, metric)
        return
    if left_out:
        reason = partly_refused(left_out)
        part = RejectedRow(name, group.number, next(iter(left_out)), reason, group.values)
        report.reject_in_part(part, [*left_out], metric)
    if not found:
        counts.passed_over += len(group.rows)
    counts.events += len(found)
    about = (
        warning
        for one in found
        for warning in warnings_about(one.event, name, group.number, judging.country)
    )
    ahead = (_ahead(one.record.occurred_at, judging, name, group.number) for one in found)
    report.warn([*mapped.warnings, *about, *filter(None, ahead)])
    yield from found


def _judged(event: EventFields, judging: Judging, left_out: dict[str, str]) -> EventOfRow:
    """Returns the event as a worker will take it. Fields of a patch that don't fit are `left_out`,
    with their problems (SEMANTICS 8.4). Raises WrongEvent."""
    while True:
        try:
            return EventOfRow(event, _record(event, judging))
        except WrongEvent as wrong:
            field = wrong.field or ""
            name = field.removeprefix("set.")
            if name == field or name not in event.get("set", ()):
                raise
            fitting = {other: value for other, value in event["set"].items() if other != name}
            event = {**event, "set": fitting}
            left_out[field] = str(wrong)


def _record(event: EventFields, judging: Judging) -> EventRecord:
    record = event_record(event, judging.metrics, judging.door)
    now, at = judging.now, record.occurred_at
    if now is not None and at > now + judging.most_ahead:
        if not judging.most_ahead:
            raise WrongEvent(
                f"field 'occurred_at' is {at}, expected no time in the future", "occurred_at"
            )
        raise WrongEvent(ahead_problem(at, now) or "", "occurred_at")
    return record


def _ahead(at: Instant, judging: Judging, file: str, row: int) -> RowWarning | None:
    """Returns a warning for a moment that workers will clamp."""
    if judging.now is None or at <= judging.now:
        return None
    reason = f"field 'occurred_at' is {at}, ahead of now: it counts as now"
    return RowWarning(WarningKind.AHEAD, file, row, reason)


def _refused_before(
    rows: Iterator[Row | RejectedRow], file: ImportFile, report: ImportReport
) -> Iterator[Row | RejectedRow]:
    """Passes the rows on; those that an import has refused before without the words about it, and
    without those of other metrics."""
    metrics = {mapping.metric for mapping in file.mappings}
    for row in rows:
        if isinstance(row, RejectedRow) or REFUSED not in row[1]:
            yield row
            continue
        number, values = row
        about = values.pop(REFUSED)
        meant = about.get("metric") if isinstance(about, dict) else None
        if isinstance(about, dict) and about.get("is_part"):
            reason = "the row is a part of an order: alone it would replace the whole order"
            yield RejectedRow(file.path.name, number, None, reason, [values], is_part=True)
        elif isinstance(meant, str) and metrics.isdisjoint(meant.split(",")):
            report.counts.rows += 1
            report.counts.passed_over += 1
        elif UNNAMED_VALUES in values:
            reason = (
                f"the row still has {UNNAMED_VALUES!r}, expected a column for each of its values"
            )
            yield RejectedRow(file.path.name, number, None, reason, [values])
        else:
            yield row


def refused_lines(rejected: RejectedRow, metric: str) -> Iterator[bytes]:
    """Returns the lines of a file of rejected rows: the rows as they were read, each with the
    reason in REFUSED. Once that is mended, the file can be imported with the same options."""
    about = {
        "file": rejected.file,
        "row": rejected.row,
        "field": rejected.field,
        "reason": rejected.reason,
        "metric": metric,
    }
    if rejected.is_part:
        about["is_part"] = True
    for values in rejected.content or [{}]:
        row = {name: value for name, value in values.items() if name != REFUSED}
        # surrogates stand for bytes that are none of the encoding
        text = msgspec.json.encode({REFUSED: about, **row}, enc_hook=str)
        yield text + b"\n"
