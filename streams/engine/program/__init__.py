"""The compiled form of a set of definitions, and how a journey moves through it.

`program.py` holds the set, `flow.py` and `step.py` its flows and steps, `turn.py` one activation of
a customer, `walk.py` the walk from step to step, `review_queue.py` messages awaiting review. The
families of steps and triggers are compiled to it.
"""

from streams.engine.program.audience import Audience, AudienceDefinition, Schedule, compile_audience
from streams.engine.program.building import Building, StepModule, has_own_id, id_of
from streams.engine.program.flow import (
    CompiledFlow,
    DateTrigger,
    ExitRule,
    NextMoment,
    ReEntry,
    SegmentPlan,
)
from streams.engine.program.followed_date import (
    OF_ORDERS,
    FollowedDate,
    followable_dates,
    followed_date,
    type_of_date,
)
from streams.engine.program.program import MetricPlan, Program
from streams.engine.program.review_queue import (
    APPROVED,
    adapt_reviews,
    approve,
    approved_step,
    due_reviews,
    enqueue,
    find_request,
    remove_request,
)
from streams.engine.program.step import Awaited, Run, Step, StepDefinition, retraced_by
from streams.engine.program.turn import MOST_ENTRIES, Turn
from streams.engine.program.walk import (
    end,
    finish_of,
    is_filtered,
    resume_journey,
    run_when_due,
    walk,
)

__all__ = [
    "APPROVED",
    "MOST_ENTRIES",
    "OF_ORDERS",
    "Audience",
    "AudienceDefinition",
    "Awaited",
    "Building",
    "CompiledFlow",
    "DateTrigger",
    "ExitRule",
    "FollowedDate",
    "MetricPlan",
    "NextMoment",
    "Program",
    "ReEntry",
    "Run",
    "Schedule",
    "SegmentPlan",
    "Step",
    "StepDefinition",
    "StepModule",
    "Turn",
    "adapt_reviews",
    "approve",
    "approved_step",
    "compile_audience",
    "due_reviews",
    "end",
    "enqueue",
    "find_request",
    "finish_of",
    "followable_dates",
    "followed_date",
    "has_own_id",
    "id_of",
    "is_filtered",
    "remove_request",
    "resume_journey",
    "retraced_by",
    "run_when_due",
    "type_of_date",
    "walk",
]
