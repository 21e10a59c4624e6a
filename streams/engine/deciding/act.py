"""The front door: a customer is acted on, whatever the cause.

cause       because                          decides
Event       something has happened           by_event.py
Due         timers of theirs are due         by_time.py
Visits      a visit to everyone comes by     scan.py
Backfill    they're to be added to a flow    backfill.py
Review      a person has said yes or no      review.py

begin: in step with the program ──► the cause's own part, in one turn ──► end: the next timer
"""

from collections.abc import Callable, Mapping
from typing import Any

from streams.engine.customer import CustomerState, encode_state
from streams.engine.deciding.backfill import Backfill, NotAdded, Placed, by_backfill, place
from streams.engine.deciding.by_event import by_event, take_in
from streams.engine.deciding.by_time import Due, by_time
from streams.engine.deciding.change import adapt, next_due
from streams.engine.deciding.review import Review, by_review
from streams.engine.deciding.scan import Visits, by_visit, has_changed, is_concerned
from streams.engine.effects import Effects
from streams.engine.program import Program, Turn
from streams.engine.values import Event, Instant

Cause = Event | Due | Visits | Backfill | Review
"""The closed set of causes for acting on a customer."""

_PARTS: Mapping[type, Callable[[Program, Turn, Any], bool]] = {
    Event: by_event,
    Due: by_time,
    Visits: by_visit,
    Backfill: by_backfill,
    Review: by_review,
}
"""The part of each cause; it returns whether a timer of the customer may have moved."""


def act(
    program: Program, state: CustomerState, cause: Cause, now: Instant, effects: Effects
) -> bool:
    """Changes `state` by the cause and lets the flows decide about it. `now` is the effective
    record time of an event, a backfill or a review, and the due time of a timer or a visit, as of
    which they decide (DESIGN 5.4). Commands, decisions and counts are added to `effects`;
    `state.next_due` is the customer's next timer afterwards. Returns whether `state` has changed: a
    visit may leave it as it was."""
    adapted, before = state.adapted, None
    if type(cause) is Visits:
        if not is_concerned(program, state, cause, now):
            return False
        before = encode_state(state)
    if adapted != program.number:
        adapt(program, state, now, effects)
    if type(cause) is Event:
        turn = take_in(program, state, cause, now, effects)
        if turn is None:
            return True  # as it is for most events: no flow asks for it
    else:
        turn = Turn(state, now, program.facts, None, None, effects)
    if _PARTS[type(cause)](program, turn, cause):
        state.next_due = next_due(state)
    return before is None or has_changed(state, adapted, before)


def rehearse(
    program: Program, state: CustomerState, asked: Backfill, now: Instant, effects: Effects
) -> Placed | NotAdded:
    """As `act`, for a copy of a state; says where the customer would wait, or why they wouldn't be
    added."""
    if state.adapted != program.number:
        adapt(program, state, now, effects)
    placed = place(program, Turn(state, now, program.facts, None, None, effects), asked)
    if isinstance(placed, Placed):
        state.next_due = next_due(state)
    return placed
