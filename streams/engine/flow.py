"""A flow as it is run: its steps linked to one another, its rules compiled to closures."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.calendar import zone_named
from streams.engine.conditions.truth import Condition, Evidence
from streams.engine.conditions.where import Test
from streams.engine.dependence import Dependence
from streams.engine.event import Instant
from streams.engine.journey import Journey
from streams.engine.reading import OneOf
from streams.engine.schedule import Audience, Schedule
from streams.engine.scope import Scope
from streams.engine.state import CustomerState
from streams.engine.turn import Turn

UTC = zone_named("UTC") or ZoneInfo("UTC")


NextMoment = Callable[[CustomerState, Instant], Instant | None]
"""The next moment of a date trigger for a customer, from the moment given on, this one included."""


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
    person (waiting.py).

    `retrace` is for who is added to the flow afterwards (SEMANTICS 6.3): None where such a customer
    passes the step over.
    """

    id: str  # as written, else the step's place: `steps[1].then[0]`
    run: "Run"
    resume: "Run"
    came: "Run | None" = None
    awaited: Awaited | None = None
    condition: Condition | None = None
    hangs_on: Dependence | None = None  # the condition
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


class ExitRule(msgspec.Struct, frozen=True, eq=False):
    """One line of `exit_on`: an event that ends the journey (SEMANTICS 1.4)."""

    metric: str
    test: Test | None


class ReEntry(msgspec.Struct, frozen=True):
    """When a customer may enter again (SEMANTICS 1.5). `after` in ms: 0 for always, None for
    never."""

    after: Instant | None = 0
    restarts: bool = False


class CompiledFlow(msgspec.Struct, eq=False):
    """One flow of a program."""

    flow: str
    version: str
    rank: int  # place among the flows by priority, then id (SEMANTICS 5.1)
    is_open: bool  # live or paused: triggers are judged
    is_paused: bool
    is_archived: bool
    is_transactional: bool
    zone: ZoneInfo  # for customers without one
    re_entry: ReEntry
    max_event_age: int  # ms
    trigger_metric: str | None = None
    trigger_test: Test | None = None
    trigger_segment: str | None = None
    next_moment: NextMoment | None = None  # of a date trigger
    schedule: Schedule | None = None
    is_once_on_publish: bool = False
    audience: Audience | None = None  # of a schedule
    is_started_by_time: bool = False  # by a date or a schedule
    key: Callable[[Mapping[str, Any]], Any] | None = None
    key_name: str | None = None
    filter: Condition | None = None
    filter_evidence: Evidence | None = None
    exit_on: tuple[ExitRule, ...] = ()
    steps: dict[str, Step] = {}  # by id, nested ones too
    named_steps: set[str] = set()  # those of them that have an id of their own
    first: Step | None = None
    finish: Step | None = None  # follows the last step
    successors: Mapping[str, str | None] = {}  # of step ids that once were (SEMANTICS 6.2)
    length: int | None = 0  # ms that a journey takes at most; None: nobody knows (length.py)

    @classmethod
    def gone(cls, flow: str, version: str, rank: int) -> "CompiledFlow":
        """Stands for a flow that was left out of the set: it is archived (SEMANTICS 6.1)."""
        return cls(
            flow=flow,
            version=version,
            rank=rank,
            is_open=False,
            is_paused=False,
            is_archived=True,
            is_transactional=False,
            zone=UTC,
            re_entry=ReEntry(),
            max_event_age=0,
        )


class SegmentPlan(msgspec.Struct, frozen=True, eq=False):
    """A segment that starts flows."""

    segment: str
    version: int  # changes with the segment's definition, and those it refers to
    condition: Condition
    metrics: frozenset[str]  # events that may change its truth
    is_on_journeys: bool  # so may entering and leaving a flow
    is_on_facts: bool  # so may store facts
    is_open_to_new: (
        bool  # whether a customer of whom nothing is known may be a member by time alone
    )
    flows: tuple[CompiledFlow, ...]  # that it starts, in their order


class Building(msgspec.Struct):
    """What compiling a step needs to know of what surrounds it."""

    flow: CompiledFlow
    scope: Scope
    settings: Any  # StoreSettings
    definition: Any  # Flow
    place: str = ""  # of the step that is being compiled: `steps[1].then[0]`

    def sequence(self, definitions: list[Any], place: str, following: Step) -> Step:
        """Compiles a list of steps, from the last to the first, so that each knows the next. With
        an empty list `following` itself comes next."""
        from streams.engine.steps import compile_step

        for number in reversed(range(len(definitions))):
            self.place = f"{place}[{number}]"
            following = compile_step(definitions[number], self, following)
        return following


def _step_members() -> Mapping[str, Any]:
    from streams.engine.steps import STEPS

    return STEPS


StepDefinition = Annotated[Any, OneOf("step", _step_members)]
"""A place in the definitions where one step stands."""
