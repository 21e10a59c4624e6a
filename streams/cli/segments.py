"""`sendflow segments list` and `members`: published segments and their members."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output, segment_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.settings import Settings


def list_(
    at: segment_options.AtOption = None,
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
    from streams.operations.members import current_program, read_members

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    program = current_program(settings)
    segments = [] if program is None else program.definitions.segments
    if program is None or not segments:
        output.note("no segments published")
        raise typer.Exit(output.NOT_SO)
    moment = segment_options.moment_of(settings, at)
    found = read_members(settings, program, [one.segment for one in segments], moment)
    conditions = {one["segment"]: one["if"] for one in program.definitions.raw["segments"]}
    columns = ("segment", "members", "followed", "name", "if")
    rows = [
        (one.segment, len(found[one.segment]), one.follow, one.name, conditions[one.segment])
        for one in segments
    ]
    if as_json:
        listed = [
            dict(zip(columns, (*row, condition_text(condition)), strict=True))
            for *row, condition in rows
        ]
        output.print_json({"at": moment, "definitions": program.version, "segments": listed})
    else:
        output.print_table(
            columns,
            [
                (segment, number, "yes" if is_followed else "", name, condition_text(condition))
                for segment, number, is_followed, name, condition in rows
            ],
        )


def members(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Segment id.")],
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Maximum number of ids.")
    ] = None,
    at: segment_options.AtOption = None,
    addresses: Annotated[
        bool,
        typer.Option("--addresses", help="Add email, phone and push token, which are personal."),
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV output.")] = False,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """List the ids of a segment's members, evaluated now from committed states; of a followed
    segment (`follow: true`) also at a moment of the past, from `segment-changes`.

    Exit status 1 for a segment without members or one that is not published.

    \b
    Example: sendflow segments members low-clv --limit 20
             sendflow segments members champions --at 2026-03-02 --addresses --csv
    """
    from streams.errors import Refused

    if as_csv and as_json:
        raise Refused("--csv and --json exclude each other; give one of them")
    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    program = segment_options.program_with(settings, [segment])
    moment = segment_options.moment_of(settings, at)
    found = sorted(segment_options.members_at(settings, program, [segment], at, moment)[segment])
    shown = found if limit is None else found[:limit]
    columns, rows = _with_addresses(settings, shown) if addresses else (("customer_id",), [])
    rows = rows or [(customer,) for customer in shown]
    if as_json:
        listed: list[Any] = [dict(zip(columns, row, strict=True)) for row in rows]
        output.print_json(
            {
                "segment": segment,
                "at": moment,
                "number": len(found),
                "members": listed if addresses else shown,
            }
        )
    elif as_csv:
        output.print_csv(columns, rows)
    else:
        for row in rows:
            output.say("  ".join(cell or "-" for cell in row))
        left_out = len(found) - len(shown)
        output.note(
            f"{output.count(len(found))} members"
            + (f", {output.count(left_out)} not shown" if left_out else "")
        )
    if not found:
        raise typer.Exit(output.NOT_SO)


def _with_addresses(
    settings: "Settings", customers: "Sequence[str]"
) -> tuple[tuple[str, ...], list[tuple[str | None, ...]]]:
    """Columns and rows of customers with their addresses."""
    from streams.engine.customer import CHANNEL_OF_FIELD
    from streams.operations.members import addresses_of

    fields = tuple(CHANNEL_OF_FIELD)
    known = addresses_of(settings, customers)
    rows = [(one, *(known[one].get(field) for field in fields)) for one in customers]
    return ("customer_id", *fields), rows
