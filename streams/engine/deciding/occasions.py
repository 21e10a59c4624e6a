"""When the date triggers of a customer are due: a week before a birthday (SEMANTICS 1.1)."""

from streams.engine.customer import CustomerState
from streams.engine.program import CompiledFlow, Program
from streams.engine.values import Instant


def set_occasions(program: Program, state: CustomerState, since: Instant) -> None:
    """Finds the next moment of each date flow anew, from `since` on, this moment included: after
    publishing, and when the profile has changed."""
    state.occasions = {}
    for flow in program.dated_flows:
        _set_next(state, flow, since)


def due_occasions(program: Program, state: CustomerState, due: Instant) -> list[CompiledFlow]:
    """The date flows that are due, in their order; their next moments are set."""
    flows = [flow for flow in program.dated_flows if state.occasions.get(flow.flow, due + 1) <= due]
    for flow in flows:
        _set_next(state, flow, due + 1)
    return flows


def _set_next(state: CustomerState, flow: CompiledFlow, since: Instant) -> None:
    assert flow.next_moment is not None
    moment = flow.next_moment(state, since)
    if moment is not None and moment == state.entries.get(flow.flow, {}).get(""):
        moment = flow.next_moment(state, moment + 1)  # entered at this moment already
    if moment is None:
        state.occasions.pop(flow.flow, None)
    else:
        state.occasions[flow.flow] = moment
