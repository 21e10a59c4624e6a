"""`sendflow segments`: who is a member of what."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.worker.members import InForce

At = Annotated[
    str | None,
    typer.Option(
        metavar="MOMENT",
        help="Judge as of this moment (default: now; in simulated time, as far as it has come).",
    ),
]


def list_(
    at: At = None,
    as_json: options.AsJson = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    simulated: options.Simulated = False,
) -> None:
    """Show the segments that are published, each with how many members it has now. Exit status 1
    if there are none.

    \b
    Example: sendflow segments list --json
    """
    from streams.engine.compiling import condition_text
    from streams.worker.members import read_members

    settings = options.load(config, brokers, prefix, record_time=options.record_time(simulated))
    deciding = _in_force(settings)
    segments = [] if deciding is None else deciding.definitions.segments
    if deciding is None or not segments:
        output.note("no segment is published")
        raise typer.Exit(output.NOT_SO)
    moment = _moment(settings, at)
    found = read_members(settings, deciding, [one.segment for one in segments], moment)
    conditions = {one["segment"]: one["if"] for one in deciding.definitions.raw["segments"]}
    rows = [
        (one.segment, len(found[one.segment]), one.name, condition_text(conditions[one.segment]))
        for one in segments
    ]
    if as_json:
        columns = ("segment", "members", "name", "if")
        listed = [dict(zip(columns, row, strict=True)) for row in rows]
        output.print_json({"at": moment, "definitions": deciding.version, "segments": listed})
    else:
        output.print_table(("segment", "members", "name", "if"), rows)


def members(
    segment: Annotated[str, typer.Argument(help="The segment's id.")],
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Show so many at most.")
    ] = None,
    at: At = None,
    as_json: options.AsJson = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    simulated: options.Simulated = False,
) -> None:
    """Show the ids of a segment's members, in order, judged now from the customers' states.

    Exit status 1 if it has none, or if no such segment is published.

    \b
    Example: sendflow segments members low-clv --limit 20
    """
    from streams.engine.values import unknown_name
    from streams.worker.members import read_members

    settings = options.load(config, brokers, prefix, record_time=options.record_time(simulated))
    deciding = _in_force(settings)
    known = [] if deciding is None else [one.segment for one in deciding.definitions.segments]
    if deciding is None or segment not in known:
        output.complain(unknown_name((), "segment", segment, known).sentence())
        raise typer.Exit(output.NOT_SO)
    moment = _moment(settings, at)
    found = sorted(read_members(settings, deciding, [segment], moment)[segment])
    shown = found if limit is None else found[:limit]
    if as_json:
        told = {"segment": segment, "at": moment, "number": len(found), "members": shown}
        output.print_json(told)
    else:
        for customer in shown:
            output.say(customer)
        left_out = len(found) - len(shown)
        output.note(
            f"{output.count(len(found))} members"
            + (f", {output.count(left_out)} of them not shown" if left_out else "")
        )
    if not found:
        raise typer.Exit(output.NOT_SO)


def _in_force(settings: "Settings") -> "InForce | None":
    from streams.worker.members import in_force

    return in_force(settings)


def _moment(settings: "Settings", at: str | None) -> int:
    from streams.worker.members import clock_now

    if at is not None:
        return options.moment(at, "--at")
    return clock_now(settings, time.time_ns() // 1_000_000)
