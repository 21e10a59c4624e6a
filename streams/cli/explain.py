"""`sendflow explain`: one customer's timeline."""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.replay.explain import Timeline


def explain(
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    flow: Annotated[
        str | None, typer.Option("--flow", metavar="FLOW", help="Only this flow's decisions.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="MOMENT", help="From this moment on.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="Show times in this zone instead of the customer's."),
    ] = None,
    as_json: options.AsJson = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
) -> None:
    """Tell what came from a customer, what each flow decided about it, and why.

    Exit status 1 for a customer of whom the topics hold nothing, and for a flow that was never
    published.

    \b
    Example: sendflow explain 12347 --flow cart-recovery
    """
    from streams.contracts.registry import registry_in
    from streams.contracts.wire import decode_with
    from streams.engine.values import unknown_name
    from streams.kafka.topic_reader import TopicReader
    from streams.replay.explain import explain as build_timeline
    from streams.replay.explain import flows_known
    from streams.replay.history import read_history

    if zone is not None:
        options.require_zone(zone, "--zone")
    settings = options.load(config, brokers, prefix)
    start = None if since is None else options.moment(since, "--since")
    with TopicReader(settings, "explain") as reader:
        history = read_history(reader, customer, start, decode_with(registry_in(settings)))
    if not (history.events or history.decisions or history.dead_letters):
        later = "" if since is None else f" from {since} on"
        output.complain(f"the topics hold nothing of customer {customer!r}{later}")
        raise typer.Exit(output.NOT_SO)
    known = flows_known(history)
    if flow is not None and flow not in known:
        output.complain(unknown_name((), "flow", flow, known).sentence())
        raise typer.Exit(output.NOT_SO)
    timeline = build_timeline(history, flow, zone)
    if as_json:
        output.print_json(timeline)
    else:
        show(timeline)


_STYLES = {"event": "bold", "dead_letter": "red", "published": "dim"}
_STYLES_OF_OUTCOMES = {"sent": "green", "skipped": "yellow", "not_entered": "yellow"}


def show(timeline: "Timeline", most_lines: int | None = None) -> None:
    """Prints a timeline: events at the margin, decisions below them. Of more than `most_lines`,
    those in the middle are left out."""
    output.say(f"Customer {timeline.customer_id}, times in {timeline.timezone}")
    lines = timeline.lines
    left_out = 0 if most_lines is None else len(lines) - most_lines
    for number, line in enumerate(lines):
        if most_lines is not None and left_out > 0:
            if number == most_lines // 2:
                output.say(f"{'':23}  … {left_out} lines more: sendflow explain shows all")
            if most_lines // 2 <= number < most_lines // 2 + left_out:
                continue
        flow = "" if line.flow is None else f"  {line.flow} · "
        style = _STYLES.get(line.kind, "")
        if line.kind == "decision":
            style = _STYLES_OF_OUTCOMES.get(line.data["outcome"], "")
        output.say_wrapped(f"{line.when:23}  {flow}{line.text}", 27, style)
    for silence in timeline.silences:
        output.say_wrapped(f"{'':23}  {silence.flow}: {silence.text}", 27)
    for flow_id, outcomes in timeline.outcomes.items():
        counts = ", ".join(f"{name} {count}" for name, count in outcomes.items())
        output.say_wrapped(f"{flow_id}: {counts}", 2)
