"""A compiled set of definitions, indexed by metric: a metric that no flow uses costs only its
counters (DESIGN 10)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.conditions import Test
from streams.engine.customer import (
    ALWAYS_READ,
    Apply,
    ApplyUnlessKnown,
    InterestChange,
    Journey,
    Retention,
)
from streams.engine.program.flow import CompiledFlow, SegmentPlan
from streams.engine.program.followed_date import FollowedDate
from streams.engine.program.step import Step
from streams.engine.values import CUSTOM_METRICS_TOPIC, Event, Exchange, Field, Metric

NO_FACTS: Mapping[str, Any] = {}


class MetricPlan(msgspec.Struct, eq=False):
    """The effect of an event of one metric."""

    name: str
    metric: Metric
    exchange: Exchange
    retention: Retention
    apply: Apply | None = None
    apply_unless_known: ApplyUnlessKnown | None = None
    has_money: bool = False
    adds: tuple[str, ...] = ()  # the COMMON_FIELDS that conditions read
    flows: tuple[CompiledFlow, ...] = ()  # that it starts, in their order
    exits: dict[str, tuple[Test | None, ...]] = {}  # by flow that it ends
    waits: dict[str, dict[str, Step]] = {}  # by flow and step id, the steps that wait for it
    judged_waits: dict[str, dict[str, Step]] = {}  # for a condition it may change
    segments: tuple[SegmentPlan, ...] = ()  # whose truth it may change
    first_segments: tuple[SegmentPlan, ...] = ()  # the same, for a customer's first event
    changes_profile: bool = False
    dates: tuple[FollowedDate, ...] = ()  # that it may change and flows or waits follow
    concerns_journeys: bool = False
    converts: bool = False  # may be the conversion of a message
    by_machine: "MetricPlan | None" = None  # for events that say `machine: true`
    is_by_machine: bool = False
    is_news: bool = False  # of an article, for a customer who watches it
    interest_change: InterestChange | None = None

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
    """One compiled set of definitions with the newest store facts."""

    version: str
    number: int  # the version's number in customers' states
    on_metric: dict[str, MetricPlan]
    otherwise: MetricPlan  # for an undefined metric
    flows: dict[str, CompiledFlow]
    reads: dict[str, frozenset[str]]
    segments: dict[str, SegmentPlan] = {}  # that start flows or are followed, by id
    journey_segments: tuple[SegmentPlan, ...] = ()  # those that depend on the flows P is in
    depends_on_journeys: bool = False  # entries and exits may change the truth of conditions
    dated_flows: tuple[CompiledFlow, ...] = ()  # with a date trigger, in order
    shows_viewed: bool = False  # some message has `items: viewed`
    follows: bool = False  # conditions ask about messages (SEMANTICS 3.8)
    judged_waits: dict[str, dict[str, Step]] = {}  # condition waits, by flow and step id
    journey_waits: dict[str, dict[str, Step]] = {}  # those that depend on the flows P is in
    scheduled_flows: tuple[CompiledFlow, ...] = ()  # with a schedule, in order
    store_zone: str = "UTC"
    values_read: frozenset[str] = frozenset()  # by segments that start flows, and by waits
    segments_version: int = 0  # of the definitions of all segments
    facts_read: frozenset[str] = frozenset()  # the store facts read by any definition
    facts: Mapping[str, Any] = NO_FACTS
    profile: Mapping[str, Field] = {}  # the fields of customers' profiles
    coupon_key: str = ""  # permutes generated codes
    coupon_lows: Mapping[str, int] = {}  # pool of loaded codes -> it runs low below this many
    news_wanted: frozenset[str] = frozenset()  # the news of articles that definitions use
    low_stock: int = 0  # of the store's settings

    def with_facts(self, facts: Mapping[str, Any]) -> "Program":
        """The program with other store facts (SEMANTICS 7.2)."""
        return msgspec.structs.replace(self, facts=facts)

    def fields_read(self, metric: str) -> frozenset[str]:
        """The fields of the metric's events that are read; the others needn't be decoded."""
        return self.reads.get(metric) or ALWAYS_READ.get(metric, frozenset())

    def custom_metric(self, name: str) -> Metric | None:
        """The current definition of a custom metric; None if there is none."""
        plan = self.on_metric.get(name)
        is_custom = plan is not None and plan.metric.topic == CUSTOM_METRICS_TOPIC
        return plan.metric if plan is not None and is_custom else None

    def profile_field(self, name: str) -> Field | None:
        """The definition of a profile field; None for an unknown name."""
        return self.profile.get(name)

    def rank_of(self, journey: Journey) -> int:
        """The rank of the journey's flow in the order of SEMANTICS 5.1."""
        flow = self.flows.get(journey.flow)
        return len(self.flows) if flow is None else flow.rank

    def flow_left_out(self, flow: str) -> CompiledFlow:
        """Replaces a flow that isn't in the set: it is archived (SEMANTICS 6.1)."""
        return CompiledFlow.gone(flow, self.version, len(self.flows))

    def successor_of(self, flow: CompiledFlow, step: str) -> Step | None:
        """The existing step that followed a deleted one (SEMANTICS 6.2)."""
        successor = flow.successors.get(step)
        return None if successor is None else flow.steps.get(successor)
