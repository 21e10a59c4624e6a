"""One step as it is run, linked to those that may follow it."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from streams.engine.conditions import Condition, Dependence, Test
from streams.engine.customer import Journey
from streams.engine.language import OneOf
from streams.engine.program.turn import Turn
from streams.engine.values import Instant

FAMILY = "step"

StepDefinition = Annotated[Any, OneOf(FAMILY)]
"""A place in the definitions where one step stands."""


class Awaited(msgspec.Struct, frozen=True, eq=False):
    """An event that a `wait_for` waits for."""

    metric: str
    test: Test | None


class Step(msgspec.Struct, eq=False):
    """One step, linked to those that may follow it.

    `run` is what happens when P reaches the step, or is judged again where it was held; `resume`
    when the step's time has come. Both return the step to go on with, or None when P stays here
    (the journey then waits, is held or has ended).

    A `wait_for` has one more, `came`, for when what it waits for has come: an event (`awaited`), or
    the truth of a `condition`. A `send` has `approved`, for a copy of the journey that waited for a
    person (review_queue.py).

    `retrace` is for who is added to the flow afterwards (SEMANTICS 6.3): None where such a customer
    passes the step over.
    """

    id: str  # as written, else the step's place: `steps[1].then[0]`
    run: "Run"
    resume: "Run"
    came: "Run | None" = None
    awaited: Awaited | None = None
    condition: Condition | None = None
    depends_on: Dependence | None = None  # the condition
    approved: "Run | None" = None
    retrace: "Retrace | None" = None
    following: "Step | None" = None  # below it, whichever way it goes
    mark: bytes = b""  # by which a journey remembers that it has passed it; only of named ones


Run = Callable[[Turn, Journey], Step | None]

Retrace = Callable[[Turn, Journey, Instant], tuple[Step, Instant] | None]
"""What P would have done at a step that P would have reached at the moment given, as `turn` sees it
today: gone on with the step at the moment returned. None: P would still be here (the journey waits
now), or would have left the flow (it is RUNNING as before)."""


def retraced_by(run: Run) -> Retrace:
    """That of a step which P passes at once, and which chooses by what is so today."""

    def retrace(turn: Turn, journey: Journey, at: Instant) -> tuple[Step, Instant] | None:
        following = run(turn, journey)
        return None if following is None else (following, at)

    return retrace
