"""`sendflow segments history`: the size of a followed segment over time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output, segment_options

if TYPE_CHECKING:
    from streams.operations.segment_records import DaySize
    from streams.settings import Settings

_WIDEST_BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"


def history(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Segment id.")],
    days: Annotated[int, typer.Option(metavar="N", min=1, help="Number of days, up to now.")] = 30,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=r"Draw the size as FILE.svg or FILE.png (needs sendflow\[value]).",
        ),
    ] = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Show the size of a followed segment (`follow: true`) at the end of each day (UTC), and how
    many customers entered and left on it.

    From the topic `segment-changes`, and for days that it has forgotten from the store facts.
    Exit status 1 for a segment that is not published, not followed, or has no history yet.

    \b
    Example: sendflow segments history champions --days 90 --picture champions.svg
    """
    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    if picture is not None:
        _check_picture(picture)
    program = segment_options.program_with(settings, [segment])
    if not any(one.follow for one in program.definitions.segments if one.segment == segment):
        output.complain(f"segment {segment} is not followed: set follow: true and publish")
        raise typer.Exit(output.NOT_SO)
    sizes = _sizes(settings, segment)[-days:]
    if as_json:
        output.print_json({"segment": segment, "days": sizes})
    elif sizes:
        most = max(one.members for one in sizes)
        rows = [
            (one.day, one.members, one.entered, one.left, _bar(one.members, most)) for one in sizes
        ]
        output.print_table(("day", "members", "entered", "left", ""), rows)
    if not sizes:
        output.note(f"segment {segment}: no history yet")
        raise typer.Exit(output.NOT_SO)
    if picture is not None:
        _draw(segment, sizes, picture)


def _sizes(settings: "Settings", segment: str) -> "list[DaySize]":
    """The days known, in order: those that the topic has, and earlier ones by the store facts."""
    from streams.kafka.topic_reader import TopicReader
    from streams.operations.segment_records import sizes_by_facts

    now = segment_options.moment_of(settings, None)
    told = list(segment_options.records_of(settings, segment).days(now))
    with TopicReader(settings, "segments") as reader:
        earlier = sizes_by_facts(reader, segment)
    return [one for one in earlier if not told or one.day < told[0].day] + told


def _bar(size: int, most: int) -> str:
    """A bar of the terminal chart: an eighth of a character is the smallest step."""
    eighths = round(8 * _WIDEST_BAR * size / most) if most else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _check_picture(picture: Path) -> None:
    """Raises Refused for a file that can't become a picture, or without altair."""
    from importlib.util import find_spec

    from streams.errors import Refused

    if picture.suffix not in (".svg", ".png"):
        raise Refused(f"--picture is {str(picture)!r}, expected a file ending in .svg or .png")
    if not picture.parent.is_dir():
        raise Refused(f"--picture: {picture.parent} is no folder")
    if find_spec("altair") is None or find_spec("vl_convert") is None:
        raise Refused("--picture needs altair: pip install 'sendflow[value]'")


def _draw(segment: str, sizes: "list[DaySize]", picture: Path) -> None:
    from streams.value.segment_picture import draw_sizes

    draw_sizes(segment, [(one.day, one.members) for one in sizes], picture)
    output.note(f"drawn as {picture}")
