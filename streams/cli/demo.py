"""`sendflow demo`: a real shop's year, as explained send commands."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import explain, output

if TYPE_CHECKING:
    from streams.demo.run import DemoReport
    from streams.demo.shop import ShopSummary

LINES_OF_TIMELINE = 60


def demo(
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of every topic.")] = 4,
    flows: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Other definitions than the example shop's."),
    ] = None,
    brokers: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Run on this Kafka instead of the embedded broker, in topics that are deleted "
            "at the end.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the topics and the logs there, to look around."),
    ] = None,
    one_in: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Only one customer in N; 1: all, which takes twice as long."
        ),
    ] = 2,
    seed: Annotated[int, typer.Option(help="Of what is simulated around the orders.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Run a real shop's year through Kafka and real workers, in about two minutes, and explain
    what was sent to whom. Leaves nothing running.

    \b
    Example: sendflow demo --workers 2 --keep demo-data
    """
    from streams.demo.run import Demo, DemoOptions
    from streams.demo.workers import WorkerFailed

    for name in [name for name in os.environ if name.startswith("SENDFLOW_")]:
        del os.environ[name]  # the demo is a shop of its own; its workers inherit nothing
    options = DemoOptions(workers, partitions, seed, one_in, flows, brokers, keep)
    the_demo = Demo(options, output.progress)
    try:
        with the_demo:
            report = the_demo.run()
    except (WorkerFailed, TimeoutError) as failed:
        output.complain(str(failed))
        if the_demo.logs is not None:
            output.complain(f"the logs are in {the_demo.logs}")
        raise typer.Exit(output.NOT_SO) from None
    if as_json:
        output.print_json(_as_json(report))
        return
    _show(report, one_in)
    _show_next(keep, report)


def _show(report: "DemoReport", one_in: int) -> None:
    summary, counts = report.summary, report.counts
    _show_events(summary, one_in)
    output.say()
    _show_decisions(report)
    output.say()
    output.print_table(
        ("flow", "channel", "commands"),
        [(flow, channel, number) for (flow, channel), number in sorted(counts.commands.items())],
        title="Send commands",
    )
    output.say()
    output.print_table(
        ("why a message was not sent", "flow", "times"),
        _by_reason(counts.skipped),
        title="Skipped",
    )
    output.say()
    output.print_table(
        ("how a journey ended, or why it didn't begin", "flow", "times"),
        _by_reason(counts.exited) + _by_reason(counts.not_entered, "not begun: "),
        title="Journeys",
    )
    if report.timeline is not None:
        output.say()
        output.say("One customer's year (sendflow explain)", "bold")
        explain.print_timeline(report.timeline, LINES_OF_TIMELINE)


def _show_events(summary: "ShopSummary", one_in: int) -> None:
    real = summary.total_events - summary.simulated_events
    total = f"{summary.order_total / 100:,.0f} {summary.currency}"
    output.say("A shop's year: Online Retail, the invoices of a real shop in the UK", "bold")
    _count(summary.lines, "lines of invoices, of which left out:")
    _count(summary.lines_without_customer, "  without a customer id: nobody to write to")
    _count(summary.repeated_lines, "  that repeat another line exactly")
    share = f", one in {one_in} of them (--one-in 1: all)" if one_in > 1 else ""
    _count(summary.customers, f"customers{share}")
    _count(real, f"real events: {summary.orders:,} orders of {total}, {summary.refunds:,} refunds")
    _count(summary.simulated_events, f"SIMULATED events around them (seed {summary.seed}):")
    output.say(f"{'':12}profiles, subscriptions, carts, searches, views, wishes,")
    output.say(f"{'':12}deliveries, opened mails, stock")


def _show_decisions(report: "DemoReport") -> None:
    counts, events = report.counts, report.summary.total_events
    output.say(f"Decided by the definitions {report.definitions.version}", "bold")
    _count(events, f"events in, and {report.imported.ticks:,} ticks of simulated time")
    _count(counts.journeys, "journeys")
    _count(counts.decisions, "decisions, each with its reason")
    _count(counts.total_commands, f"send commands to {counts.customers_written_to:,} customers")
    _count(counts.dead_letters, f"dead letters, {counts.late_records:,} late records")
    _count(
        round(events / report.seconds),
        f"events/s, writing them included ({report.seconds:.1f} s)",
    )
    if report.restarts:
        _count(report.restarts, "× a worker was killed and started again: nothing lost or twice")


def _count(number: int, text: str) -> None:
    output.say(f"  {number:>9,} {text}")


def _by_reason(counts: dict[tuple[str, str], int], before: str = "") -> list[tuple[str, str, int]]:
    """By reason, the most frequent first."""
    rows = [(before + reason, flow, number) for (flow, reason), number in counts.items()]
    return sorted(rows, key=lambda row: (-row[2], row))


def _show_next(keep: Path | None, report: "DemoReport") -> None:
    customer = report.counts.interesting_customer
    output.say()
    output.say("What to try next", "bold")
    sendflow = _as_called()
    if keep is not None:
        output.say(f"  {sendflow} broker --data-dir {keep / 'broker'}    the topics again, then:")
        output.say(f"  {sendflow} explain {customer} --flow post-purchase")
        output.say(f"  {sendflow} tail flow-decisions --limit 20")
    else:
        output.say(f"  {sendflow} demo --keep demo-data    to explain any customer")
    output.say(f"  {sendflow} test flows               these flows' tests")
    output.say(f"  {sendflow} flows check flows        after a change in flows/")
    output.say("  docker compose up -d kafka        Apache Kafka, and the same on it:")
    output.say(f"  {sendflow} demo --brokers localhost:9092")


def _as_called() -> str:
    """The command as it was typed: it needn't be on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "sendflow" else "sendflow"


def _as_json(report: "DemoReport") -> dict[str, object]:
    """The counts with texts for keys."""
    import msgspec

    counts = report.counts
    return {
        "shop": report.summary,
        "events": report.summary.total_events,
        "simulated_events": report.summary.simulated_events,
        "ticks": report.imported.ticks,
        "definitions": report.definitions.version,
        "seconds": round(report.seconds, 2),
        "restarts": report.restarts,
        "events_per_second": round(report.summary.total_events / report.seconds),
        "journeys": counts.journeys,
        "commands": counts.total_commands,
        "outcome": {
            name: _text_keys(value) for name, value in msgspec.structs.asdict(counts).items()
        },
        "timeline": report.timeline,
    }


def _text_keys(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {" ".join(key) if isinstance(key, tuple) else key: held for key, held in value.items()}
