"""`sendflow segments overlap`: how many members two segments share."""

from typing import Annotated

import typer

from streams.cli import options, output, segment_options


def overlap(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Segment id.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another segment id.")],
    at: segment_options.AtOption = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Compare the members of two segments: in both, in one alone, and the share of those in both
    among those in any (Jaccard index).

    Exit status 1 for a segment that is not published, or if nobody is in both.

    \b
    Example: sendflow segments overlap champions low-clv
    """
    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    program = segment_options.program_with(settings, [segment, other])
    moment = segment_options.moment_of(settings, at)
    found = segment_options.members_at(settings, program, [segment, other], at, moment)
    ours, theirs = found[segment], found[other]
    both, either = len(ours & theirs), len(ours | theirs)
    jaccard = round(both / either, 4) if either else None
    if as_json:
        output.print_json(
            {
                "at": moment,
                "sizes": {segment: len(ours), other: len(theirs)},
                "both": both,
                "only": {segment: len(ours - theirs), other: len(theirs - ours)},
                "jaccard": jaccard,
            }
        )
    else:
        rows = [
            (segment, len(ours), _share(len(ours), either)),
            (other, len(theirs), _share(len(theirs), either)),
            ("in both", both, _share(both, either)),
            (f"only {segment}", len(ours - theirs), _share(len(ours - theirs), either)),
            (f"only {other}", len(theirs - ours), _share(len(theirs - ours), either)),
        ]
        output.print_table(("", "members", "of all in any"), rows)
        if jaccard is not None:
            output.say(f"Jaccard index {jaccard:.4f}")
    if not both:
        raise typer.Exit(output.NOT_SO)


def _share(part: int, whole: int) -> str | None:
    return f"{part / whole:.1%}" if whole else None
