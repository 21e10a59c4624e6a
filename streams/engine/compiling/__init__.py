"""Definitions, from plain data to a program: read, checked and compiled.

Stands on top of the engine and puts the families together (`families.py`). `check.py` reads a set
and names all that is wrong with it; `program.py` and `flow.py` compile it; `successors.py` says
where journeys go on whose step was deleted.
"""

from streams.engine.compiling.check import examine, read_definitions
from streams.engine.compiling.definition import (
    Definitions,
    Flow,
    FlowStatus,
    MetricDefinition,
    Segment,
)
from streams.engine.compiling.families import FAMILIES
from streams.engine.compiling.looking_back import FurtherBack, further_back
from streams.engine.compiling.program import compile_program
from streams.engine.compiling.successors import (
    PlacedStep,
    Successors,
    placed_steps,
    successors,
    ways,
)
from streams.engine.compiling.wording import condition_text, step_text

__all__ = [
    "FAMILIES",
    "Definitions",
    "Flow",
    "FlowStatus",
    "FurtherBack",
    "MetricDefinition",
    "PlacedStep",
    "Segment",
    "Successors",
    "compile_program",
    "condition_text",
    "examine",
    "further_back",
    "placed_steps",
    "read_definitions",
    "step_text",
    "successors",
    "ways",
]
