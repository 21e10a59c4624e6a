"""Options and look-ups shared by the commands of `sendflow segments`."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.operations.members import CurrentProgram
    from streams.operations.segment_records import SegmentRecords
    from streams.settings import Settings

AtOption = Annotated[
    str | None,
    typer.Option(
        metavar="MOMENT",
        help="Evaluation time (default: now; in simulated time, stream time).",
    ),
]


def program_with(settings: "Settings", segments: Sequence[str]) -> "CurrentProgram":
    """The newest set of definitions. Exit status 1 if it lacks one of `segments`."""
    from streams.engine.values import unknown_name
    from streams.operations.members import current_program

    program = current_program(settings)
    known = [] if program is None else [one.segment for one in program.definitions.segments]
    for segment in segments:
        if segment not in known:
            output.complain(unknown_name((), "segment", segment, known).sentence())
            raise typer.Exit(output.NOT_SO)
    assert program is not None
    return program


def moment_of(settings: "Settings", at: str | None) -> int:
    """The moment of `--at`; without it now, or stream time in simulated time."""
    from streams.operations.members import clock_now

    if at is not None:
        return options.moment(at, "--at")
    return clock_now(settings, time.time_ns() // 1_000_000)


def members_at(
    settings: "Settings",
    program: "CurrentProgram",
    segments: Sequence[str],
    at: str | None,
    moment: int,
) -> dict[str, set[str]]:
    """The members of each segment at `moment`, which `--at` gives or which is now. At a moment of
    the past, those of a followed segment are the ones that were told; others are evaluated from the
    states of now. Raises Refused if the topic has forgotten the moment."""
    from zoneinfo import ZoneInfo

    from streams.engine.values import moment_text
    from streams.errors import Refused
    from streams.operations.members import clock_now, read_members

    followed = [one.segment for one in program.definitions.segments if one.follow]
    is_past = at is not None and moment < clock_now(settings, time.time_ns() // 1_000_000)
    told = [segment for segment in segments if is_past and segment in followed]
    found = read_members(
        settings, program, [segment for segment in segments if segment not in told], moment
    )
    for segment in told:
        records = records_of(settings, segment)
        if moment < records.since:
            since = moment_text(records.since, ZoneInfo("UTC"))
            raise Refused(
                f"segment {segment}: --at is before {since}; records of earlier changes are gone "
                "from segment-changes (its retention)"
            )
        found[segment] = records.members_at(moment)
    return found


def records_of(settings: "Settings", segment: str) -> "SegmentRecords":
    """The records of `segment-changes` about a segment. Raises Refused."""
    from streams.contracts.registry import registry_in
    from streams.contracts.wire import Undecodable, decode_with
    from streams.errors import Refused
    from streams.kafka.topic_reader import TopicReader
    from streams.operations.segment_records import read_segment

    with TopicReader(settings, "segments") as reader:
        try:
            return read_segment(reader, segment, decode_with(registry_in(settings)))
        except Undecodable as error:
            raise Refused(f"segment-changes can't be read: {error}") from error
