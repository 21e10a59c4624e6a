"""`sendflow explain`: one customer's timeline."""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.replay.timeline import Timeline


def explain(
    customer: Annotated[str | None, typer.Argument(metavar="CUSTOMER", help="Customer id.")] = None,
    email: Annotated[
        str | None,
        typer.Option(
            "--email", metavar="ADDRESS", help="Find the customer by the email address instead."
        ),
    ] = None,
    flow: Annotated[
        str | None, typer.Option("--flow", metavar="FLOW", help="Show only this flow's decisions.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="MOMENT", help="Start time.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(
            "--zone", metavar="ZONE", help="Time zone for display (default: the customer's)."
        ),
    ] = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show a customer's events, each flow's decisions with their reasons, and where the customer
    waits now.

    Exit status 1 for an unknown customer or a flow never published.

    \b
    Example: sendflow explain 12347 --flow cart-recovery
    """
    from streams.contracts.registry import registry_in
    from streams.contracts.wire import decode_with
    from streams.engine.values import unknown_name
    from streams.errors import Refused
    from streams.kafka.topic_reader import TopicReader
    from streams.operations.customer_states import customers_with_email
    from streams.replay.history import read_history
    from streams.replay.timeline import customer_timeline, flows_known

    if zone is not None:
        options.require_zone(zone, "--zone")
    settings = options.settings_from_options(config, brokers, prefix)
    start = None if since is None else options.moment(since, "--since")
    if (customer is None) == (email is None):
        raise Refused("give either CUSTOMER or --email ADDRESS")
    with TopicReader(settings, "explain") as reader:
        if email is not None:
            customer = _customer_of(email, customers_with_email(reader, email))
        assert customer is not None
        history = read_history(reader, customer, start, decode_with(registry_in(settings)))
    if not (history.events or history.decisions or history.dead_letters or history.unread):
        later = "" if since is None else f" since {since}"
        output.complain(f"no records of customer {customer!r}{later}")
        raise typer.Exit(output.NOT_SO)
    known = flows_known(history)
    if flow is not None and flow not in known:
        output.complain(unknown_name((), "flow", flow, known).sentence())
        raise typer.Exit(output.NOT_SO)
    timeline = customer_timeline(history, flow, zone)
    if as_json:
        output.print_json(timeline)
    else:
        print_timeline(timeline)


def _customer_of(email: str, found: list[str]) -> str:
    """The one customer with the address. Raises Exit."""
    if len(found) == 1:
        return found[0]
    if found:
        output.complain(f"{len(found)} customers have {email}: {', '.join(found)}; choose one")
    else:
        output.complain(f"no customer has the email address {email}")
    raise typer.Exit(output.NOT_SO)


_STYLES = {"event": "bold", "dead_letter": "red", "unread": "red", "published": "dim"}
_STYLES_OF_OUTCOMES = {"sent": "green", "skipped": "yellow", "not_entered": "yellow"}


def print_timeline(timeline: "Timeline", most_lines: int | None = None) -> None:
    """Prints a timeline: events at the margin, decisions below them. Lines over `most_lines` are
    left out in the middle."""
    output.say(f"Customer {timeline.customer_id}, times in {timeline.timezone}")
    lines = timeline.lines
    left_out = 0 if most_lines is None else len(lines) - most_lines
    for number, line in enumerate(lines):
        if most_lines is not None and left_out > 0:
            if number == most_lines // 2:
                output.say(f"{'':23}  … {left_out} more lines: run sendflow explain")
            if most_lines // 2 <= number < most_lines // 2 + left_out:
                continue
        flow = "" if line.flow is None else f"  {line.flow} · "
        style = _STYLES.get(line.kind, "")
        if line.kind == "decision":
            style = _STYLES_OF_OUTCOMES.get(line.data["outcome"], "")
        output.say_wrapped(f"{line.when:23}  {flow}{line.text}", 27, style)
    for one in timeline.waiting:
        output.say_wrapped(f"{'':23}  {one.flow} · {one.text}", 27)
    for silence in timeline.silences:
        output.say_wrapped(f"{'':23}  {silence.flow}: {silence.text}", 27)
    for flow_id, outcomes in timeline.outcomes.items():
        counts = ", ".join(f"{name} {count}" for name, count in outcomes.items())
        output.say_wrapped(f"{flow_id}: {counts}", 2)
