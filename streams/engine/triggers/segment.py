"""`{segment: low-clv}`: a new membership starts the flow, by an event or by time alone
(SEMANTICS 1.1)."""

from collections.abc import Iterator

import msgspec

from streams.engine.language import Scope
from streams.engine.values import Identifier, Problem, unknown_name


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Starts the flow for new members of a segment.

    `segment`: the segment's id
    """

    segment: Identifier


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The segment exists."""
    if definition.segment not in scope.segments:
        yield unknown_name(("segment",), "segment", definition.segment, scope.segments)
