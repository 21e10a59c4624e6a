"""`sendflow review`: messages awaiting review (status: manual)."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.settings import Settings

IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="SEND_ID", help="send_ids from `review list`."),
]
TemplateOption = Annotated[
    str | None, typer.Option(metavar="TEMPLATE", help="Every queued message of this template.")
]
FlowOption = Annotated[
    str | None, typer.Option(metavar="FLOW", help="Every queued message of this flow.")
]
ByOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Reviewer's name, shown with the decision.")
]


def list_(
    template: TemplateOption = None,
    flow: FlowOption = None,
    expired: Annotated[bool, typer.Option("--expired", help="Include expired messages.")] = False,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """List messages awaiting review, oldest first. Exit status 1 if none.

    \b
    Example: sendflow review list --flow win-back --json
    """
    settings = options.settings_from_options(config, brokers, prefix)
    now = _now()
    waiting = [
        request
        for request in _unanswered(settings, template, flow)
        if expired or request["expires_at"] > now
    ]
    if as_json:
        output.print_json(waiting)
    elif waiting:
        columns = ("send_id", "since", "expires", "customer", "channel", "recipient", "template")
        output.print_table((*columns, "flow"), [_row(request) for request in waiting])
    else:
        output.note("no messages await review")
    if not waiting:
        raise typer.Exit(output.NOT_SO)


def send(
    ids: IdsArgument = None,
    template: TemplateOption = None,
    flow: FlowOption = None,
    by: ByOption = None,
    yes: options.YesOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Approve messages. Consent, quiet hours, Smart Sending and caps are evaluated again first.

    \b
    Example: sendflow review send 8c1c7fca4f600d294b35 --by eve
    """
    settings = options.settings_from_options(config, brokers, prefix)
    _answer(settings, ids or [], (template, flow), by, is_approved=True, is_sure=yes)


def drop(
    ids: IdsArgument = None,
    template: TemplateOption = None,
    flow: FlowOption = None,
    by: ByOption = None,
    yes: options.YesOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Drop messages.

    \b
    Example: sendflow review drop --template win-back --yes
    """
    settings = options.settings_from_options(config, brokers, prefix)
    _answer(settings, ids or [], (template, flow), by, is_approved=False, is_sure=yes)


def _answer(
    settings: "Settings",
    ids: list[str],
    chosen_by: tuple[str | None, str | None],
    by: str | None,
    *,
    is_approved: bool,
    is_sure: bool,
) -> None:
    from streams.engine import Review
    from streams.errors import Refused
    from streams.operations.reviews import write_reviews

    template, flow = chosen_by
    if not ids and template is None and flow is None:
        raise Refused("give send_ids, --template or --flow")
    waiting = {one["send_id"]: one for one in _unanswered(settings, template, flow)}
    unknown = [name for name in ids if name not in waiting]
    chosen = [waiting[name] for name in ids if name in waiting] if ids else list(waiting.values())
    for name in unknown:
        output.complain(f"{name}: no such message awaits review")
    if unknown or not chosen:
        output.note("nothing written")
        raise typer.Exit(output.NOT_SO)
    verb = "Send" if is_approved else "Drop"
    if not is_sure and len(chosen) > 1 and not typer.confirm(f"{verb} {len(chosen)} messages?"):
        raise typer.Exit(output.NOT_SO)
    now = _now()
    write_reviews(
        settings,
        [Review(one["send_id"], one["customer_id"], is_approved, by, now) for one in chosen],
    )
    for one in chosen:
        output.say(f"{one['send_id']}: {'approved' if is_approved else 'dropped'}")


def _unanswered(
    settings: "Settings", template: str | None, flow: str | None
) -> list[dict[str, Any]]:
    from streams.contracts.registry import registry_in
    from streams.contracts.wire import decode_with
    from streams.operations.reviews import open_requests

    return [
        request
        for request in open_requests(settings, decode_with(registry_in(settings)))
        if template in (None, request["template"]) and flow in (None, request["flow"])
    ]


def _row(request: dict[str, Any]) -> tuple[str | None, ...]:
    return (
        request["send_id"],
        _moment(request["requested_at"]),
        _moment(request["expires_at"]),
        request["customer_id"],
        request["channel"],
        request["recipient"],
        request["template"],
        request["flow"],
    )


def _moment(at: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"


def _now() -> int:
    return time.time_ns() // 1_000_000
