"""Size limits of one customer's state (DESIGN 6.2, PITFALLS 62): a bot that views everything is a
customer too, and its state must fit into one record of the changelog.

    256 KB     above it, the oldest past events are forgotten, recorded by a decision
    400 KB     of triggering events in running journeys, or 1,000 journeys: no more entries
    900,000    above it, the event or timer becomes a dead letter (task.py)

The limits depend on the state alone, not on the time of the check: a replay does the same.
"""

from typing import Any

from streams.engine.customer.duplicates import forget_first
from streams.engine.customer.past import Past
from streams.engine.customer.state import CustomerState
from streams.engine.effects import Decision, Effects, Outcome
from streams.engine.values import Instant

LARGE_STATE = 256 * 1024
MOST_STATE = 900_000
"""Bytes of an encoded state; a record holds a million, its key included."""

FREED_AT_ONCE = LARGE_STATE // 4
"""A larger step, so that not every further event causes a decision."""

LEAST_PAST = 16 * 1024
"""Bytes of past events that stay: if the rest is too large, forgetting them doesn't help."""

MANY_JOURNEYS = 64
MOST_JOURNEYS = 1_000
MOST_TRIGGERS = 400 * 1024


def forget_oldest(
    state: CustomerState, size: int, now: Instant, event_id: str | None, effects: Effects
) -> bool:
    """Forgets the oldest past events of a state of `size` bytes, more than LARGE_STATE. Returns
    True if there were any; a decision without a flow then records it."""
    wanted = size - LARGE_STATE + FREED_AT_ONCE
    total = sum(past.size() for past in state.recent.values())
    goal = max(LEAST_PAST, total - wanted)
    forgotten: dict[str, int] = {}
    while total > goal:
        metric, largest = max(state.recent.items(), key=_size)
        number = len(largest) // 4 or 1
        if number == len(largest):
            break  # the newest stays
        before = largest.size()
        forget_first(state, largest, number)
        forgotten[metric] = forgotten.get(metric, 0) + number
        total -= before - largest.size()
    if not forgotten:
        return False
    evidence: dict[str, Any] = {
        "bytes": size,
        "forgotten": forgotten,
        "history_since": max(state.recent[metric].since for metric in forgotten),
    }
    effects.decisions.append(
        Decision(
            at=now,
            customer_id=state.customer_id,
            flow="",
            flow_version="",
            journey_id=None,
            step=None,
            outcome=Outcome.FORGOTTEN,
            reason="",
            evidence=evidence,
            event_id=event_id,
        )
    )
    return True


def _size(entry: tuple[str, Past]) -> int:
    return entry[1].size()


def may_add_journey(state: CustomerState, leaving: int) -> bool:
    """True if one more journey may begin after `leaving` running ones end (1.12)."""
    number = len(state.journeys) - leaving
    if number < MANY_JOURNEYS:
        return True
    if number >= MOST_JOURNEYS:
        return False
    return sum(len(journey.trigger or b"") for journey in state.journeys) < MOST_TRIGGERS


def check_fits(state: CustomerState, size: int) -> None:
    """Raises OverflowError if `size` bytes don't fit into one record."""
    if size > MOST_STATE:
        raise OverflowError(
            f"state of {state.customer_id!r} would grow to {size} bytes, limit {MOST_STATE}"
        )
