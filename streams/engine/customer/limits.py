"""How large what is remembered of one customer may grow (DESIGN 6.2, PITFALLS 62): a bot that
looks at everything is a customer too, and their state must fit into one record of the changelog.

    256 KB     beyond it, the oldest past events are forgotten, and a decision says so
    400 KB     of triggering events in running journeys, or 1,000 journeys: nobody enters any more
    900,000    beyond it, the event or timer is set aside as a dead letter (task.py)

Everything here depends on the state alone, and not on when it is looked at: a replay does the same.
"""

from typing import Any

from streams.engine.customer.past import Past
from streams.engine.customer.state import CustomerState
from streams.engine.effects import Decision, Effects, Outcome
from streams.engine.values import Instant

LARGE_STATE = 256 * 1024
MOST_STATE = 900_000
"""Bytes of a state as it is encoded; a record holds a million, its key included."""

FREED_AT_ONCE = LARGE_STATE // 4
"""So that it isn't forgotten event by event, with a decision for each."""

LEAST_PAST = 16 * 1024
"""Bytes of past events that stay: where the rest is too large, forgetting them wouldn't help."""

MANY_JOURNEYS = 64
MOST_JOURNEYS = 1_000
MOST_TRIGGERS = 400 * 1024


def forget_oldest(
    state: CustomerState, size: int, now: Instant, event_id: str | None, effects: Effects
) -> bool:
    """Forgets the oldest past events of a state of `size` bytes, more than LARGE_STATE. Returns
    whether there were any; then a decision that belongs to no flow says so."""
    wanted = size - LARGE_STATE + FREED_AT_ONCE
    total = sum(past.size() for past in state.recent.values())
    goal = max(LEAST_PAST, total - wanted)
    forgotten: dict[str, int] = {}
    while total > goal:
        metric, largest = max(state.recent.items(), key=_size)
        number = len(largest) // 4 or 1
        if number == len(largest):
            break  # the newest one stays
        before = largest.size()
        largest.forget_first(number)
        forgotten[metric] = forgotten.get(metric, 0) + number
        total -= before - largest.size()
    if not forgotten:
        return False
    evidence: dict[str, Any] = {
        "bytes": size,
        "forgotten": forgotten,
        "history_since": max(state.recent[metric].since for metric in forgotten),
    }
    customer = state.customer_id
    effects.decisions.append(
        Decision(now, customer, "", "", None, None, Outcome.FORGOTTEN, "", evidence, event_id)
    )
    return True


def _size(entry: tuple[str, Past]) -> int:
    return entry[1].size()


def may_add_journey(state: CustomerState, leaving: int) -> bool:
    """Whether one more journey may begin, of which `leaving` running ones make room (1.12)."""
    number = len(state.journeys) - leaving
    if number < MANY_JOURNEYS:
        return True
    if number >= MOST_JOURNEYS:
        return False
    return sum(len(journey.trigger or b"") for journey in state.journeys) < MOST_TRIGGERS


def check_fits(state: CustomerState, size: int) -> None:
    """Raises OverflowError for a state of `size` bytes that no transaction could hold."""
    if size > MOST_STATE:
        raise OverflowError(
            f"with this, the state of {state.customer_id!r} would have {size} bytes, expected at "
            f"most {MOST_STATE}"
        )
