"""Duplicates (SEMANTICS 8.7): an event whose id is among the remembered events of its metric, or
among the customer's last 64 events.

    Past.ids      each remembered event's id, for as long as the event is remembered
    state.seen    the ids of the last 64 that are no longer remembered, or never were: events that
                  corrected a known order, carts told too late
"""

from streams.engine.customer.past import SEQUENCES, Past
from streams.engine.customer.state import CustomerState
from streams.engine.values import ID_HASH, is_among

MOST_SEEN = 64
"""The customer's last events, whatever their metrics and their times."""


def is_duplicate(state: CustomerState, metric: str, id_: bytes) -> bool:
    """True for the id of a known event of `metric`, or of one of the last MOST_SEEN."""
    recent = state.recent
    past = recent.get(metric)
    if past is not None and past.has(id_):
        return True
    seen = state.seen
    if seen and is_among(id_, seen):
        return True
    for other in recent.values():
        # `in` alone spares most events the rest: 0.1 µs a metric.
        if id_ in other.ids and other is not past and _has_lately(other, id_, state.sequence):
            return True
    return False


def mark_seen(state: CustomerState, id_: bytes) -> None:
    """Remembers the id of an event that isn't among the remembered events of its metric."""
    state.seen = (state.seen + id_)[-MOST_SEEN * ID_HASH :]


def forget_first(state: CustomerState, past: Past, number: int) -> None:
    """Forgets the `number` oldest events of `past`, but the ids of those among the customer's last
    MOST_SEEN."""
    for place in range(number):
        if _is_late(past, place, state.sequence):
            mark_seen(state, past.id_at(place))
    past.forget_first(number)


def _has_lately(past: Past, id_: bytes, sequence: int) -> bool:
    return any(
        past.id_at(place) == id_ and _is_late(past, place, sequence) for place in range(len(past))
    )


def _is_late(past: Past, place: int, sequence: int) -> bool:
    return (sequence - past.sequence_at(place)) % SEQUENCES < MOST_SEEN
