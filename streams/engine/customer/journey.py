"""A journey: one customer's run through one flow, its stored fields and its states.

             enter
               |
               v            wait, wait_for
            RUNNING -------------------------> WAITING
            |  |  ^ <-------------------------    |
            |  |  |  due, or the awaited event    |
            |  |  |                               |
            |  |  `---- due, live again ---- HELD |
            |  |                          ^    |  |
            |  `--------------------------'    |  |
            |   quiet hours, paused flow,      |  |
            |   1,000 steps, a copy in review  |  |
            v                                  v  v
            ENDED  <------- exit_on, restarted, archived, ...

RUNNING and ENDED are never stored: at the end of an event or timer a journey waits, is held or has
ended.
"""

from enum import Enum
from typing import Any

import msgspec

from streams.engine.values import Instant, unpack


class JourneyState(Enum):
    """The state of a journey."""

    __hash__ = object.__hash__  # Enum's is a Python call, and journeys move often

    RUNNING = "r"  # moves from step to step
    WAITING = "w"  # passed `step`; continues when due, or at the awaited event
    HELD = "h"  # before `step`, which is judged again when due
    ENDED = "e"  # over, with a reason in the decisions


SUCCESSORS: dict[JourneyState, frozenset[JourneyState]] = {
    JourneyState.RUNNING: frozenset({JourneyState.WAITING, JourneyState.HELD, JourneyState.ENDED}),
    JourneyState.WAITING: frozenset({JourneyState.RUNNING, JourneyState.ENDED}),
    JourneyState.HELD: frozenset({JourneyState.RUNNING, JourneyState.ENDED}),
    JourneyState.ENDED: frozenset(),
}


class WrongMove(Exception):
    """A transition outside of SUCCESSORS: a programming error, never caused by input."""


class Journey(msgspec.Struct, array_like=True):
    """One run of the customer through one flow. Fields are only ever appended, with defaults."""

    flow: str
    journey_id: str
    entered_at: Instant  # effective time of the entry
    started_at: Instant  # `occurred_at` of the trigger (SEMANTICS 1.9, 1.11)
    sequence: int  # of the triggering event, for equal moments: after_trigger.py
    trigger_metric: str | None = None
    trigger_event_id: str | None = None
    trigger: bytes | None = None  # the triggering event's data, packed: trigger_data
    key: str | None = None
    step: str | None = None  # the id of the step where P waits or is held
    state: JourneyState = JourneyState.RUNNING
    due: Instant | None = None
    memory: dict[str, Any] = {}  # of steps, by the names below
    passed: bytes = b""  # step hashes of the named steps passed: never run twice (6.2)
    traceparent: str | None = None  # of the triggering event
    coupon: str | None = None  # the newest code given in this journey (7.1)

    def trigger_data(self) -> dict[str, Any]:
        """The data of the triggering event; empty if no event triggered the journey."""
        return {} if self.trigger is None else unpack(self.trigger)


REACHED = "reached"
"""[step, time]: arrival of P at the message where P is held."""
TIMEOUT_AT = "timeout_at"
"""[step, time]: end of the `wait_for` where P waits."""
PROFILE_AWAITED = "profile"
"""[step, time]: P is held at the message until something is told of P's profile (SEMANTICS 4.5)."""
SENT = "sent"
"""[step, time] of the journey's newest message, for the evidence of an exit (F81)."""


def remembered_at(journey: Journey, name: str, step: str) -> Instant | None:
    """The time remembered under `name` for `step`. A time of another step is stale: a new
    definition moved P from there (SEMANTICS 6.2)."""
    remembered = journey.memory.get(name)
    return remembered[1] if remembered is not None and remembered[0] == step else None


def remember_at(journey: Journey, name: str, step: str, at: Instant | None) -> None:
    """Remembers a time of the step where P is; None forgets it."""
    memory = {key: value for key, value in journey.memory.items() if key != name}
    if at is not None:
        memory[name] = [step, at]
    journey.memory = memory


def reschedule(journey: Journey, due: Instant | None) -> None:
    """Changes the due time of a waiting journey."""
    journey.due = due


def move(
    journey: Journey, state: JourneyState, step: str | None = None, due: Instant | None = None
) -> None:
    """Moves `journey` to `state`, at the step `step` until `due`. No other function writes a
    journey's state. Raises WrongMove."""
    if state not in SUCCESSORS[journey.state]:
        raise WrongMove(
            f"journey {journey.journey_id} of {journey.flow} cannot go from {journey.state.name} "
            f"to {state.name}"
        )
    journey.state = state
    journey.step = step
    journey.due = due
