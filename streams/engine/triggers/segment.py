"""`{segment: low-clv}`: becoming a member starts the flow, by an event or by time alone
(SEMANTICS 1.1)."""

from collections.abc import Iterator

import msgspec

from streams.engine.problem import Problem, unknown_name
from streams.engine.scalars import Identifier
from streams.engine.scope import Scope


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Starts the flow for customers who become members of a segment.

    `segment`: the segment's id
    """

    segment: Identifier


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The segment exists."""
    if definition.segment not in scope.segments:
        yield unknown_name(("segment",), "segment", definition.segment, scope.segments)
