"""`sendflow import`: files to events to topics."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.engine.values import Metric
    from streams.files.doubt import Doubt
    from streams.files.mapping import EventMapping, ImportCounts
    from streams.files.refusal import Refusal
    from streams.files.tables import Row
    from streams.importing.encoding import EventRecord
    from streams.settings import Settings

MOST_SHOWN = 10
"""So many refused rows are shown, `--refused FILE` has them all; and so many warnings."""

DAYS_AFTER = 30
"""Simulated time goes on for so long after the last event, so that what waits comes due."""


def import_(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, JSONL, Parquet or Avro files.", metavar="FILE...")
    ],
    metrics: Annotated[
        list[str],
        typer.Option(
            "--as",
            metavar="METRIC",
            help="What the rows are: once for all files, or once for each, in their order.",
        ),
    ],
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="A field from a column; FIELD=COLUMN:HOW for major, minor, s, ms, split or a "
            "pattern of strptime. METRIC.FIELD=COLUMN for one of several metrics.",
        ),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field that is always the same."),
    ] = None,
    flows: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The definitions, for metrics of the shop's own (default: those that are "
            "published).",
        ),
    ] = None,
    zone: Annotated[str, typer.Option(help="The zone of clock times without an offset.")] = "UTC",
    until: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help=f"In simulated time: how far time goes (default: {DAYS_AFTER} days after the "
            "last event, at most now).",
        ),
    ] = None,
    refused: Annotated[
        Path | None,
        typer.Option("--refused", metavar="FILE", help="Write refused rows there, as JSONL."),
    ] = None,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    simulated: options.Simulated = False,
) -> None:
    """Write the rows of files to the topics as events of a metric. A row that is refused stops no
    other. A warning says where an unknown time zone is imported.

    In simulated time all files are one stream in order of time, and time ends with it: what is
    imported later must have happened later.

    \b
    Example: sendflow import orders.csv --as order.placed --map order_id=invoice \\
             --map total=amount:major --set currency=GBP --zone Europe/London
    """
    from streams.errors import Refused
    from streams.files.mapping import ImportCounts
    from streams.settings import RecordTime

    settings = options.load(config, brokers, prefix, record_time=options.record_time(simulated))
    if len(metrics) not in (1, len(files)):
        raise Refused(
            f"--as is given {len(metrics)} times for {len(files)} files; expected once for all, or "
            "once for each"
        )
    known = _known_metrics(metrics, flows, settings)
    sources = _sources(files, metrics, known, maps or [], constants or [], zone)
    counts = ImportCounts()
    reports = _Reports(refused)
    is_simulated = settings.record_time is RecordTime.CREATE
    with reports:
        not_after = _now() if is_simulated else None
        events = _read(sources, known, counts, reports, not_after)
        if is_simulated:
            moment = None if until is None else options.moment(until, "--until", zone)
            _import_past(settings, events, counts, moment)
        else:
            _import_live(settings, events, counts)
    _summarise(counts, reports)
    if counts.rows and not counts.events:
        raise typer.Exit(output.NOT_SO)


Source = tuple[Path, "EventMapping"]
Metrics = Mapping[str, "Metric"]


def _known_metrics(wanted: list[str], flows: Path | None, settings: "Settings") -> Metrics:
    """Those of every shop, and if others are wanted, the shop's own. Raises Refused."""
    from streams.engine import METRICS
    from streams.engine.values import PRODUCT_METRICS
    from streams.errors import Refused
    from streams.worker.publish import newest_definitions

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
) -> list[Source]:
    from streams.files.mapping import parse_mapping
    from streams.files.tables import columns_of

    each = metrics * len(files) if len(metrics) == 1 else metrics
    sources = []
    for file, metric in zip(files, each, strict=True):
        mapping = parse_mapping(
            metric,
            _meant_for(metric, maps, known),
            _meant_for(metric, constants, known),
            zone,
            columns_of(file),
            known,
        )
        sources.append((file, mapping))
    return sources


def _meant_for(metric: str, texts: list[str], known: Metrics) -> list[str]:
    """The mappings of one metric: those that name it, and those that name none."""
    chosen = []
    for text in texts:
        named = [name for name in known if text.startswith(f"{name}.")]
        if not named:
            chosen.append(text)
        elif metric in named:
            chosen.append(text.removeprefix(f"{metric}."))
    return chosen


class _Reports:
    """Refused rows: the first few on the terminal, all of them in a file if there is one. Doubts
    about others: the first few."""

    def __init__(self, path: Path | None) -> None:
        self.shown = 0
        self.doubts = 0
        self._file = None if path is None else path.open("w", encoding="utf-8")

    def __enter__(self) -> "_Reports":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, refusal: "Refusal") -> None:
        import msgspec

        if self.shown < MOST_SHOWN:
            self.shown += 1
            output.complain(str(refusal))
        if self._file is not None:
            self._file.write(msgspec.json.encode(refusal).decode() + "\n")

    def warn(self, doubt: "Doubt") -> None:
        self.doubts += 1
        if self.doubts <= MOST_SHOWN:
            output.note(f"warning: {doubt}", "yellow")


def _read(
    sources: list[Source],
    known: Metrics,
    counts: "ImportCounts",
    reports: _Reports,
    not_after: int | None,
) -> Iterator["EventRecord"]:
    """The events of all files; what is refused is counted and told, and so are doubts."""
    from streams.contracts.container import read_container
    from streams.files.doubt import doubt_about
    from streams.files.mapping import map_rows
    from streams.files.refusal import Refusal
    from streams.files.tables import read_rows

    for path, mapping in sources:
        numbers = _Numbers()
        rows = numbers.of(read_rows(path, read_container))
        for result in map_rows(mapping, path.name, rows, counts):
            if isinstance(result, Refusal):
                reports.add(result)
                continue
            row = numbers.newest
            record = _record(result, known, not_after, path.name, row)
            if isinstance(record, Refusal):
                counts.events -= 1
                counts.refuse(record)
                reports.add(record)
                continue
            doubt = doubt_about(result, path.name, row)
            if doubt is not None:
                reports.warn(doubt)
            yield record


def _record(
    event: dict[str, Any], known: Metrics, not_after: int | None, file: str, row: int
) -> "EventRecord | Refusal":
    """What the topic takes of an event, if it takes it."""
    from streams.contracts.fields import WrongEvent
    from streams.files.refusal import Refusal
    from streams.importing.encoding import event_record

    at = event["occurred_at"]
    if not_after is not None and at > not_after:
        reason = f"field 'occurred_at' is {at}, expected no moment in the future"
        return Refusal(file, row, "occurred_at", reason)
    try:
        return event_record(event, known)
    except WrongEvent as wrong:
        return Refusal(file, row, wrong.field, str(wrong))


class _Numbers:
    """The number of the row that was read last."""

    newest = 0

    def of(self, rows: "Iterator[Row | Refusal]") -> "Iterator[Row | Refusal]":
        """The same rows, one after another."""
        for row in rows:
            if isinstance(row, tuple):
                self.newest = row[0]
            yield row


def _import_live(
    settings: "Settings", events: Iterator["EventRecord"], counts: "ImportCounts"
) -> None:
    from streams.importing.writing import write_live
    from streams.kafka.event_producer import EventProducer

    with output.progress("importing") as bar, EventProducer(settings) as producer:
        for event in events:
            write_live(event, producer.produce)
            if counts.rows % 1_000 == 0:
                bar.reach(counts.events, f"{counts.events:,} events")


def _import_past(
    settings: "Settings",
    events: Iterator["EventRecord"],
    counts: "ImportCounts",
    until: int | None,
) -> None:
    from itertools import chain

    from streams.importing.past import end_after, end_at, refuse_what_is_older, write_past
    from streams.importing.sorting import in_order_of_time

    with output.progress("reading and sorting") as bar:

        def told() -> Iterator["EventRecord"]:
            for event in events:
                if counts.rows % 1_000 == 0:
                    bar.reach(counts.events, f"{counts.events:,} events")
                yield event

        ordered = in_order_of_time(told())
        first = next(ordered, None)
    if first is None:
        return
    refuse_what_is_older(settings, first.occurred_at)
    end = end_after(DAYS_AFTER, _now()) if until is None else end_at(until, _now())
    with output.progress("importing", counts.events) as bar:
        write_past(settings, chain((first,), ordered), end, lambda done, at: bar.reach(done))


def _summarise(counts: "ImportCounts", reports: _Reports) -> None:
    output.say(f"{counts.events:,} events of {counts.rows:,} rows")
    if counts.refused:
        output.say(f"{counts.refused:,} rows were refused:")
        for field, number in counts.refused_by_field.most_common():
            output.say(f"  {number:,}  {field or 'the row as a whole'}")
    if reports.doubts:
        rows = "1 row was" if reports.doubts == 1 else f"{reports.doubts:,} rows were"
        output.say(f"{rows} imported with a warning: unknown time zone")


def _now() -> int:
    return time.time_ns() // 1_000_000
