"""`{in_flow: ID}`: is in it now; with `within`: entered it less than that long ago, also if it has
ended since. The journey that asks doesn't count (SEMANTICS 3.4)."""

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
    """Holds for customers who are in a flow, or entered it lately.

    `in_flow`: the flow's id
    `within`: entered it less than this long ago, whether or not the journey has ended
    """

    in_flow: Identifier
    within: PositiveDuration | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The flow exists."""
    if definition.in_flow not in scope.flows:
        yield unknown_name(("in_flow",), "flow", definition.in_flow, scope.flows)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """Over the journeys, or the entries, that the state keeps."""
    flow, within = definition.in_flow, definition.within
    return _in_it(flow) if within is None else _entered_within(flow, within)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """Whether the customer is, or was."""
    name = f"in_flow {definition.in_flow}"
    is_in = compile(definition, scope)
    return lambda situation: Evidence({name: is_in(situation)[0]})


def _in_it(flow: str) -> Condition:
    def judge(situation: Situation) -> Truth:
        asking = situation.journey
        for journey in situation.state.journeys:
            if journey.flow == flow and not _is_same(journey, asking):
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
    asking = situation.journey
    state = situation.state
    entries = [
        journey.entered_at
        for journey in state.journeys
        if journey.flow == flow and not _is_same(journey, asking)
    ]
    for key, entered_at in entries_of(state, flow).items():
        is_own = (
            asking is not None
            and asking.flow == flow
            and (asking.key or "") == key
            and asking.entered_at == entered_at
        )
        if not is_own:
            entries.append(entered_at)
    return max(entries, default=None)


def _is_same(journey: Journey, asking: Journey | None) -> bool:
    """The journey that asks doesn't count; a message that waits for a person asks for its own."""
    return asking is not None and journey.journey_id == asking.journey_id
