"""`sendflow flows backfill`: adds past customers to a flow with a metric trigger."""

import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.operations.backfill_plan import Candidate, Plan


def backfill(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="Flow id.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan only.")] = False,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name shown with the decision.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Add past customers to a live flow with a metric trigger. Each customer enters at the step
    the flow would have reached by now; earlier messages are not sent.

    Skipped: customers past the end of the flow, ended by `exit_on`, excluded by the filter, or
    already in the flow. Re-entry is not checked. Exit status 1 if no customer would be added.

    \b
    Example: sendflow flows backfill post-purchase --dry-run
    """
    from streams.engine import Placed
    from streams.errors import Refused
    from streams.operations.backfill_plan import plan_backfill, request_backfills

    if as_json and not (dry_run or yes):
        raise Refused("--json needs --dry-run or --yes: no confirmation in JSON mode")
    settings = options.settings_from_options(config, brokers, prefix)
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
    if not yes and not typer.confirm(f"Add {output.several(number, 'journey')}?"):
        raise typer.Exit(output.NOT_SO)
    request_backfills(settings, plan)
    if not as_json:
        output.say(f"requested {output.several(number, 'journey')}; the workers add them")


_WHY = {
    "not_live": "flow not live",
    "no_event": "event not in the customer's state (not processed yet, or forgotten)",
    "trigger_filter": "trigger filter does not match",
    "missing_key": "event lacks the flow's key",
    "profile_filter": "flow filter does not match",
    "exit_on": "ended by exit_on",
    "already_in_flow": "already in the flow",
    "no_room": "too many active journeys",
    "over": "past the end of the flow",
}
"""By value of NotAdded."""


def _show(plan: "Plan") -> None:
    from streams.engine import Placed

    output.say(f"{plan.flow}, definitions {plan.version}")
    placed = Counter(one.placed.step for one in plan.candidates if isinstance(one.placed, Placed))
    rows = [(step, placed[step]) for step in plan.steps if step in placed]
    if rows:
        output.print_table(("step", "journeys"), rows)
    else:
        output.note("no customer would be added")
    reasons = Counter(
        one.placed.value for one in plan.candidates if not isinstance(one.placed, Placed)
    )
    if reasons:
        shown = [(_WHY[reason], number) for reason, number in reasons.most_common()]
        output.print_table(("reason not added", "events"), shown)
    if plan.past_its_end:
        customers = output.several(plan.past_its_end, "customer")
        output.say(f"skipped: {customers} whose newest such event is older than the flow's length")


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
