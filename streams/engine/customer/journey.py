"""One customer's run through one flow: what is kept of it, and the states it may be in.

             enter
               |
               v            wait, wait_for
            RUNNING -------------------------> WAITING
            |  ^  ^ <-------------------------    |
            |  |  |  due, or what was waited for  |
            |  |  |                               |
            |  |  |  quiet hours, paused flow     |
            |  |  `---- due, live again ---- HELD |
            |  |                          ^    |  |
            |  `--------------------------'    |  |
            v                                  v  v
            ENDED  <------- exit_on, restarted, archived, ...

RUNNING and ENDED are never stored: whoever runs waits, is held or has ended before the event or
timer is done with.
"""

from enum import Enum
from typing import Any

import msgspec

from streams.engine.values import Instant, unpack


class JourneyState(Enum):
    """Where a journey is in its life."""

    __hash__ = object.__hash__  # that of Enum is a call in Python, and a journey moves often

    RUNNING = "r"  # moves from step to step
    WAITING = "w"  # passed `step`; goes on when it is due, or at what a wait_for waits for
    HELD = "h"  # stands before `step`, which is judged again when the journey is due
    ENDED = "e"  # over, with a reason in the decisions


SUCCESSORS: dict[JourneyState, frozenset[JourneyState]] = {
    JourneyState.RUNNING: frozenset({JourneyState.WAITING, JourneyState.HELD, JourneyState.ENDED}),
    JourneyState.WAITING: frozenset({JourneyState.RUNNING, JourneyState.ENDED}),
    JourneyState.HELD: frozenset({JourneyState.RUNNING, JourneyState.ENDED}),
    JourneyState.ENDED: frozenset(),
}


class WrongMove(Exception):
    """A journey was moved along an arrow that isn't drawn: an error of ours, never of the input."""


class Journey(msgspec.Struct, array_like=True):
    """One run of the customer through one flow. Fields are only ever appended, with defaults."""

    flow: str
    journey_id: str
    entered_at: Instant  # effective time of the entry
    started_at: Instant  # `occurred_at` of the trigger (SEMANTICS 1.9, 1.11)
    sequence: int  # of the triggering event: "equal: processed later" (SEMANTICS 1.9)
    trigger_metric: str | None = None
    trigger_event_id: str | None = None
    trigger: bytes | None = None  # the triggering event's data, packed: trigger_data
    key: str | None = None
    step: str | None = None  # the id of the step where P waits or is held
    state: JourneyState = JourneyState.RUNNING
    due: Instant | None = None
    memory: dict[str, Any] = {}  # what steps keep for later, by the names below
    passed: bytes = b""  # marks of the named steps that P has passed: never run twice (6.2)
    traceparent: str | None = None  # of the triggering event
    coupon: str | None = None  # the code that was given last in this journey (7.1)

    def trigger_data(self) -> dict[str, Any]:
        """The data of the triggering event; empty if no event triggered the journey."""
        return {} if self.trigger is None else unpack(self.trigger)


REACHED = "reached"
"""[step, time]: when P reached the message at which P is held."""
TIMEOUT_AT = "timeout_at"
"""[step, time]: when the `wait_for` at which P waits is over."""
SENT = "sent"
"""The journey's newest message, [step, time]: an event that ends the journey later shows both times
(F81)."""


def remembered_at(journey: Journey, name: str, step: str) -> Instant | None:
    """The moment that was noted under `name` when P came to `step`. What was noted of another step
    is stale: a new definition took P on from there (SEMANTICS 6.2)."""
    noted = journey.memory.get(name)
    return noted[1] if noted is not None and noted[0] == step else None


def remember_at(journey: Journey, name: str, step: str, at: Instant | None) -> None:
    """Notes a moment of the step where P stands; None forgets it."""
    memory = {key: value for key, value in journey.memory.items() if key != name}
    if at is not None:
        memory[name] = [step, at]
    journey.memory = memory


def reschedule(journey: Journey, due: Instant | None) -> None:
    """Who waits goes on waiting, until another moment."""
    journey.due = due


def move(
    journey: Journey, state: JourneyState, step: str | None = None, due: Instant | None = None
) -> None:
    """Moves `journey` to `state`, at the step `step` until `due`. The one place where a journey's
    state is written. Raises WrongMove."""
    if state not in SUCCESSORS[journey.state]:
        raise WrongMove(
            f"journey {journey.journey_id} of {journey.flow} can't go from {journey.state.name} "
            f"to {state.name}"
        )
    journey.state = state
    journey.step = step
    journey.due = due
