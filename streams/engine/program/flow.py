"""A compiled flow: its steps linked to one another, its rules compiled to closures."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.conditions import Condition, EvidenceFunction, Test
from streams.engine.customer import CustomerState, Journey
from streams.engine.program.audience import Audience, Schedule
from streams.engine.program.followed_date import FollowedDate
from streams.engine.program.step import Step
from streams.engine.program.turn import FlowVersion, Turn
from streams.engine.values import Instant, zone_named

UTC = zone_named("UTC") or ZoneInfo("UTC")


NextMoment = Callable[[CustomerState, Instant], Instant | None]
"""The next moment of a date trigger for a customer, from the given moment (included)."""


ArmOf = Callable[[Turn, Journey], str]
"""The arm of a `sample` that a journey takes: the same whenever it is asked for."""


class DateTrigger(msgspec.Struct, frozen=True, eq=False):
    """The date that starts a flow (SEMANTICS 1.14). `is_late`: true if the moment of the next date
    has passed at the given time; None without `late: enter`."""

    followed: FollowedDate
    next_moment: NextMoment
    is_late: Callable[[CustomerState, Instant], bool] | None = None


class ExitRule(msgspec.Struct, frozen=True, eq=False):
    """One line of `exit_on`: an event that ends the journey (SEMANTICS 1.4)."""

    metric: str
    test: Test | None


class ReEntry(msgspec.Struct, frozen=True):
    """The rule for another entry of a customer (SEMANTICS 1.5). `after` in ms: 0 for always, None
    for never."""

    after: Instant | None = 0
    restarts: bool = False


class CompiledFlow(FlowVersion, eq=False):
    """One flow of a program."""

    rank: int  # among the flows by priority, then id (SEMANTICS 5.1)
    is_open: bool  # live or paused: triggers are judged
    is_paused: bool
    is_archived: bool
    is_transactional: bool
    zone: ZoneInfo  # for customers without a zone
    re_entry: ReEntry
    max_event_age: int  # ms
    trigger_metric: str | None = None
    trigger_test: Test | None = None
    trigger_segment: str | None = None
    segment_evidence: EvidenceFunction | None = None  # the values that the membership depends on
    date: DateTrigger | None = None
    schedule: Schedule | None = None
    is_once_on_publish: bool = False
    audience: Audience | None = None  # of a schedule
    is_started_by_time: bool = False  # by a date or a schedule
    is_per_item: bool = False  # each item of the trigger starts a journey (SEMANTICS 1.13)
    key: Callable[[Mapping[str, Any]], Any] | None = None
    key_name: str | None = None
    filter: Condition | None = None
    filter_evidence: EvidenceFunction | None = None
    exit_on: tuple[ExitRule, ...] = ()
    follows_articles: bool = False  # those of its trigger: their news may end a journey or a wait
    samples: dict[str, ArmOf] = msgspec.field(default_factory=dict)  # by id
    steps: dict[str, Step] = msgspec.field(default_factory=dict)  # by id, nested ones too
    named_steps: set[str] = msgspec.field(default_factory=set)  # steps with an id of their own
    first: Step | None = None
    finish: Step | None = None  # follows the last step
    followed: dict[str, bool] = msgspec.field(default_factory=dict)
    """Steps that conditions ask about (SEMANTICS 3.8); true: from any journey."""
    successors: Mapping[str, str | None] = {}  # of deleted step ids (SEMANTICS 6.2)
    length: int | None = 0  # maximum ms of a journey; None: unbounded (length.py)

    @classmethod
    def gone(cls, flow: str, version: str, rank: int) -> "CompiledFlow":
        """Replaces a flow that isn't in the set: it is archived (SEMANTICS 6.1)."""
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
    """A segment whose members are known at any time: it starts flows or is followed."""

    segment: str
    version: int  # changes with the segment's definition and those it refers to
    condition: Condition
    metrics: frozenset[str]  # events that may change its truth
    is_on_journeys: bool  # so may entries and exits of flows
    is_on_facts: bool  # so may store facts
    is_open_to_new: bool  # an unknown customer may become a member by time alone
    flows: tuple[CompiledFlow, ...]  # that it starts, in their order
    is_followed: bool  # entering and leaving are told (SEMANTICS 3.9)
    set_version: str  # of the definitions as a whole
