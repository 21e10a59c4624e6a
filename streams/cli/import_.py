"""`sendflow import`: rows of files, as events on the topics."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output
from streams.importing import DAYS_AFTER_LAST_EVENT

if TYPE_CHECKING:
    from streams.engine import Definitions
    from streams.files.rejected_row import RejectedRow
    from streams.files.row_warning import RowWarning, WarningKind
    from streams.importing.encoding import EventRecord
    from streams.importing.reading import EventOfRow, ImportFile, ImportReport, MappingOptions
    from streams.settings import Settings


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, JSON, Parquet or Avro files; CSV and JSON also as .gz.", metavar="FILE"
        ),
    ],
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="METRIC",
            help="Metric of the rows, once for all files or once per file; of a preset: the "
            "metrics that count.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Mapping of what another system exports: shopify-orders, shopify-customers, "
            "woocommerce-orders, segment, ga4, klaviyo-profiles.",
        ),
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Field mapping: FIELD=COLUMN or FIELD=COLUMN:HOW (major, minor, s, ms, us, split "
            "or a strptime pattern); METRIC.FIELD=COLUMN for one of several metrics. A column may "
            "be a path: properties.revenue, items[].sku=products[].id.",
        ),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Constant field."),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            "--group-by",
            metavar="FIELD",
            help="Field or column that neighbouring rows share which make one event: order_id.",
        ),
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
    decimal_comma: Annotated[
        bool,
        typer.Option("--decimal-comma", help="Numbers in texts have a decimal comma: 1.234,50."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show the first events, count all doubts and write nothing; no brokers needed.",
        ),
    ] = False,
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
        typer.Option(
            "--refused",
            metavar="FILE.jsonl",
            help="File for rejected rows, each with the reason: mend and import it the same way.",
        ),
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

    Exit status: 0 all rows are imported, 3 some were rejected, whole or in part, 1 all were.

    \b
    Example: sendflow import orders.csv --as order.placed --map order_id=invoice \\
             --map total=amount:major --set currency=GBP --zone Europe/London
             sendflow import orders_export.csv --preset shopify-orders --dry-run
    """
    from streams.contracts.meaning import Door
    from streams.contracts.moments import MOST_AHEAD
    from streams.files.file_form import parse_form
    from streams.files.tables import check_readable
    from streams.importing.reading import ImportReport, Judging, MappingOptions, read_events
    from streams.settings import RecordTime

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    is_past = settings.record_time is RecordTime.CREATE
    if preset is None:
        _check_metrics(files, metrics or [])
    end = None if until is None else options.moment(until, "--until", zone)
    for file in files:
        check_readable(file)  # before a broker is asked for the definitions
    known = _definitions(metrics or [], flows, settings, is_offline=dry_run)
    given = MappingOptions(
        maps or [],
        constants or [],
        zone,
        group_by,
        decimal_comma,
        parse_form(delimiter, encoding),
        known.scope().metrics,
        frozenset(settings.placeholder_ids),
    )
    sources = _sources(files, metrics or [], preset, given)
    shown = _Shown(refused, files)
    with shown:
        report = ImportReport(shown.rejected, shown.warning)
        judging = Judging(
            given.metrics,
            Door(given.placeholder_ids, known.scope().profile.get),
            _now(),
            0 if is_past else MOST_AHEAD,
            known.store.country,
        )
        found = read_events(sources, report, judging)
        if dry_run:
            _show_first(found)
        elif is_past:
            _import_past(settings, found, report, end)
        else:
            _import_now(settings, found, report, is_live=live)
    _summarise(report, is_dry_run=dry_run)
    if report.counts.rejected or report.counts.in_part:
        raise typer.Exit(output.PARTLY if report.counts.events else output.NOT_SO)


SHOWN_BY_DRY_RUN = 5
MOST_WARNINGS_SHOWN = 3  # of one kind


def _definitions(
    wanted: list[str], flows: Path | None, settings: "Settings", *, is_offline: bool
) -> "Definitions":
    """The definitions in `flows`, else the published ones; offline none: then only what every shop
    has is known. Raises Refused."""
    from streams.engine import METRICS, Definitions
    from streams.engine.values import PRODUCT_METRICS, unknown_name
    from streams.errors import Refused
    from streams.operations.publish import newest_definitions

    if flows is not None:
        from streams.definitions import load_folder

        loaded = load_folder(flows)
        if loaded.definitions is None:
            raise Refused("\n".join(str(problem) for problem in loaded.problems))
        return loaded.definitions
    if is_offline:
        known = (*METRICS, *PRODUCT_METRICS)
        for metric in wanted:
            if metric not in known:
                problem = unknown_name((), "metric", metric, known).sentence()
                raise Refused(f"{problem}; for a shop's own metrics give --flows FOLDER")
        return Definitions()
    return newest_definitions(settings) or Definitions()


def _check_metrics(files: list[Path], metrics: list[str]) -> None:
    """Raises Refused unless there is a metric for every file."""
    from streams.errors import Refused
    from streams.files.preset import preset_names

    if not metrics:
        raise Refused(
            "expected --as METRIC, or --preset NAME with one of " + ", ".join(preset_names())
        )
    if len(metrics) not in (1, len(files)):
        raise Refused(
            f"--as is given {len(metrics)} times for {len(files)} files; expected once for all or "
            "once per file"
        )


def _sources(
    files: list[Path], metrics: list[str], preset: str | None, given: "MappingOptions"
) -> "list[ImportFile]":
    from streams.files.preset import load_preset
    from streams.importing.reading import file_as, file_by_preset

    if preset is not None:
        loaded = load_preset(preset)
        sources = [file_by_preset(file, loaded, given, metrics) for file in files]
    else:
        each = metrics * len(files) if len(metrics) == 1 else metrics
        sources = [file_as(file, metric, given) for file, metric in zip(files, each, strict=True)]
    for source in sources:
        _tell_form(source)
    return sources


def _tell_form(source: "ImportFile") -> None:
    """Says which delimiter was found, unless it is the usual one or was given."""
    from streams.files.tables import delimiter_found

    found = delimiter_found(source.path, source.form)
    if found not in (None, ",", source.form.delimiter):
        output.note(f"{source.path.name}: read with the delimiter {found!r}")


class _Shown:
    """Prints the first rejected rows and the first warnings of each kind, and writes all rejected
    rows to a file if one is given."""

    def __init__(self, path: Path | None, files: list[Path]) -> None:
        """Raises Refused for a file that could not be imported again, or is one of `files`."""
        from streams.errors import Refused

        if path is not None and path.exists() and any(path.samefile(file) for file in files):
            raise Refused(f"--refused is {path}, which is imported; expected another file")

        if path is not None and path.suffix not in (".jsonl", ".ndjson"):
            raise Refused(f"--refused is {path}, expected a name that ends in .jsonl")
        self._rejected = 0
        self._warnings: Counter[WarningKind] = Counter()
        try:
            self._file = None if path is None else path.open("wb")
        except OSError as error:
            raise Refused(f"--refused is {path}: cannot write: {error.strerror}") from error

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def rejected(self, rejected: "RejectedRow", metric: str) -> None:
        from streams.importing.reading import refused_lines

        self._rejected += 1
        if self._rejected <= output.MOST_SHOWN:
            output.complain(str(rejected))
        if self._file is not None:
            self._file.writelines(refused_lines(rejected, metric))

    def warning(self, warning: "RowWarning") -> None:
        self._warnings[warning.kind] += 1
        if self._warnings[warning.kind] <= MOST_WARNINGS_SHOWN:
            output.note(f"warning: {warning}", "yellow")


def _show_first(found: "Iterator[EventOfRow]") -> None:
    """Prints the first events as JSON, and reads the others for their doubts."""
    for number, one in enumerate(found):
        if number < SHOWN_BY_DRY_RUN:
            output.print_json(one.event)


def _import_now(
    settings: "Settings",
    found: "Iterator[EventOfRow]",
    report: "ImportReport",
    *,
    is_live: bool,
) -> None:
    from streams.importing.writing import write_history, write_live
    from streams.kafka.event_producer import EventProducer

    write = write_live if is_live else write_history
    with output.progress("importing") as bar, EventProducer(settings) as producer:
        for one in found:
            write(one.record, producer.produce)
            _advance(bar, report)


def _import_past(
    settings: "Settings",
    found: "Iterator[EventOfRow]",
    report: "ImportReport",
    until: int | None,
) -> None:
    from itertools import chain

    from streams.importing.past_import import end_after, end_at, refuse_later_records, write_past
    from streams.importing.sorting import in_order_of_time

    with output.progress("reading and sorting") as bar:

        def counted() -> Iterator["EventRecord"]:
            for one in found:
                _advance(bar, report)
                yield one.record

        ordered = in_order_of_time(counted())
        first = next(ordered, None)
    if first is None:
        return
    refuse_later_records(settings, first.occurred_at)
    end = end_after(DAYS_AFTER_LAST_EVENT, _now()) if until is None else end_at(until, _now())
    with output.progress("importing", report.counts.events) as bar:
        write_past(settings, chain((first,), ordered), end, lambda done, at: bar.reach(done))


def _advance(bar: output.Progress, report: "ImportReport") -> None:
    if report.counts.rows % 1_000 == 0:
        bar.reach(report.counts.events, f"{report.counts.events:,} events")


def _summarise(report: "ImportReport", *, is_dry_run: bool) -> None:
    counts = report.counts
    nothing = "; nothing was written" if is_dry_run else ""
    output.say(f"{counts.events:,} events of {counts.rows:,} rows{nothing}")
    if counts.passed_over:
        output.say(f"{output.several(counts.passed_over, 'row')} passed over: for no event")
    if counts.rejected:
        output.say(f"{output.several(counts.rejected, 'row')} rejected:")
        for field, number in counts.rejected_by_field.most_common():
            output.say(f"  {number:,}  {field or 'whole row'}")
    if counts.in_part:
        output.say(f"{output.several(counts.in_part, 'row')} imported in part, without:")
        for field, number in counts.left_out.most_common():
            output.say(f"  {number:,}  {field}")
    if counts.warnings:
        output.say(f"{output.several(counts.warnings.total(), 'warning')}:")
        for kind, number in counts.warnings.most_common():
            output.say(f"  {number:,}  {kind.value}")


def _now() -> int:
    return time.time_ns() // 1_000_000
