"""How many customers wait at which step of which flow."""

from collections import Counter
from collections.abc import Iterable

from streams.definitions.changes import WaitingCounts
from streams.engine import CustomerState, decode_state
from streams.kafka.topic_reader import TopicReader
from streams.operations.customer_states import read_states
from streams.settings import Settings

_Places = frozenset[tuple[str, str]]
"""Flows and steps at which one customer waits: several journeys at one step are one customer."""


def waiting_customers(settings: Settings) -> WaitingCounts:
    """As the workers' newest committed states have it. Raises Refused."""
    with TopicReader(settings, "waiting") as reader:
        return count_waiting(read_states(reader))


def count_waiting(states: Iterable[tuple[bytes, bytes | None]]) -> WaitingCounts:
    """The same of records of the changelog. Only customers who wait are kept in memory."""
    places: dict[bytes, _Places] = {}
    for customer, data in states:
        where = _places_of(decode_state(data)) if data is not None else frozenset()
        if where:
            places[customer] = where
        else:
            places.pop(customer, None)
    at_step: Counter[tuple[str, str]] = Counter()
    in_flow: Counter[str] = Counter()
    for where in places.values():
        at_step.update(where)
        in_flow.update({flow for flow, _ in where})
    return WaitingCounts(at_step, in_flow)


def _places_of(state: CustomerState) -> _Places:
    """Journeys, and messages that wait for a person."""
    return frozenset(
        (journey.flow, journey.step)
        for journey in (*state.journeys, *state.reviews)
        if journey.step is not None
    )
