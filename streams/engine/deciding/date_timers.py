"""Due dates of a customer's date triggers, such as a week before a birthday (SEMANTICS 1.14)."""

from collections.abc import Collection

from streams.engine.customer import CustomerState, last_entry
from streams.engine.program import CompiledFlow, FollowedDate, Program
from streams.engine.values import Instant


def set_date_timers(
    program: Program, state: CustomerState, since: Instant, told: Collection[FollowedDate] = ()
) -> None:
    """Sets the next due date of each date flow, at `since` or later: after publishing, and after a
    change of the profile or of orders. Where the date is among those `told` just now, and its
    moment has passed, `late: enter` makes it due at `since`."""
    before = state.occasions
    state.occasions = {}
    for flow in program.dated_flows:
        assert flow.date is not None
        due = before.get(flow.flow)
        if flow.date.followed in told:
            _set_next(state, flow, since)
            if flow.date.is_late is not None and flow.date.is_late(state, since):
                state.occasions[flow.flow] = since
        elif due is not None and due <= since:
            state.occasions[flow.flow] = due  # fires when the records of this moment are processed
        else:
            _set_next(state, flow, since)


def due_date_flows(program: Program, state: CustomerState, due: Instant) -> list[CompiledFlow]:
    """The date flows that are due, in order of rank. Sets their next due dates."""
    flows = [flow for flow in program.dated_flows if state.occasions.get(flow.flow, due + 1) <= due]
    for flow in flows:
        _set_next(state, flow, due + 1)
    return flows


def _set_next(state: CustomerState, flow: CompiledFlow, since: Instant) -> None:
    assert flow.date is not None
    moment = flow.date.next_moment(state, since)
    if moment is not None and moment == last_entry(state, flow.flow, None):
        # This due date has started a journey already.
        moment = flow.date.next_moment(state, moment + 1)
    if moment is None:
        state.occasions.pop(flow.flow, None)
    else:
        state.occasions[flow.flow] = moment
