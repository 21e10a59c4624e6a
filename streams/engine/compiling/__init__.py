"""Definitions, from plain data to a program: read, checked and compiled.

The top of the engine, which joins the families (`families.py`). `check.py` reads a set and lists
its problems; `compile_program.py` and `compile_flow.py` compile it; `successors.py` maps deleted
steps to the steps at which journeys continue.
"""

from streams.engine.compiling.check import examine, read_definitions, read_published
from streams.engine.compiling.compile_flow import DEFAULT_EVENT_AGE, TRANSACTIONAL_EVENT_AGE
from streams.engine.compiling.compile_program import compile_program
from streams.engine.compiling.definition import (
    Definitions,
    Flow,
    FlowStatus,
    MetricDefinition,
    Segment,
)
from streams.engine.compiling.definition_text import condition_text, step_text
from streams.engine.compiling.families import FAMILIES
from streams.engine.compiling.history_gap import HistoryGap, history_gaps
from streams.engine.compiling.successors import (
    PlacedStep,
    Successors,
    placed_steps,
    successors,
    ways,
)

__all__ = [
    "DEFAULT_EVENT_AGE",
    "FAMILIES",
    "TRANSACTIONAL_EVENT_AGE",
    "Definitions",
    "Flow",
    "FlowStatus",
    "HistoryGap",
    "MetricDefinition",
    "PlacedStep",
    "Segment",
    "Successors",
    "compile_program",
    "condition_text",
    "examine",
    "history_gaps",
    "placed_steps",
    "read_definitions",
    "read_published",
    "step_text",
    "successors",
    "ways",
]
