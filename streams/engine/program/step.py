"""A compiled step, linked to its possible next steps."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from streams.engine.conditions import Condition, Dependence, Test
from streams.engine.customer import Journey
from streams.engine.language import OneOf
from streams.engine.program.followed_date import FollowedDate
from streams.engine.program.turn import Turn
from streams.engine.values import Instant

FAMILY = "step"

StepDefinition = Annotated[Any, OneOf(FAMILY)]
"""One step, as written."""


class Awaited(msgspec.Struct, frozen=True, eq=False):
    """An event that a `wait_for` waits for."""

    metric: str
    test: Test | None


class Step(msgspec.Struct, eq=False):
    """One step, linked to its possible next steps.

    `run` runs when P reaches the step, or when a held journey is judged again; `resume` runs when
    the step's due time has come. Both return the next step, or None if P stays here (the journey
    then waits, is held or has ended).

    A `wait_for` also has `came`, which runs at the awaited event (`awaited`) or truth
    (`condition`). A `send` has `approved`, for a copy of the journey after its review
    (review_queue.py).

    A `wait` until a field of the profile has `follows`: a changed value runs it again (2.10).

    `retrace` is for backfills (SEMANTICS 6.3): None if a backfilled customer passes the step over.
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
    follows: FollowedDate | None = None
    following: "Step | None" = None  # the next below, whatever branch is taken
    mark: bytes = b""  # step_hash in Journey.passed; named steps only


Run = Callable[[Turn, Journey], Step | None]

Retrace = Callable[[Turn, Journey, Instant], tuple[Step, Instant] | None]
"""Replays a step that P would have reached at the given moment, by the state of today. Returns the
next step and the moment of reaching it. None: P would still be here (the journey waits now), or
would have left the flow (it stays RUNNING)."""


def retraced_by(run: Run) -> Retrace:
    """The `retrace` of a step without a wait, which chooses by the state of today."""

    def retrace(turn: Turn, journey: Journey, at: Instant) -> tuple[Step, Instant] | None:
        following = run(turn, journey)
        return None if following is None else (following, at)

    return retrace
