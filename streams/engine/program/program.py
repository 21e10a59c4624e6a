"""A set of definitions, compiled: indexed by the metric of an event, so that a metric no flow uses
costs only its counters (DESIGN 10)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.conditions import Test
from streams.engine.customer import ALWAYS_READ, Apply, InterestChange, Journey, Retention
from streams.engine.program.flow import CompiledFlow, SegmentPlan
from streams.engine.program.step import Step
from streams.engine.values import CUSTOM_METRICS_TOPIC, Event, Exchange, Metric

NO_FACTS: Mapping[str, Any] = {}


class MetricPlan(msgspec.Struct, eq=False):
    """What an event of one metric does."""

    name: str
    metric: Metric
    exchange: Exchange
    retention: Retention
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
    watch: InterestChange | None = None  # what it says of the articles that P waits for

    def data_of(self, event: Event) -> dict[str, Any]:
        """The event's data as conditions see it: money in the store's currency."""
        data = event.data
        if self.has_money:
            data = self.exchange.in_store_currency(self.metric, data)
        if self.adds:
            added = {name: getattr(event, name) for name in self.adds}
            if data is event.data:
                return {**data, **added}
            data.update(added)
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
    depends_on_journeys: bool = False  # whether entering and leaving a flow may change any truth
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

    def custom_metric(self, name: str) -> Metric | None:
        """A metric of the shop's own, as it is defined now."""
        plan = self.on_metric.get(name)
        is_custom = plan is not None and plan.metric.topic == CUSTOM_METRICS_TOPIC
        return plan.metric if plan is not None and is_custom else None

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
