"""Dates of the customer that change: the journeys that they started end (SEMANTICS 1.14)."""

from collections.abc import Mapping
from typing import Any

from streams.engine.customer import CustomerState
from streams.engine.program import FollowedDate, MetricPlan, Program, Turn, end

ChangedDates = Mapping[FollowedDate, Any]
"""The dates that have changed, with the values before; None: it was missing."""

NO_DATES: ChangedDates = {}


def dates_of(plan: MetricPlan, state: CustomerState) -> list[Any]:
    """The values of the dates that an event of `plan` may change."""
    return [date.value_of(state) for date in plan.dates]


def changed_dates(plan: MetricPlan, state: CustomerState, before: list[Any]) -> ChangedDates:
    """The dates whose values are no longer those of `before`."""
    return {
        date: value
        for date, value in zip(plan.dates, before, strict=True)
        if date.value_of(state) != value
    }


def end_dated(program: Program, turn: Turn, changed: ChangedDates) -> None:
    """Ends the journeys that were started for the old dates: by flow priority, flow, entry."""
    for journey in sorted(turn.state.journeys, key=program.rank_of):
        flow = program.flows[journey.flow]
        if flow.date is None or changed.get(flow.date.followed) is None:
            continue
        followed = flow.date.followed
        evidence = {
            "date": followed.name,
            "before": changed[followed],
            "now": followed.value_of(turn.state),
        }
        end(turn, flow, journey, "date_changed", evidence, journey.step)
