"""`sendflow import`: rows of files, as events on the topics."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output
from streams.importing import DAYS_AFTER_LAST_EVENT

if TYPE_CHECKING:
    from streams.engine.values import Metric
    from streams.files.file_form import FileForm
    from streams.files.mapping import EventMapping, ImportCounts
    from streams.files.rejected_row import RejectedRow
    from streams.files.row_warning import RowWarning
    from streams.files.tables import Row
    from streams.importing.encoding import EventRecord
    from streams.settings import Settings


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, JSON, Parquet or Avro files; CSV and JSON also as .gz.", metavar="FILE"
        ),
    ],
    metrics: Annotated[
        list[str],
        typer.Option(
            "--as",
            metavar="METRIC",
            help="Metric of the rows, once for all files or once per file.",
        ),
    ],
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Field mapping: FIELD=COLUMN or FIELD=COLUMN:HOW (major, minor, s, ms, split or a "
            "strptime pattern); METRIC.FIELD=COLUMN for one of several metrics.",
        ),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Constant field."),
    ] = None,
    flows: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Definitions folder with custom metrics (default: the published set).",
        ),
    ] = None,
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Time zone of times without an offset.")
    ] = "UTC",
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHARACTER",
            help="Delimiter of CSV files, or its name: semicolon, tab (default: as in the header).",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Encoding of CSV files such as windows-1252 (default: by the file's mark, else "
            "UTF-8).",
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Events may trigger flows; without it they change state and trigger nothing.",
        ),
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help=f"Simulated time: end of time (default: {DAYS_AFTER_LAST_EVENT} days after "
            "the last event, at most now).",
        ),
    ] = None,
    refused: Annotated[
        Path | None,
        typer.Option("--refused", metavar="FILE", help="File for rejected rows (JSONL)."),
    ] = None,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Import files as events of a metric. Rejected rows are reported and skipped.

    Imported events are history: they change what is known of customers and trigger nothing,
    unless --live is given.

    Simulated time: flows decide as time passes. The events of all files are sorted by time. A later
    import may contain later events only.

    \b
    Example: sendflow import orders.csv --as order.placed --map order_id=invoice \\
             --map total=amount:major --set currency=GBP --zone Europe/London
    """
    from streams.errors import Refused
    from streams.files.file_form import parse_form
    from streams.files.mapping import ImportCounts
    from streams.settings import RecordTime

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    if len(metrics) not in (1, len(files)):
        raise Refused(
            f"--as is given {len(metrics)} times for {len(files)} files; expected once for all or "
            "once per file"
        )
    known = _known_metrics(metrics, flows, settings)
    form = parse_form(delimiter, encoding)
    sources = _sources(files, metrics, known, maps or [], constants or [], zone, form)
    counts = ImportCounts()
    reports = _Reports(refused)
    with reports:
        if settings.record_time is RecordTime.CREATE:
            events = _read(sources, known, form, counts, reports, not_after=_now())
            moment = None if until is None else options.moment(until, "--until", zone)
            _import_past(settings, events, counts, moment)
        else:
            events = _read(sources, known, form, counts, reports, not_after=None)
            _import_now(settings, events, counts, is_live=live)
    _summarise(counts, reports)
    if counts.rows and not counts.events:
        raise typer.Exit(output.NOT_SO)


ImportFile = tuple[Path, "EventMapping"]
Metrics = Mapping[str, "Metric"]


def _known_metrics(wanted: list[str], flows: Path | None, settings: "Settings") -> Metrics:
    """The built-in metrics; with custom ones if `wanted` names others. Raises Refused."""
    from streams.engine import METRICS
    from streams.engine.values import PRODUCT_METRICS
    from streams.errors import Refused
    from streams.operations.publish import newest_definitions

    if flows is not None:
        from streams.definitions import load_folder

        loaded = load_folder(flows)
        if loaded.definitions is None:
            raise Refused("\n".join(str(problem) for problem in loaded.problems))
        return loaded.definitions.scope().metrics
    if all(metric in METRICS or metric in PRODUCT_METRICS for metric in wanted):
        return METRICS
    published = newest_definitions(settings)
    return METRICS if published is None else published.scope().metrics


def _sources(
    files: list[Path],
    metrics: list[str],
    known: Metrics,
    maps: list[str],
    constants: list[str],
    zone: str,
    form: "FileForm",
) -> list[ImportFile]:
    from streams.files.file_form import suffix_of
    from streams.files.mapping import parse_mapping
    from streams.files.tables import NAMING_FORMATS, columns_of

    each = metrics * len(files) if len(metrics) == 1 else metrics
    sources = []
    for file, metric in zip(files, each, strict=True):
        columns = columns_of(file, form=form) if suffix_of(file) in NAMING_FORMATS else None
        mapping = parse_mapping(
            metric,
            _meant_for(metric, maps, known),
            _meant_for(metric, constants, known),
            zone,
            None if columns is None else columns.names,
            known,
        )
        sources.append((file, mapping))
    return sources


def _meant_for(metric: str, texts: list[str], known: Metrics) -> list[str]:
    """The mappings of one metric: those with its name, and those without a name."""
    chosen = []
    for text in texts:
        named = [name for name in known if text.startswith(f"{name}.")]
        if not named:
            chosen.append(text)
        elif metric in named:
            chosen.append(text.removeprefix(f"{metric}."))
    return chosen


class _Reports:
    """Prints the first rejected rows and the first warnings, and writes all rejected rows to a file
    if one is given."""

    def __init__(self, path: Path | None) -> None:
        self.shown = 0
        self.warnings = 0
        self._file = None if path is None else path.open("w", encoding="utf-8")

    def __enter__(self) -> "_Reports":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejected: "RejectedRow") -> None:
        import msgspec

        if self.shown < output.MOST_SHOWN:
            self.shown += 1
            output.complain(str(rejected))
        if self._file is not None:
            self._file.write(msgspec.json.encode(rejected).decode() + "\n")

    def warn(self, warning: "RowWarning") -> None:
        self.warnings += 1
        if self.warnings <= output.MOST_SHOWN:
            output.note(f"warning: {warning}", "yellow")


def _read(
    sources: list[ImportFile],
    known: Metrics,
    form: "FileForm",
    counts: "ImportCounts",
    reports: _Reports,
    not_after: int | None,
) -> Iterator["EventRecord"]:
    """The events of all files; counts and reports rejected rows and warnings."""
    from streams.contracts.container import read_container
    from streams.files.mapping import map_rows
    from streams.files.rejected_row import RejectedRow
    from streams.files.row_warning import warning_about
    from streams.files.tables import read_rows

    for path, mapping in sources:
        numbers = _Numbers()
        rows = numbers.of(read_rows(path, read_container, form))
        for result in map_rows(mapping, path.name, rows, counts):
            if isinstance(result, RejectedRow):
                reports.add(result)
                continue
            row = numbers.newest
            record = _record(result, known, not_after, path.name, row)
            if isinstance(record, RejectedRow):
                counts.events -= 1
                counts.reject(record)
                reports.add(record)
                continue
            warning = warning_about(result, path.name, row)
            if warning is not None:
                reports.warn(warning)
            yield record


def _record(
    event: dict[str, Any], known: Metrics, not_after: int | None, file: str, row: int
) -> "EventRecord | RejectedRow":
    """The record of an event, or the reason why its topic can't hold it."""
    from streams.contracts.fields import WrongEvent
    from streams.files.rejected_row import RejectedRow
    from streams.importing.encoding import event_record

    at = event["occurred_at"]
    if not_after is not None and at > not_after:
        reason = f"field 'occurred_at' is {at}, expected no time in the future"
        return RejectedRow(file, row, "occurred_at", reason)
    try:
        return event_record(event, known)
    except WrongEvent as wrong:
        return RejectedRow(file, row, wrong.field, str(wrong))


class _Numbers:
    """Number of the row read last."""

    newest = 0

    def of(self, rows: "Iterator[Row | RejectedRow]") -> "Iterator[Row | RejectedRow]":
        """Passes the rows on."""
        for row in rows:
            if isinstance(row, tuple):
                self.newest = row[0]
            yield row


def _import_now(
    settings: "Settings",
    events: Iterator["EventRecord"],
    counts: "ImportCounts",
    *,
    is_live: bool,
) -> None:
    from streams.importing.writing import write_history, write_live
    from streams.kafka.event_producer import EventProducer

    write = write_live if is_live else write_history
    with output.progress("importing") as bar, EventProducer(settings) as producer:
        for event in events:
            write(event, producer.produce)
            if counts.rows % 1_000 == 0:
                bar.reach(counts.events, f"{counts.events:,} events")


def _import_past(
    settings: "Settings",
    events: Iterator["EventRecord"],
    counts: "ImportCounts",
    until: int | None,
) -> None:
    from itertools import chain

    from streams.importing.past_import import end_after, end_at, refuse_later_records, write_past
    from streams.importing.sorting import in_order_of_time

    with output.progress("reading and sorting") as bar:

        def counted() -> Iterator["EventRecord"]:
            for event in events:
                if counts.rows % 1_000 == 0:
                    bar.reach(counts.events, f"{counts.events:,} events")
                yield event

        ordered = in_order_of_time(counted())
        first = next(ordered, None)
    if first is None:
        return
    refuse_later_records(settings, first.occurred_at)
    end = end_after(DAYS_AFTER_LAST_EVENT, _now()) if until is None else end_at(until, _now())
    with output.progress("importing", counts.events) as bar:
        write_past(settings, chain((first,), ordered), end, lambda done, at: bar.reach(done))


def _summarise(counts: "ImportCounts", reports: _Reports) -> None:
    output.say(f"{counts.events:,} events of {counts.rows:,} rows")
    if counts.rejected:
        output.say(f"{counts.rejected:,} rows rejected:")
        for field, number in counts.rejected_by_field.most_common():
            output.say(f"  {number:,}  {field or 'whole row'}")
    if reports.warnings:
        rows = output.several(reports.warnings, "row")
        output.say(f"{rows} imported with warnings: unknown time zone")


def _now() -> int:
    return time.time_ns() // 1_000_000
