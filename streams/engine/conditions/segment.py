"""`{segment: ID}`: membership, by the segment's condition at this moment."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions import value
from streams.engine.conditions.by_day import parts_within
from streams.engine.conditions.condition import compile_condition, compile_evidence
from streams.engine.conditions.truth import (
    Condition,
    Evidence,
    EvidenceFunction,
    evidence_of_all,
    known_since,
)
from streams.engine.customer import Situation
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
    """The result, and the values that it depends on."""
    name = f"segment {definition.segment}"
    is_member = compile_segment(definition.segment, scope)
    within = compile_evidence(scope.segments[definition.segment].if_, _outside(scope))
    of_values = evidence_of_values(definition.segment, scope)

    def collect(situation: Situation) -> Evidence:
        values = {name: is_member(situation)[0], **of_values(situation).values}
        return Evidence(values, known_since(situation, within))

    return collect


def evidence_of_values(segment_id: str, scope: Scope) -> EvidenceFunction:
    """The evidence of the lifetime values in a segment's condition, and in those of segments that
    it refers to: a decision shows the value, the figure of the store and the model (SEMANTICS
    7.2)."""
    outside = _outside(scope)
    found = []
    for part in parts_within(scope.segments[segment_id].if_):
        if isinstance(part, value.Definition):
            found.append(value.evidence(part, outside))
        elif isinstance(part, Definition):
            found.append(evidence_of_values(part.segment, outside))
    return evidence_of_all(found)


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
