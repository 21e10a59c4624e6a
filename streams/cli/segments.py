"""`sendflow segments`: published segments and their members."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.operations.members import CurrentProgram
    from streams.settings import Settings

AtOption = Annotated[
    str | None,
    typer.Option(
        metavar="MOMENT",
        help="Evaluation time (default: now; in simulated time, stream time).",
    ),
]


def list_(
    at: AtOption = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """List published segments with their member counts. Exit status 1 if none.

    \b
    Example: sendflow segments list --json
    """
    from streams.engine.compiling import condition_text
    from streams.operations.members import read_members

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    program = _current_program(settings)
    segments = [] if program is None else program.definitions.segments
    if program is None or not segments:
        output.note("no segments published")
        raise typer.Exit(output.NOT_SO)
    moment = _moment(settings, at)
    found = read_members(settings, program, [one.segment for one in segments], moment)
    conditions = {one["segment"]: one["if"] for one in program.definitions.raw["segments"]}
    rows = [
        (one.segment, len(found[one.segment]), one.name, condition_text(conditions[one.segment]))
        for one in segments
    ]
    if as_json:
        columns = ("segment", "members", "name", "if")
        listed = [dict(zip(columns, row, strict=True)) for row in rows]
        output.print_json({"at": moment, "definitions": program.version, "segments": listed})
    else:
        output.print_table(("segment", "members", "name", "if"), rows)


def members(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Segment id.")],
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Maximum number of ids.")
    ] = None,
    at: AtOption = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """List the ids of a segment's members, evaluated now from committed states.

    Exit status 1 for a segment without members or one that is not published.

    \b
    Example: sendflow segments members low-clv --limit 20
    """
    from streams.engine.values import unknown_name
    from streams.operations.members import read_members

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    program = _current_program(settings)
    known = [] if program is None else [one.segment for one in program.definitions.segments]
    if program is None or segment not in known:
        output.complain(unknown_name((), "segment", segment, known).sentence())
        raise typer.Exit(output.NOT_SO)
    moment = _moment(settings, at)
    found = sorted(read_members(settings, program, [segment], moment)[segment])
    shown = found if limit is None else found[:limit]
    if as_json:
        listed = {"segment": segment, "at": moment, "number": len(found), "members": shown}
        output.print_json(listed)
    else:
        for customer in shown:
            output.say(customer)
        left_out = len(found) - len(shown)
        output.note(
            f"{output.count(len(found))} members"
            + (f", {output.count(left_out)} not shown" if left_out else "")
        )
    if not found:
        raise typer.Exit(output.NOT_SO)


def _current_program(settings: "Settings") -> "CurrentProgram | None":
    from streams.operations.members import current_program

    return current_program(settings)


def _moment(settings: "Settings", at: str | None) -> int:
    from streams.operations.members import clock_now

    if at is not None:
        return options.moment(at, "--at")
    return clock_now(settings, time.time_ns() // 1_000_000)
