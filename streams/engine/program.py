"""Definitions compiled once: closures and linked steps, indexed by the metric of an event, so that
a metric no flow uses costs only its counters (DESIGN section 10)."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from streams.engine.conditions.compare import Test, compile_pattern, top_fields
from streams.engine.conditions.condition import compile_condition, compile_evidence
from streams.engine.definition import Definitions, Flow, FlowStatus, ReEntryAfter, StoreSettings
from streams.engine.duration import DAY, HOUR
from streams.engine.event import Event, FieldType, Metric
from streams.engine.flow import Building, CompiledFlow, ExitRule, ReEntry, Step
from streams.engine.journey import Journey
from streams.engine.money import Exchange
from streams.engine.references import getter
from streams.engine.scope import EVERY_EVENT_HAS, Reads, Remembered, Scope
from streams.engine.steps import wait
from streams.engine.triggers import metric as metric_trigger
from streams.engine.update import ALWAYS_READ, APPLY, Apply, Memory
from streams.engine.walk import finish_of

DEFAULT_EVENT_AGE = 4 * HOUR
TRANSACTIONAL_EVENT_AGE = 7 * DAY
"""How old an event may be that starts a flow (SEMANTICS 1.7)."""

COUNTS_AS: Mapping[str, tuple[str, ...]] = {"customer.unsubscribed": ("message.unsubscribed",)}
"""Metrics that start and end flows under another's name too (SEMANTICS 7.3)."""

NO_FACTS: Mapping[str, Any] = {}


class MetricPlan(msgspec.Struct, eq=False):
    """What an event of one metric does."""

    metric: Metric
    exchange: Exchange
    memory: Memory
    apply: Apply | None = None
    has_money: bool = False
    adds: tuple[str, ...] = ()  # of what every event has, what conditions read
    flows: tuple[CompiledFlow, ...] = ()  # that it starts, in their order
    exits: dict[str, tuple[Test | None, ...]] = {}  # by the flow that it ends
    waits: dict[str, tuple[Step, ...]] = {}  # by flow, the steps that wait for it
    concerns_journeys: bool = False

    def data_of(self, event: Event) -> dict[str, Any]:
        """The event's data as conditions see it: money in the store's currency."""
        data = event.data
        if self.has_money:
            data = self.exchange.in_store_currency(self.metric, data)
        if self.adds:
            data = {**data, **{name: getattr(event, name) for name in self.adds}}
        return data


class Program(msgspec.Struct, eq=False):
    """One set of definitions, ready to decide, with the newest store facts."""

    version: str
    number: int  # stands for the version in customers' states
    on_metric: dict[str, MetricPlan]
    otherwise: MetricPlan  # for a metric that isn't defined (any more)
    flows: dict[str, CompiledFlow]
    reads: dict[str, frozenset[str]]
    facts: Mapping[str, Any] = NO_FACTS

    def with_facts(self, facts: Mapping[str, Any]) -> "Program":
        """The same program deciding by other store facts (SEMANTICS 7.2)."""
        return msgspec.structs.replace(self, facts=facts)

    def fields_read(self, metric: str) -> frozenset[str]:
        """The fields of the metric's events that somebody reads: the others needn't be decoded."""
        return self.reads.get(metric) or ALWAYS_READ.get(metric, frozenset())

    def rank_of(self, journey: Journey) -> int:
        """The place of the journey's flow in the order of SEMANTICS 5.1."""
        flow = self.flows.get(journey.flow)
        return len(self.flows) if flow is None else flow.rank

    def flow_left_out(self, flow: str) -> CompiledFlow:
        """Stands for a flow that isn't in the set any more: it is archived (SEMANTICS 6.1)."""
        return CompiledFlow.gone(flow, self.version, len(self.flows))

    def successor_of(self, flow: CompiledFlow, step: str) -> Step | None:
        """The step that followed a deleted one and still exists (SEMANTICS 6.2)."""
        successor = flow.successors.get(step)
        return None if successor is None else flow.steps.get(successor)


def compile_program(definitions: Definitions, version: str) -> Program:
    """Compiles checked definitions. `version` names the set (its hash) in decisions and states."""
    reads = Reads()
    settings = definitions.store
    outside = definitions.scope(reads=reads)
    flows = [
        _compile_flow(flow, rank, definitions, reads)
        for rank, flow in enumerate(sorted(definitions.flows, key=_order))
    ]
    plans = {
        name: _plan(name, metric, flows, settings, outside, reads)
        for name, metric in outside.metrics.items()
    }
    return Program(
        version=version,
        number=int.from_bytes(hashlib.blake2b(version.encode(), digest_size=6).digest(), "big"),
        on_metric=plans,
        otherwise=_plan("", Metric("", {}), [], settings, outside, reads),
        flows={flow.flow: flow for flow in flows},
        reads={name: _fields_read(name, metric, reads) for name, metric in outside.metrics.items()},
    )


def _order(flow: Flow) -> tuple[int, str]:
    """Higher priority first, then by id (SEMANTICS 5.1)."""
    return -flow.priority, flow.flow


def _fields_read(name: str, metric: Metric, reads: Reads) -> frozenset[str]:
    fields = ALWAYS_READ.get(name, frozenset()) | (reads.fields.get(name, set()))
    if _has_money(metric) and "currency" in metric.fields:
        fields |= {"currency"}  # without it an amount says nothing
    return frozenset(field for field in fields if field in metric.fields)


def _has_money(metric: Metric) -> bool:
    return any(field.type in (FieldType.MONEY, FieldType.ITEMS) for field in metric.fields.values())


def _plan(
    name: str,
    metric: Metric,
    flows: list[CompiledFlow],
    settings: StoreSettings,
    scope: Scope,
    reads: Reads,
) -> MetricPlan:
    remembered = reads.remembered.get(name) or Remembered()
    asked = remembered.window
    read_fields = reads.fields.get(name, set())
    exits: dict[str, tuple[Test | None, ...]] = {}
    for flow in flows:
        tests = tuple(rule.test for rule in flow.exit_on if rule.metric == name)
        if tests:
            exits[flow.flow] = tests
    waits: dict[str, tuple[Step, ...]] = {}
    for flow in flows:
        steps = tuple(step for step in flow.steps.values() if name in _awaited(step))
        if steps:
            waits[flow.flow] = steps
    return MetricPlan(
        metric=metric,
        exchange=settings.exchange(),
        memory=Memory(
            keep=None if asked is None else max(settings.history.keep, asked),
            asked=asked,
            occurrences=settings.history.occurrences,
            fields=tuple(sorted(remembered.fields)),
        ),
        apply=APPLY.get(name),
        has_money=_has_money(metric),
        adds=tuple(sorted(read_fields & EVERY_EVENT_HAS.keys())),
        flows=tuple(flow for flow in flows if flow.is_open and name in _started_by(flow)),
        exits=exits,
        waits=waits,
        concerns_journeys=bool(exits or waits),
    )


def _awaited(step: Step) -> Iterable[str]:
    return {awaited.metric for awaited in step.waits_for}


def _started_by(flow: CompiledFlow) -> tuple[str, ...]:
    metric = flow.trigger_metric
    return () if metric is None else (metric, *COUNTS_AS.get(metric, ()))


def _compile_flow(flow: Flow, rank: int, definitions: Definitions, reads: Reads) -> CompiledFlow:
    settings = definitions.store
    scope = definitions.scope(flow, reads)
    trigger = flow.trigger
    max_event_age = _max_event_age(flow)
    compiled = CompiledFlow(
        flow=flow.flow,
        version=_version_of(flow),
        rank=rank,
        is_open=flow.status in (FlowStatus.LIVE, FlowStatus.PAUSED),
        is_paused=flow.status is FlowStatus.PAUSED,
        is_archived=flow.status is FlowStatus.ARCHIVED,
        is_transactional=flow.transactional,
        zone=scope.zone,
        re_entry=_re_entry(flow),
        max_event_age=max_event_age,
    )
    if isinstance(trigger, metric_trigger.Definition):
        compiled.trigger_metric = trigger.metric
        compiled.trigger_test = metric_trigger.compile(trigger, scope)
        scope.reads.read(trigger.metric, ())
        if flow.key is not None:
            compiled.key = getter(flow.key)
            compiled.key_name = flow.key
            scope.reads.read(trigger.metric, (flow.key,))
    if flow.filter is not None:
        compiled.filter = compile_condition(flow.filter, scope)
        compiled.filter_evidence = compile_evidence(flow.filter, scope)
    compiled.exit_on = _exit_rules(flow, scope, max_event_age)
    compiled.finish = finish_of(compiled)
    building = Building(compiled, scope, settings, flow)
    compiled.first = building.sequence(flow.steps, "steps", compiled.finish)
    return compiled


def _version_of(flow: Flow) -> str:
    """Changes when anything about the flow does."""
    written = msgspec.json.encode(flow, order="deterministic")
    return hashlib.blake2b(written, digest_size=4).hexdigest()


def _re_entry(flow: Flow) -> ReEntry:
    """By default always; never for a segment flow (SEMANTICS 1.5)."""
    re_entry = flow.re_entry
    if isinstance(re_entry, ReEntryAfter):
        return ReEntry(after=re_entry.after)
    if re_entry == "never":
        return ReEntry(after=None)
    return ReEntry(restarts=re_entry == "restart")


def _max_event_age(flow: Flow) -> int:
    if flow.max_event_age is not None:
        return flow.max_event_age
    if flow.transactional:
        return TRANSACTIONAL_EVENT_AGE
    first = flow.steps[0] if flow.steps else None
    if isinstance(first, wait.Definition) and isinstance(first.wait, int):
        return max(first.wait, DEFAULT_EVENT_AGE)
    return DEFAULT_EVENT_AGE


def _exit_rules(flow: Flow, scope: Scope, max_event_age: int) -> tuple[ExitRule, ...]:
    """`exit_on`, also asked at an entry about what was processed before (SEMANTICS 1.9): that can't
    be longer ago than the oldest event that may start the flow."""
    rules = []
    for pattern in flow.exit_on:
        test = compile_pattern(pattern, scope)
        for metric in (pattern.metric, *COUNTS_AS.get(pattern.metric, ())):
            scope.reads.remember(metric, max_event_age, top_fields(pattern.where))
            rules.append(ExitRule(metric, test))
    return tuple(rules)
