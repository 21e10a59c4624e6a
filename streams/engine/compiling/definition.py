"""What a shop writes: flows, segments, coupon pools, metrics of its own and the store's settings,
read from plain data with all that is wrong with them (FLOWS)."""

import enum
from typing import Annotated, Any, Literal

import msgspec

from streams.engine.compiling.families import FAMILIES
from streams.engine.conditions import ConditionDefinition, EventPattern
from streams.engine.content import CouponPool
from streams.engine.language import (
    PROFILE_FIELDS,
    OneOf,
    OwnFieldType,
    Reads,
    Scope,
    StoreSettings,
    own_fields,
)
from streams.engine.program import StepDefinition
from streams.engine.values import (
    METRICS,
    OWN_METRICS_TOPIC,
    AnyText,
    Boolean,
    Duration,
    FieldName,
    Identifier,
    Integer,
    Metric,
    MetricName,
    Text,
    zone_named,
)

TriggerDefinition = Annotated[Any, OneOf("trigger")]
"""A place in the definitions where one trigger stands."""


class FlowStatus(enum.Enum):
    """SEMANTICS 6.1."""

    DRAFT = "draft"  # nobody enters
    LIVE = "live"
    PAUSED = "paused"  # nobody enters; who is inside is held at the next message
    ARCHIVED = "archived"  # journeys end


class ReEntryAfter(msgspec.Struct, frozen=True, kw_only=True):
    """Again, but not before some time has passed.

    `after`: so long after the last entry
    """

    after: Duration


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a customer after something happened.

    `flow`: the id, stable; the file has the same name
    `name`: for people
    `description`: for people
    `status`: draft (nobody enters), live (the default), paused or archived
    `transactional`: its messages need no consent and obey no Smart Sending and no caps
    `priority`: higher is judged first; default 50
    `trigger`: what starts it
    `key`: a field of the triggering event: one running journey for each of its values
    `re_entry`: whether a customer may enter again: always, never, restart or {after: 30d}
    `filter`: who may enter; judged again before every action
    `exit_on`: events that end the journey at once
    `max_event_age`: older events trigger nothing
    `timezone`: for customers whose own isn't known
    `smart_sending`: the default for its messages
    `utm`: parameters for the links of its messages
    `steps`: run from top to bottom
    """

    flow: Identifier
    name: Text | None = None
    description: AnyText | None = None
    status: FlowStatus = FlowStatus.LIVE
    transactional: Boolean = False
    priority: Integer = 50
    trigger: TriggerDefinition
    key: FieldName | None = None
    re_entry: Literal["always", "never", "restart"] | ReEntryAfter | None = None
    filter: ConditionDefinition | None = None
    exit_on: list[EventPattern] = []
    max_event_age: Duration | None = None
    timezone: Text | None = None
    smart_sending: Boolean | None = None
    utm: dict[FieldName, AnyText] = {}
    steps: list[StepDefinition]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Customers for whom a condition holds.

    `segment`: the id, stable; the file has the same name
    `name`: for people
    `description`: for people
    `if`: the condition
    """

    segment: Identifier
    name: Text | None = None
    description: AnyText | None = None
    if_: ConditionDefinition = msgspec.field(name="if")


class MetricDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event of the shop's own; it arrives on the topic `events`.

    `metric`: its name, such as survey.answered
    `name`: for people
    `description`: for people
    `fields`: what its events carry, each with its type
    """

    metric: MetricName
    name: Text | None = None
    description: AnyText | None = None
    fields: dict[FieldName, OwnFieldType] = {}


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """One set: checked, published and versioned as a whole. `raw` is what it was read from."""

    flows: list[Flow] = []
    segments: list[Segment] = []
    coupons: list[CouponPool] = []
    metrics: list[MetricDefinition] = []
    store: StoreSettings = StoreSettings()
    raw: dict[str, Any] = {}

    def scope(self, flow: Flow | None = None, reads: Reads | None = None) -> Scope:
        """What names mean inside `flow`, or outside of any. What is compiled in it notes what it
        reads in `reads`."""
        settings = self.store
        store_zone = settings.zone()
        scope = Scope(
            families=FAMILIES,
            metrics={**METRICS, **{metric.metric: _as_metric(metric) for metric in self.metrics}},
            profile={**PROFILE_FIELDS, **own_fields(settings.profile)},
            segments={segment.segment: segment for segment in self.segments},
            flows=frozenset(other.flow for other in self.flows),
            coupons={pool.coupons: pool for pool in self.coupons},
            currency=settings.currency,
            zone=store_zone,
            store_zone=store_zone,
            reads=Reads() if reads is None else reads,
        )
        return scope if flow is None else inside(scope, flow)


def inside(scope: Scope, flow: Flow) -> Scope:
    """The scope of a flow, within that of the set."""
    zone = None if flow.timezone is None else zone_named(flow.timezone)
    metric = getattr(flow.trigger, "metric", None)
    return msgspec.structs.replace(
        scope,
        flow=flow.flow,
        zone=zone or scope.store_zone,
        trigger=metric if metric in scope.metrics else None,
        gives_coupons=gives_coupons(flow.steps),
        is_trigger_unknown=metric is not None and metric not in scope.metrics,
    )


def gives_coupons(step: Any) -> bool:
    """Whether a step, or one within it, gives coupons; also of a list of steps."""
    if isinstance(step, msgspec.Struct):
        if getattr(step, "assign_coupon", None) or getattr(step, "coupon", None):
            return True
        return any(gives_coupons(getattr(step, name)) for name in step.__struct_fields__)
    if isinstance(step, dict):
        return any(gives_coupons(inner) for inner in step.values())
    return isinstance(step, (list, tuple)) and any(gives_coupons(inner) for inner in step)


def _as_metric(definition: MetricDefinition) -> Metric:
    fields = own_fields(definition.fields)
    return Metric(OWN_METRICS_TOPIC, fields)
