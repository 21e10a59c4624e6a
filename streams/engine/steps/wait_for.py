"""Continues when an event comes or a condition holds, or at the timeout (SEMANTICS 2.8).

arrival                                   arrival + timeout
   |--- event or truth: then ------------------|  this moment included
                                               `--- else
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from streams.engine.conditions import (
    ConditionDefinition,
    EventPattern,
    check_pattern,
    compile_condition,
    compile_evidence,
    compile_pattern,
    dependence_of,
    earlier,
    top_fields,
)
from streams.engine.customer import (
    TIMEOUT_AT,
    Journey,
    JourneyState,
    Occurrence,
    after_trigger,
    move,
    remember_at,
    remembered_at,
)
from streams.engine.effects import Outcome
from streams.engine.language import Scope, refers_to_trigger
from streams.engine.program import Awaited, Building, Run, Step, StepDefinition, Turn
from streams.engine.values import Identifier, Instant, PositiveDuration, Problem

MINIMAL_PAST = None  # without limit: a journey may have begun at any time


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Waits for an event or for a condition, up to a timeout.

    `wait_for`: an event (`metric` and `where`) or a condition
    `timeout`: time after reaching the step; then the customer takes `else`
    `since`: counted events: those since reaching the step (`arrival`), or all since the flow's
      trigger (`flow_start`, the default if `where` refers to `$trigger`)
    `then`: the steps if it came in time
    `else`: the steps after the timeout
    `id`: the name of the step; waiting customers keep their place by it
    """

    wait_for: EventPattern | ConditionDefinition
    timeout: PositiveDuration
    since: Literal["arrival", "flow_start"] | None = None
    then: list[StepDefinition] = []
    else_: list[StepDefinition] = msgspec.field(default=[], name="else")
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The event is known; `since` needs an event."""
    awaited = definition.wait_for
    if isinstance(awaited, EventPattern):
        for problem in check_pattern(awaited, scope):
            yield problem.under(("wait_for",))
    elif definition.since is not None:
        yield Problem(("since",), "'since' needs an event", at_key=True)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that waits; both branches lead to `following`."""
    place = building.place
    then = building.sequence(definition.then, f"{place}.then", following)
    otherwise = building.sequence(definition.else_, f"{place}.else", following)
    ways = _Ways(building, step_id, then, otherwise, definition.timeout)
    if isinstance(definition.wait_for, EventPattern):
        return _for_event(definition, definition.wait_for, ways)
    return _for_condition(definition.wait_for, ways)


class _Ways:
    """The two branches, and the wait before them."""

    def __init__(
        self, building: Building, step_id: str, then: Step, otherwise: Step, timeout: int
    ) -> None:
        self.flow, self.scope, self.step_id = building.flow, building.scope, step_id
        self.then, self.otherwise, self.timeout = then, otherwise, timeout

    def leads_nowhere(self) -> bool:
        """True if no step follows on either branch (2.5)."""
        return self.then is self.flow.finish and self.otherwise is self.flow.finish

    def came(self, turn: Turn, journey: Journey, evidence: dict[str, Any]) -> Step:
        remember_at(journey, TIMEOUT_AT, self.step_id, None)
        turn.record(self.flow, journey, self.step_id, Outcome.BRANCH, "then", evidence)
        return self.then

    def timed_out(self, turn: Turn, journey: Journey, evidence: dict[str, Any]) -> Step:
        timeout_at = remembered_at(journey, TIMEOUT_AT, self.step_id)
        evidence = {**evidence, "timeout_at": turn.now if timeout_at is None else timeout_at}
        remember_at(journey, TIMEOUT_AT, self.step_id, None)
        turn.record(self.flow, journey, self.step_id, Outcome.BRANCH, "timeout", evidence)
        return self.otherwise

    def retrace_from(
        self, turn: Turn, journey: Journey, at: Instant, evidence: dict[str, Any]
    ) -> tuple[Step, Instant] | None:
        """The timeout branch for a backfilled journey that would have reached the step at `at`, if
        the timeout has passed (6.3): one that ends now counts as passed. None: still waiting."""
        timeout_at = at + self.timeout
        remember_at(journey, TIMEOUT_AT, self.step_id, timeout_at)
        if timeout_at <= turn.now:
            return self.timed_out(turn, journey, evidence), timeout_at
        return None

    def wait(self, turn: Turn, journey: Journey, changes_at: Instant | None) -> None:
        """Waits until the timeout, counted from arrival, or until the condition may change."""
        timeout_at = remembered_at(journey, TIMEOUT_AT, self.step_id)
        if timeout_at is None:
            timeout_at = turn.now + self.timeout
            remember_at(journey, TIMEOUT_AT, self.step_id, timeout_at)
        move(journey, JourneyState.WAITING, self.step_id, earlier(timeout_at, changes_at))


def _for_event(definition: Definition, pattern: EventPattern, ways: _Ways) -> Step:
    metric = pattern.metric
    test = compile_pattern(pattern, ways.scope)
    since = definition.since
    if since is None:
        since = "flow_start" if refers_to_trigger(pattern.where) else "arrival"
    if since == "flow_start":
        ways.scope.reads.remember(metric, MINIMAL_PAST, top_fields(pattern.where))
    elif ways.scope.trigger is not None:  # for backfills: as many as `history` keeps
        ways.scope.reads.remember(metric, 0, top_fields(pattern.where))

    def events_after_trigger(turn: Turn, journey: Journey) -> Sequence[Occurrence]:
        past = turn.state.recent.get(metric)
        return () if past is None else after_trigger(past, metric, journey)

    def run(turn: Turn, journey: Journey) -> Step | None:
        if ways.leads_nowhere():
            return ways.then
        if since == "flow_start":
            for event in reversed(events_after_trigger(turn, journey)):
                if test is None or test(event.data or {}, turn):
                    evidence = {"metric": metric, "occurred_at": event.at}
                    return ways.came(turn, journey, evidence)
        ways.wait(turn, journey, None)
        return None

    def came(turn: Turn, journey: Journey) -> Step | None:
        event = turn.event
        assert event is not None
        evidence = {
            "metric": event.metric,
            "event_id": event.event_id,
            "occurred_at": event.occurred_at,
        }
        return ways.came(turn, journey, evidence)

    def resume(turn: Turn, journey: Journey) -> Step | None:
        return ways.timed_out(turn, journey, {"metric": metric})

    def retrace(turn: Turn, journey: Journey, at: Instant) -> tuple[Step, Instant] | None:
        if ways.leads_nowhere():
            return ways.then, at
        # Records of the moment of P's arrival come before it (5.2).
        is_since_arrival = since == "arrival" and at > journey.started_at
        for event in events_after_trigger(turn, journey):
            if is_since_arrival and event.at <= at:
                continue
            if event.at > at + ways.timeout:
                break
            if test is None or test(event.data or {}, turn):
                evidence = {"metric": metric, "occurred_at": event.at}
                return ways.came(turn, journey, evidence), max(at, event.at)
        passed = ways.retrace_from(turn, journey, at, {"metric": metric})
        if passed is None:
            ways.wait(turn, journey, None)
        return passed

    return Step(
        ways.step_id, run, resume, came=came, awaited=Awaited(metric, test), retrace=retrace
    )


def _for_condition(definition: msgspec.Struct, ways: _Ways) -> Step:
    condition = compile_condition(definition, ways.scope)
    evidence = compile_evidence(definition, ways.scope)

    def came(turn: Turn, journey: Journey) -> Step | None:
        return ways.came(turn, journey, evidence(turn).as_json())

    def judge(turn: Turn, journey: Journey) -> Step | None:
        holds, changes_at = condition(turn)
        if holds:
            return came(turn, journey)
        timeout_at = remembered_at(journey, TIMEOUT_AT, ways.step_id)
        if timeout_at is not None and turn.now >= timeout_at:
            return ways.timed_out(turn, journey, evidence(turn).as_json())
        ways.wait(turn, journey, changes_at)
        return None

    run: Run = judge
    if ways.leads_nowhere():
        run = lambda turn, journey: ways.then  # noqa: E731 - one of two of the same kind

    def retrace(turn: Turn, journey: Journey, at: Instant) -> tuple[Step, Instant] | None:
        if ways.leads_nowhere():
            return ways.then, at
        holds, changes_at = condition(turn)
        if holds:
            return ways.came(turn, journey, evidence(turn).as_json()), at
        passed = ways.retrace_from(turn, journey, at, evidence(turn).as_json())
        if passed is None:
            ways.wait(turn, journey, changes_at)
        return passed

    return Step(
        ways.step_id,
        run,
        judge,
        came=came,
        condition=condition,
        depends_on=dependence_of(definition, ways.scope.segments),
        retrace=retrace,
    )
