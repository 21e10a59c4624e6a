"""`sendflow flows backfill`: past customers into a flow that an event starts."""

import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.operations.backfills import Candidate, Plan


def backfill(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="The flow's id.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say who would be placed where.")
    ] = False,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who asks; shown with the decision.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: options.AsJson = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
) -> None:
    """Add past customers to a live flow that an event starts. Each is placed where they would be by
    the time of the event; messages above that place are never made up for.

    Not added is who would be past the end of the flow, has left it by `exit_on`, doesn't meet its
    filter or is in it already. Re-entry isn't checked. Exit status 1 if nobody would be placed.

    \b
    Example: sendflow flows backfill post-purchase --dry-run
    """
    from streams.engine import Placed
    from streams.errors import Refused
    from streams.operations.backfills import ask_for, plan_backfill

    if as_json and not (dry_run or yes):
        raise Refused("--json goes with --dry-run or --yes: a program can't be asked")
    settings = options.load(config, brokers, prefix)
    with output.progress("reading events and states"):
        plan = plan_backfill(settings, flow, by, time.time_ns() // 1_000_000)
    if as_json:
        output.print_json(_as_json(plan))
    else:
        _show(plan)
    number = sum(isinstance(one.placed, Placed) for one in plan.candidates)
    if not number:
        raise typer.Exit(output.NOT_SO)
    if dry_run:
        return
    if not yes and not typer.confirm(f"Place {output.several(number, 'journey')}?"):
        raise typer.Exit(output.NOT_SO)
    ask_for(settings, plan)
    if not as_json:
        output.say(f"asked for {output.several(number, 'journey')}; the workers place them")


_WHY = {
    "not_live": "the flow isn't live",
    "no_event": "the event isn't in the customer's state (not decided yet, or forgotten)",
    "trigger_filter": "the trigger's where doesn't hold",
    "missing_key": "the event has no value for the flow's key",
    "profile_filter": "the flow's filter doesn't hold",
    "exit_on": "an event of exit_on came",
    "already_in_flow": "in the flow already",
    "no_room": "too many journeys under way",
    "over": "would be past its end by now",
}
"""By the value of a NotAdded."""


def _show(plan: "Plan") -> None:
    from streams.engine import Placed

    output.say(f"{plan.flow}, definitions {plan.version}")
    placed = Counter(one.placed.step for one in plan.candidates if isinstance(one.placed, Placed))
    rows = [(step, placed[step]) for step in plan.steps if step in placed]
    if rows:
        output.print_table(("would wait at", "journeys"), rows)
    else:
        output.note("nobody would be placed")
    reasons = Counter(
        one.placed.value for one in plan.candidates if not isinstance(one.placed, Placed)
    )
    if reasons:
        shown = [(_WHY[reason], number) for reason, number in reasons.most_common()]
        output.print_table(("not added because", "events"), shown)
    if plan.past_its_end:
        customers = output.several(plan.past_its_end, "customer")
        output.say(
            f"not looked at: {customers} whose newest such event is longer ago than the flow "
            "lasts; it would be over for them"
        )


def _as_json(plan: "Plan") -> dict[str, Any]:
    from streams.engine import Placed

    placed, others = [], []
    steps: Counter[str] = Counter()
    for one in plan.candidates:
        if isinstance(one.placed, Placed):
            placed.append({**_event(one), "step": one.placed.step, "due": one.placed.due})
            steps[one.placed.step] += 1
        else:
            others.append({**_event(one), "reason": one.placed.value})
    return {
        "flow": plan.flow,
        "definitions": plan.version,
        "at": plan.at,
        "steps": {step: steps[step] for step in plan.steps if step in steps},
        "placed": placed,
        "not_added": others,
        "customers_past_its_end": plan.past_its_end,
    }


def _event(one: "Candidate") -> dict[str, Any]:
    return {
        "customer_id": one.customer_id,
        "event_id": one.event_id,
        "occurred_at": one.occurred_at,
    }
