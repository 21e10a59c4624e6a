"""Numbers of waiting customers by flow and step."""

from collections import Counter
from collections.abc import Iterable

from streams.definitions.changes import WaitingCounts
from streams.engine import CustomerState, decode_state
from streams.kafka.topic_reader import TopicReader
from streams.operations.customer_states import read_states
from streams.settings import Settings

_FlowSteps = frozenset[tuple[str, str]]
"""Pairs (flow, step) at which one customer waits; several journeys at one step count once."""


def waiting_customers(settings: Settings) -> WaitingCounts:
    """Counts from the newest committed states. Raises Refused."""
    with TopicReader(settings, "waiting") as reader:
        return count_waiting(read_states(reader))


def count_waiting(states: Iterable[tuple[bytes, bytes | None]]) -> WaitingCounts:
    """Counts from changelog records. Only waiting customers are kept in memory."""
    waiting: dict[bytes, _FlowSteps] = {}
    for customer, data in states:
        steps = _flow_steps_of(decode_state(data)) if data is not None else frozenset()
        if steps:
            waiting[customer] = steps
        else:
            waiting.pop(customer, None)
    at_step: Counter[tuple[str, str]] = Counter()
    in_flow: Counter[str] = Counter()
    for steps in waiting.values():
        at_step.update(steps)
        in_flow.update({flow for flow, _ in steps})
    return WaitingCounts(at_step, in_flow)


def _flow_steps_of(state: CustomerState) -> _FlowSteps:
    """Steps of journeys and of messages awaiting review."""
    return frozenset(
        (journey.flow, journey.step)
        for journey in (*state.journeys, *state.reviews)
        if journey.step is not None
    )
