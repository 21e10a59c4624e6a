"""Definitions compiled once: closures and linked steps, indexed by the metric of an event, so that
a metric no flow uses costs only its counters (DESIGN section 10)."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.conditions import segment as segment_condition
from streams.engine.conditions.condition import compile_condition, compile_evidence
from streams.engine.conditions.segment import compile_segment
from streams.engine.conditions.truth import NEVER, all_of, evidence_of_all
from streams.engine.conditions.where import Test, compile_pattern, top_fields
from streams.engine.definition import (
    Definitions,
    Flow,
    FlowStatus,
    ReEntryAfter,
    StoreSettings,
    inside,
)
from streams.engine.dependence import Dependence, dependence_of, segments_within
from streams.engine.duration import DAY, HOUR
from streams.engine.event import NEWS, OWN_METRICS_TOPIC, Event, Metric
from streams.engine.flow import Building, CompiledFlow, ExitRule, ReEntry, SegmentPlan, Step
from streams.engine.interest import BOUGHT, SHOWN, Watching
from streams.engine.journey import Journey
from streams.engine.length import longest
from streams.engine.money import MONEY_TYPES, NO_RATE, Exchange
from streams.engine.references import getter
from streams.engine.schedule import compile_audience
from streams.engine.scope import EVERY_EVENT_HAS, Reads, Remembered, Scope
from streams.engine.situation import Situation
from streams.engine.state import new_state
from streams.engine.steps import wait
from streams.engine.triggers import date as date_trigger
from streams.engine.triggers import metric as metric_trigger
from streams.engine.triggers import once as once_trigger
from streams.engine.triggers import schedule as schedule_trigger
from streams.engine.triggers import segment as segment_trigger
from streams.engine.update import ALWAYS_READ, APPLY, Apply, Memory
from streams.engine.walk import finish_of

DEFAULT_EVENT_AGE = 4 * HOUR
TRANSACTIONAL_EVENT_AGE = 7 * DAY
"""How old an event may be that starts a flow (SEMANTICS 1.7)."""

COUNTS_AS: Mapping[str, tuple[str, ...]] = {"customer.unsubscribed": ("message.unsubscribed",)}
"""Metrics that start and end flows under another's name too (SEMANTICS 7.3)."""

NO_FACTS: Mapping[str, Any] = {}

_NOTHING_KNOWN = Situation(new_state(""), 0)
"""Of a customer with no event yet, before all: a condition that fails, and that time alone can't
change, fails until their own events."""


class MetricPlan(msgspec.Struct, eq=False):
    """What an event of one metric does."""

    name: str
    metric: Metric
    exchange: Exchange
    memory: Memory
    apply: Apply | None = None
    has_money: bool = False
    adds: tuple[str, ...] = ()  # of what every event has, what conditions read
    flows: tuple[CompiledFlow, ...] = ()  # that it starts, in their order
    exits: dict[str, tuple[Test | None, ...]] = {}  # by the flow that it ends
    waits: dict[str, dict[str, Step]] = {}  # by flow, the steps that wait for it by id
    judged_waits: dict[str, dict[str, Step]] = {}  # those for a condition that it may change
    segments: tuple[SegmentPlan, ...] = ()  # that start flows and whose truth it may change
    first_segments: tuple[SegmentPlan, ...] = ()  # the same, if it's a customer's first event
    changes_profile: bool = False
    concerns_journeys: bool = False
    converts: bool = False  # may be what a message led to
    is_news: bool = False  # of an article: concerns who waits for it
    watch: Watching | None = None  # what it says of the articles that P waits for

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
    segments: dict[str, SegmentPlan] = {}  # that start flows, by id
    journey_segments: tuple[SegmentPlan, ...] = ()  # those that ask which flows P is in
    asks_of_journeys: bool = False  # whether entering and leaving a flow may change any truth
    dated_flows: tuple[CompiledFlow, ...] = ()  # that a date starts, in their order
    judged_waits: dict[str, dict[str, Step]] = {}  # by flow, the steps that wait for a condition
    journey_waits: dict[str, dict[str, Step]] = {}  # those that ask which flows P is in
    scheduled_flows: tuple[CompiledFlow, ...] = ()  # that a schedule starts, in their order
    values_read: frozenset[str] = frozenset()  # by segments that start flows, and while P waits
    segments_version: int = 0  # of the definitions of all segments
    facts_read: frozenset[str] = frozenset()  # the store facts that anything depends on
    facts: Mapping[str, Any] = NO_FACTS
    coupon_key: str = ""  # what codes made by rule are mixed with
    wants_news: bool = False  # whether anything asks for news of articles

    def with_facts(self, facts: Mapping[str, Any]) -> "Program":
        """The same program deciding by other store facts (SEMANTICS 7.2)."""
        return msgspec.structs.replace(self, facts=facts)

    def fields_read(self, metric: str) -> frozenset[str]:
        """The fields of the metric's events that somebody reads: the others needn't be decoded."""
        return self.reads.get(metric) or ALWAYS_READ.get(metric, frozenset())

    def own_metric(self, name: str) -> Metric | None:
        """A metric of the shop's own, as it is defined now."""
        plan = self.on_metric.get(name)
        is_own = plan is not None and plan.metric.topic == OWN_METRICS_TOPIC
        return plan.metric if plan is not None and is_own else None

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


def compile_program(
    definitions: Definitions,
    version: str,
    successors: Mapping[str, Mapping[str, str | None]] | None = None,
) -> Program:
    """Compiles checked definitions. `version` names the set (its hash) in decisions and states;
    `successors` says for every step id that ever was, by flow, which step follows it now."""
    reads = Reads()
    settings = definitions.store
    outside = definitions.scope(reads=reads)
    flows = [
        _compile_flow(flow, rank, settings, outside)
        for rank, flow in enumerate(sorted(definitions.flows, key=_order))
    ]
    for flow in flows:
        flow.successors = (successors or {}).get(flow.flow, {})
    for name in outside.segments:  # those too that only `sendflow segments` asks for
        compile_segment(name, outside)
    segments = list(_segments(flows, outside))
    wants_news = _wants_news(flows, reads)
    if wants_news:
        for name in SHOWN:
            reads.read(name, ("sku",))
    plans = {
        name: _plan(name, metric, flows, settings, reads)
        for name, metric in outside.metrics.items()
    }
    otherwise = _plan("", Metric("", {}), [], settings, reads)
    if wants_news:
        for name, watch in SHOWN.items():
            plans[name].watch = watch
    for segment in segments:
        for plan in (*plans.values(), otherwise):
            is_concerned = plan.name in segment.metrics
            if is_concerned:
                plan.segments += (segment,)
            if is_concerned or segment.is_open_to_new or segment.is_on_facts:
                plan.first_segments += (segment,)
    judged_waits = _judged_waits(flows, lambda hangs_on: True)
    journey_waits = _judged_waits(flows, lambda hangs_on: hangs_on.on_journeys)
    journey_segments = tuple(plan for plan in segments if plan.is_on_journeys)
    return Program(
        version=version,
        number=int.from_bytes(hashlib.blake2b(version.encode(), digest_size=6).digest(), "big"),
        on_metric=plans,
        otherwise=otherwise,
        flows={flow.flow: flow for flow in flows},
        segments={plan.segment: plan for plan in segments},
        journey_segments=journey_segments,
        dated_flows=tuple(flow for flow in flows if flow.is_open and flow.next_moment),
        asks_of_journeys=bool(journey_segments or journey_waits),
        judged_waits=judged_waits,
        journey_waits=journey_waits,
        scheduled_flows=tuple(
            flow for flow in flows if flow.is_open and (flow.schedule or flow.is_once_on_publish)
        ),
        values_read=_values_read(definitions, segments, judged_waits, outside),
        segments_version=_hash_of(definitions.segments),
        wants_news=wants_news,
        reads={name: _fields_read(name, metric, reads) for name, metric in outside.metrics.items()},
        facts_read=frozenset(reads.facts),
    )


def _wants_news(flows: list[CompiledFlow], reads: Reads) -> bool:
    """Whether anything is started, awaited, ended or asked about news of articles."""
    steps = (step for flow in flows for step in flow.steps.values())
    awaited = {step.awaited.metric for step in steps if step.awaited is not None}
    return any(name in reads.fields or name in awaited for name in NEWS)


def _values_read(
    definitions: Definitions,
    segments: list[SegmentPlan],
    judged_waits: Mapping[str, Any],
    outside: Scope,
) -> frozenset[str]:
    """The values that store facts may change and that are judged without any event: by segments
    that start flows, and by flows in which P waits for a condition."""
    asking = [outside.segments[plan.segment].if_ for plan in segments]
    asking += [flow.steps for flow in definitions.flows if flow.flow in judged_waits]
    return frozenset().union(*(dependence_of(one, outside.segments).values for one in asking))


def _hash_of(definition: Any) -> int:
    written = msgspec.json.encode(definition, order="deterministic")
    return int.from_bytes(hashlib.blake2b(written, digest_size=4).digest(), "big")


def _judged_waits(
    flows: list[CompiledFlow], is_asked_for: Callable[[Dependence], bool]
) -> dict[str, dict[str, Step]]:
    """By flow, the steps that wait for a condition, of which what it hangs on is asked for."""
    waits = {}
    for flow in flows:
        steps = {
            step.id: step
            for step in flow.steps.values()
            if step.hangs_on is not None and is_asked_for(step.hangs_on)
        }
        if steps:
            waits[flow.flow] = steps
    return waits


def _order(flow: Flow) -> tuple[int, str]:
    """Higher priority first, then by id (SEMANTICS 5.1)."""
    return -flow.priority, flow.flow


def _fields_read(name: str, metric: Metric, reads: Reads) -> frozenset[str]:
    fields = ALWAYS_READ.get(name, frozenset()) | (reads.fields.get(name, set()))
    if _has_money(metric) and "currency" in metric.fields:
        fields |= {"currency"}  # without it an amount says nothing
    return frozenset(field for field in fields if field in metric.fields)


def _has_money(metric: Metric) -> bool:
    return any(field.type in MONEY_TYPES for field in metric.fields.values())


def _plan(
    name: str,
    metric: Metric,
    flows: list[CompiledFlow],
    settings: StoreSettings,
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
    waits: dict[str, dict[str, Step]] = {}
    for flow in flows:
        steps = {
            step.id: step
            for step in flow.steps.values()
            if step.awaited is not None and step.awaited.metric == name
        }
        if steps:
            waits[flow.flow] = steps
    judged_waits = _judged_waits(flows, lambda hangs_on: name in hangs_on.metrics)
    return MetricPlan(
        name=name,
        metric=metric,
        exchange=settings.exchange(),
        memory=Memory(
            keep=None if asked is None else max(settings.history.keep, asked),
            asked=asked,
            occurrences=settings.history.occurrences,
            fields=tuple(sorted(remembered.fields | _marks(metric, remembered.fields))),
        ),
        apply=APPLY.get(name),
        has_money=_has_money(metric),
        adds=tuple(sorted(read_fields & EVERY_EVENT_HAS.keys())),
        flows=tuple(flow for flow in flows if flow.is_open and name in _started_by(flow)),
        exits=exits,
        waits=waits,
        judged_waits=judged_waits,
        concerns_journeys=bool(exits or waits or judged_waits),
        converts=name == "order.placed",
        changes_profile=name == "customer.updated",
        is_news=name in NEWS,
        watch=BOUGHT.get(name),
    )


def _marks(metric: Metric, fields: set[str]) -> set[str]:
    """What is remembered beside an amount: that there was no rate for it."""
    with_money = {name for name, field in metric.fields.items() if field.type in MONEY_TYPES}
    return {NO_RATE} if fields & with_money else set()


def _started_by(flow: CompiledFlow) -> tuple[str, ...]:
    metric = flow.trigger_metric
    return () if metric is None else (metric, *COUNTS_AS.get(metric, ()))


def _segments(flows: list[CompiledFlow], outside: Scope) -> Iterator[SegmentPlan]:
    """The segments that start flows, in order of their ids."""
    for segment in sorted({flow.trigger_segment for flow in flows if flow.trigger_segment}):
        started = tuple(flow for flow in flows if flow.is_open and flow.trigger_segment == segment)
        if not started:
            continue
        definition = outside.segments[segment].if_
        dependence = dependence_of(definition, outside.segments)
        condition = compile_segment(segment, outside)
        yield SegmentPlan(
            segment=segment,
            version=_segment_version(segment, outside),
            condition=condition,
            metrics=frozenset(dependence.metrics),
            is_on_journeys=dependence.on_journeys,
            is_on_facts=bool(dependence.values),
            is_open_to_new=condition(_NOTHING_KNOWN) != NEVER,
            flows=started,
        )


def _segment_version(segment: str, outside: Scope) -> int:
    """Changes with the condition, and with those of the segments that it asks for."""
    written = b"".join(
        msgspec.json.encode(outside.segments[name].if_, order="deterministic")
        for name in sorted(segments_within(segment, outside.segments))
    )
    return int.from_bytes(hashlib.blake2b(written, digest_size=4).digest(), "big")


def _compile_flow(flow: Flow, rank: int, settings: StoreSettings, outside: Scope) -> CompiledFlow:
    scope = inside(outside, flow)
    trigger = flow.trigger
    max_event_age = _max_event_age(flow)
    length = longest(flow.steps)
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
        length=length,
    )
    if isinstance(trigger, metric_trigger.Definition):
        compiled.trigger_metric = trigger.metric
        compiled.trigger_test = metric_trigger.compile(trigger, scope)
        scope.reads.read(trigger.metric, ())
        if flow.key is not None:
            compiled.key = getter(flow.key)
            compiled.key_name = flow.key
            scope.reads.read(trigger.metric, (flow.key,))
    if isinstance(trigger, date_trigger.Definition):
        compiled.next_moment = date_trigger.compile(trigger, scope)
        compiled.is_started_by_time = True
    if isinstance(trigger, schedule_trigger.Definition):
        compiled.schedule = schedule_trigger.compile(trigger, scope)
    if isinstance(trigger, once_trigger.Definition):
        compiled.schedule = once_trigger.compile(trigger, scope)
        compiled.is_once_on_publish = compiled.schedule is None
    if isinstance(trigger, schedule_trigger.Definition | once_trigger.Definition):
        compiled.audience = compile_audience(trigger.audience, scope)
        compiled.is_started_by_time = True
    filters = [] if flow.filter is None else [flow.filter]
    if isinstance(trigger, segment_trigger.Definition):
        compiled.trigger_segment = trigger.segment
        # Membership is part of the filter of a segment flow (SEMANTICS 1.3).
        filters.insert(0, segment_condition.Definition(segment=trigger.segment))
    if filters:
        compiled.filter = all_of([compile_condition(one, scope) for one in filters])
        evidence = [compile_evidence(one, scope) for one in filters]
        compiled.filter_evidence = evidence[0] if len(evidence) == 1 else evidence_of_all(evidence)
    oldest = max(max_event_age, length or 0) if compiled.trigger_metric else max_event_age
    compiled.exit_on = _exit_rules(flow, scope, oldest)
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
    if re_entry is None and isinstance(flow.trigger, segment_trigger.Definition):
        re_entry = "never"
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


def _exit_rules(flow: Flow, scope: Scope, oldest: int) -> tuple[ExitRule, ...]:
    """`exit_on`, also asked at an entry about what was processed before (SEMANTICS 1.9): that can't
    be longer ago than the oldest event that may start the flow, now or afterwards (6.3)."""
    rules = []
    for pattern in flow.exit_on:
        test = compile_pattern(pattern, scope)
        for metric in (pattern.metric, *COUNTS_AS.get(pattern.metric, ())):
            scope.reads.remember(metric, oldest, top_fields(pattern.where))
            rules.append(ExitRule(metric, test))
    return tuple(rules)
