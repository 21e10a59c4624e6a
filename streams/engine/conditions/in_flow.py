"""`{in_flow: ID}`: the customer is in the flow; with `within`: entered it less than that long ago,
even if the journey has ended. The journey that is judged doesn't count (SEMANTICS 3.4)."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.truth import (
    ALWAYS,
    NEVER,
    Condition,
    Evidence,
    EvidenceFunction,
    Truth,
)
from streams.engine.customer import Journey, Situation, entries_of
from streams.engine.language import Scope
from streams.engine.values import Identifier, Instant, PositiveDuration, Problem, unknown_name


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Holds for customers in a flow, or with a recent entry.

    `in_flow`: the flow's id
    `within`: entered less than this long ago, whether or not the journey has ended
    """

    in_flow: Identifier
    within: PositiveDuration | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The flow exists."""
    if definition.in_flow not in scope.flows:
        yield unknown_name(("in_flow",), "flow", definition.in_flow, scope.flows)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """A search in the journeys, or entries, of the state."""
    flow, within = definition.in_flow, definition.within
    return _in_it(flow) if within is None else _entered_within(flow, within)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The result."""
    name = f"in_flow {definition.in_flow}"
    is_in = compile(definition, scope)
    return lambda situation: Evidence({name: is_in(situation)[0]})


def _in_it(flow: str) -> Condition:
    def judge(situation: Situation) -> Truth:
        judged = situation.journey
        for journey in situation.state.journeys:
            if journey.flow == flow and not _is_same(journey, judged):
                return ALWAYS
        return NEVER

    return judge


def _entered_within(flow: str, window: int) -> Condition:
    def judge(situation: Situation) -> Truth:
        entered_at = _last_entry(flow, situation)
        if entered_at is None or situation.now >= entered_at + window:
            return NEVER
        return True, entered_at + window

    return judge


def _last_entry(flow: str, situation: Situation) -> Instant | None:
    judged = situation.journey
    state = situation.state
    entries = [
        journey.entered_at
        for journey in state.journeys
        if journey.flow == flow and not _is_same(journey, judged)
    ]
    for key, entered_at in entries_of(state, flow).items():
        is_own = (
            judged is not None
            and judged.flow == flow
            and (judged.key or "") == key
            and judged.entered_at == entered_at
        )
        if not is_own:
            entries.append(entered_at)
    return max(entries, default=None)


def _is_same(journey: Journey, judged: Journey | None) -> bool:
    """True for the judged journey itself; a message in review is judged for its journey's copy."""
    return judged is not None and journey.journey_id == judged.journey_id
