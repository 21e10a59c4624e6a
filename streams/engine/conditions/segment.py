"""`{segment: ID}`: membership, by the segment's condition at this moment."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.condition import compile_condition, compile_evidence
from streams.engine.conditions.truth import Condition, Evidence, EvidenceFunction, known_since
from streams.engine.language import Scope
from streams.engine.values import Identifier, Problem, unknown_name


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Holds for members of a segment.

    `segment`: the segment's id
    """

    segment: Identifier


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The segment exists. Cycles are found where all segments are known (definition.py)."""
    if definition.segment not in scope.segments:
        yield unknown_name(("segment",), "segment", definition.segment, scope.segments)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The segment's condition, compiled once."""
    return compile_segment(definition.segment, scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The result."""
    name = f"segment {definition.segment}"
    is_member = compile_segment(definition.segment, scope)
    within = compile_evidence(scope.segments[definition.segment].if_, _outside(scope))
    return lambda situation: Evidence(
        {name: is_member(situation)[0]}, known_since(situation, within)
    )


def compile_segment(segment_id: str, scope: Scope) -> Condition:
    """The condition of a segment. It is the same everywhere, so it sees neither the flow's trigger
    nor its zone."""
    compiled = scope.segment_conditions.get(segment_id)
    if compiled is None:
        compiled = compile_condition(scope.segments[segment_id].if_, _outside(scope))
        scope.segment_conditions[segment_id] = compiled
    return compiled


def _outside(scope: Scope) -> Scope:
    return msgspec.structs.replace(scope, flow=None, trigger=None, zone=scope.store_zone)
