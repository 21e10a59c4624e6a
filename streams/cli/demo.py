"""`sendflow demo`: one year of a real shop, and the explained result."""

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
LOW_CLV = "low-clv"


def demo(
    workers: Annotated[int, typer.Option(min=1, help="Number of worker processes.")] = 2,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions per topic.")] = 4,
    flows: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Definitions folder (default: the example shop)."),
    ] = None,
    brokers: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Kafka to use instead of the embedded broker; topics are deleted at the end.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder to keep topics and logs in."),
    ] = None,
    one_in: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="Sample one customer in N (1: all, in three times the time)."
        ),
    ] = 3,
    seed: Annotated[int, typer.Option(help="Random seed of the simulated events.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="JSON report.")] = False,
) -> None:
    """Replay one year of a real shop through Kafka and real workers (two to three minutes), then
    explain the result. Leaves nothing running.

    \b
    Example: sendflow demo --workers 2 --keep demo-data
    """
    from streams.demo.run import Demo, DemoOptions
    from streams.demo.workers import WorkerFailed

    for name in [name for name in os.environ if name.startswith("SENDFLOW_")]:
        del os.environ[name]  # workers of the demo inherit no settings
    options = DemoOptions(
        workers=workers,
        partitions=partitions,
        seed=seed,
        one_in=one_in,
        flows=flows,
        brokers=brokers,
        keep=keep,
    )
    the_demo = Demo(options, output.progress)
    try:
        with the_demo:
            report = the_demo.run()
    except (WorkerFailed, TimeoutError) as failed:
        output.complain(str(failed))
        if the_demo.logs is not None:
            output.complain(f"logs: {the_demo.logs}")
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
        ("reason skipped", "flow", "times"),
        _by_reason(counts.skipped),
        title="Skipped",
    )
    output.say()
    output.print_table(
        ("reason ended or not entered", "flow", "times"),
        _by_reason(counts.exited) + _by_reason(counts.not_entered, "not entered: "),
        title="Journeys",
    )
    if LOW_CLV in report.definitions.flows:
        output.say()
        _show_low_clv(report)
    if report.timeline is not None:
        output.say()
        output.say("One customer's year (sendflow explain)", "bold")
        explain.print_timeline(report.timeline, LINES_OF_TIMELINE)


def _show_events(summary: "ShopSummary", one_in: int) -> None:
    real = summary.total_events - summary.simulated_events
    total = f"{summary.order_total / 100:,.0f} {summary.currency}"
    output.say("Input: Online Retail, one year of invoices of a real shop in the UK", "bold")
    _count(summary.lines, "invoice lines, of which left out:")
    _count(summary.lines_without_customer, "  no customer id")
    _count(summary.repeated_lines, "  exact duplicates")
    sample = f", one in {one_in} (--one-in 1: all)" if one_in > 1 else ""
    _count(summary.customers, f"customers{sample}")
    _count(real, f"real events: {summary.orders:,} orders of {total}, {summary.refunds:,} refunds")
    _count(summary.simulated_events, f"simulated events (seed {summary.seed}):")
    output.say(f"{'':12}profiles, subscriptions, carts, searches, views, wish lists,")
    output.say(f"{'':12}deliveries, opened mails, stock")


def _show_decisions(report: "DemoReport") -> None:
    counts, events = report.counts, report.summary.total_events
    output.say(f"Result with definitions {report.definitions.version}", "bold")
    _count(events, f"events, {report.imported.ticks:,} ticks of simulated time")
    _count(counts.journeys, "journeys")
    _count(counts.decisions, "decisions")
    _count(counts.total_commands, f"send commands to {counts.customers_written_to:,} customers")
    _count(counts.dead_letters, f"dead letters, {counts.late_records:,} late records")
    _count(
        round(events / report.seconds),
        f"events/s including writes ({report.seconds:.1f} s)",
    )
    if report.restarts:
        _count(report.restarts, "worker restarts; no duplicate or lost output")


_STORIES = {
    "reminded": "reminded: still in the segment after 7 days without an order",
    "bought": "bought: still in the segment, not reminded",
    "left": "left the segment: not reminded",
}


def _show_low_clv(report: "DemoReport") -> None:
    counts, model = report.counts.low_clv, report.model
    output.say("low-clv: a coupon for customers who buy too little", "bold")
    if model is None:
        output.say_wrapped(
            "  no purchase model, so nobody is in the segment: it is fitted with NumPy and SciPy "
            "(pip install 'sendflow[value]')",
            2,
        )
        return
    output.say(f"  purchase model {model.id}, in force from the day after")
    _count(counts.entered, "customers of the segment entered")
    _count(counts.mailed, "mails with a coupon")
    _count(counts.reminded, _STORIES["reminded"])
    _count(counts.bought, _STORIES["bought"])
    _count(counts.left, _STORIES["left"])
    for story in report.stories:
        output.say(f"  {story.customer_id}, {_STORIES[story.way].split(':')[0]}", "bold")
        for line in story.lines:
            flow = "" if line.flow is None else "  "
            output.say_wrapped(f"    {line.when:23}  {flow}{line.text}", 31)


def _count(number: int, text: str) -> None:
    output.say(f"  {number:>9,} {text}")


def _by_reason(counts: dict[tuple[str, str], int], before: str = "") -> list[tuple[str, str, int]]:
    """Rows by reason, the most frequent first."""
    rows = [(before + reason, flow, number) for (flow, reason), number in counts.items()]
    return sorted(rows, key=lambda row: (-row[2], row))


def _show_next(keep: Path | None, report: "DemoReport") -> None:
    customer = report.counts.interesting_customer
    output.say()
    output.say("Next steps", "bold")
    sendflow = _as_called()
    if keep is not None:
        output.say(f"  {sendflow} broker --data-dir {keep / 'broker'}    serve the topics, then:")
        output.say(f"  {sendflow} explain {customer} --flow post-purchase")
        output.say(f"  {sendflow} tail flow-decisions --limit 20")
    else:
        output.say(
            f"  {sendflow} demo --keep demo-data    keep the topics, to explain any customer"
        )
    output.say(f"  {sendflow} test flows               run the tests of these flows")
    output.say(f"  {sendflow} flows check flows        check flows/ after a change")
    output.say("  docker compose up -d kafka        start Apache Kafka, then:")
    output.say(f"  {sendflow} demo --brokers localhost:9092")


def _as_called() -> str:
    """The command as typed: it may not be on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "sendflow" else "sendflow"


def _as_json(report: "DemoReport") -> dict[str, object]:
    """The report with strings as keys."""
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
        "model": report.model,
        "timeline": report.timeline,
        "stories": report.stories,
    }


def _text_keys(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {" ".join(key) if isinstance(key, tuple) else key: held for key, held in value.items()}
