"""Ends the journey (SEMANTICS 5.5: `exit`, with the step's own reason in the evidence)."""

from collections.abc import Iterator

import msgspec

from streams.engine.customer import Journey
from streams.engine.language import Scope
from streams.engine.program import Building, Step, Turn, end
from streams.engine.values import Blank, Identifier, Instant, Problem, Text


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Ends the journey.

    `exit`: empty
    `reason`: text of your own, shown in the decision
    `id`: the name of the step, shown in decisions
    """

    exit: Blank = None
    reason: Text | None = None
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """No checks beyond the types."""
    return iter(())


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that ends the journey; `following` is never reached."""
    evidence = {} if definition.reason is None else {"reason": definition.reason}
    flow = building.flow

    def run(turn: Turn, journey: Journey) -> Step | None:
        end(turn, flow, journey, "exit", dict(evidence), step_id)
        return None

    def retrace(turn: Turn, journey: Journey, at: Instant) -> None:
        """The journey would have ended here."""

    return Step(step_id, run, run, retrace=retrace)
