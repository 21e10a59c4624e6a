"""Due dates of a customer's date triggers, such as a week before a birthday (SEMANTICS 1.1)."""

from streams.engine.customer import CustomerState, last_entry
from streams.engine.program import CompiledFlow, Program
from streams.engine.values import Instant


def set_date_timers(program: Program, state: CustomerState, since: Instant) -> None:
    """Sets the next due date of each date flow, at `since` or later: after publishing, and after a
    change of the profile."""
    state.occasions = {}
    for flow in program.dated_flows:
        _set_next(state, flow, since)


def due_date_flows(program: Program, state: CustomerState, due: Instant) -> list[CompiledFlow]:
    """The date flows that are due, in order of rank. Sets their next due dates."""
    flows = [flow for flow in program.dated_flows if state.occasions.get(flow.flow, due + 1) <= due]
    for flow in flows:
        _set_next(state, flow, due + 1)
    return flows


def _set_next(state: CustomerState, flow: CompiledFlow, since: Instant) -> None:
    assert flow.next_moment is not None
    moment = flow.next_moment(state, since)
    if moment is not None and moment == last_entry(state, flow.flow, None):
        moment = flow.next_moment(state, moment + 1)  # this due date has started a journey already
    if moment is None:
        state.occasions.pop(flow.flow, None)
    else:
        state.occasions[flow.flow] = moment
