"""The entry point of deciding: one cause acts on one customer.

cause       reason                           module
Event       an event of the customer         by_event.py
Due         timers of the customer are due   by_time.py
Scanned     a scan reaches the customer      scan.py
Backfill    the customer is added to a flow  backfill.py
Review      a message was reviewed           review.py

adapt to the program ──► the module of the cause, in one turn ──► set the next timer
"""

from collections.abc import Callable, Mapping
from typing import Any

from streams.engine.customer import CustomerState, encode_state
from streams.engine.deciding.backfill import Backfill, NotAdded, Placed, by_backfill, place
from streams.engine.deciding.by_event import by_event
from streams.engine.deciding.by_time import Due, by_time
from streams.engine.deciding.change import adapt, next_due
from streams.engine.deciding.review import Review, by_review
from streams.engine.deciding.scan import Scanned, by_scan, has_changed, is_concerned
from streams.engine.effects import Effects, SegmentCause
from streams.engine.program import Program, Turn
from streams.engine.values import Event, Instant

Cause = Event | Due | Scanned | Backfill | Review
"""The closed set of causes."""

_PARTS: Mapping[type, Callable[[Program, Turn, Any], bool]] = {
    Due: by_time,
    Scanned: by_scan,
    Backfill: by_backfill,
    Review: by_review,
}
"""The function of each cause but events; true if a timer of the customer may have changed."""

_TOLD_AS: Mapping[type, SegmentCause] = {
    Due: SegmentCause.TIME,
    Scanned: SegmentCause.TIME,  # but for facts: scan.py
    Backfill: SegmentCause.BACKFILL,
    Review: SegmentCause.REVIEW,
}
"""How each cause but events is told with a change of membership."""


def act(
    program: Program, state: CustomerState, cause: Cause, now: Instant, effects: Effects
) -> bool:
    """Applies the cause to `state` and lets the flows decide. `now` is the effective record time of
    an event, a backfill or a review, and the due time of a timer or a scan, as of which they decide
    (DESIGN 5.4). Outputs are appended to `effects`; `state.next_due` becomes the customer's next
    timer. Returns true if `state` has changed: a scan may leave it as it was."""
    adapted, before = state.adapted, None
    if type(cause) is Scanned:
        if not is_concerned(program, state, cause, now):
            return False
        before = encode_state(state)
    if adapted != program.number:
        adapt(program, state, now, effects)
    if isinstance(cause, Event):
        may_move_timer = by_event(program, state, cause, now, effects)
    else:
        turn = Turn(state, now, program.facts, None, None, effects)
        turn.cause = _TOLD_AS[type(cause)]
        may_move_timer = _PARTS[type(cause)](program, turn, cause)
    if may_move_timer:
        state.next_due = next_due(state)
    return before is None or has_changed(state, adapted, before)


def rehearse(
    program: Program, state: CustomerState, request: Backfill, now: Instant, effects: Effects
) -> Placed | NotAdded:
    """Applies a backfill to a copy of a state, for a dry run. Returns the step and due time, or the
    reason why the customer would not be added."""
    if state.adapted != program.number:
        adapt(program, state, now, effects)
    placed = place(program, Turn(state, now, program.facts, None, None, effects), request)
    if isinstance(placed, Placed):
        state.next_due = next_due(state)
    return placed
