"""Definitions of a shop: flows, segments, coupon pools, custom metrics and the store's settings
(FLOWS)."""

import enum
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from streams.engine.compiling.families import FAMILIES
from streams.engine.conditions import ConditionDefinition, EventPattern
from streams.engine.content import CouponPool
from streams.engine.language import (
    PROFILE_FIELDS,
    CustomFieldType,
    OneOf,
    Reads,
    Scope,
    StoreSettings,
    custom_fields,
)
from streams.engine.program import StepDefinition, id_of
from streams.engine.steps import send
from streams.engine.values import (
    CUSTOM_METRICS_TOPIC,
    METRICS,
    PROPERTIES,
    AnyText,
    Boolean,
    Duration,
    Field,
    FieldName,
    FieldType,
    Identifier,
    Integer,
    KeyField,
    Metric,
    MetricName,
    Text,
    zone_named,
)

TriggerDefinition = Annotated[Any, OneOf("trigger")]
"""A value in the definitions that is one trigger."""


class FlowStatus(enum.Enum):
    """Status of a flow (SEMANTICS 6.1)."""

    DRAFT = "draft"  # no entries
    LIVE = "live"
    PAUSED = "paused"  # no entries; journeys are held at the next message
    ARCHIVED = "archived"  # journeys end


class ReEntryAfter(msgspec.Struct, frozen=True, kw_only=True):
    """Re-entry after a minimum interval.

    `after`: time since the last entry
    """

    after: Duration


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Steps for a customer, started by a trigger.

    `flow`: the id, stable; the file has the same name
    `name`: display name
    `description`: free text
    `status`: draft (no entries), live (the default), paused or archived
    `transactional`: its messages need no consent and are exempt from Smart Sending and caps
    `priority`: higher runs first; default 50
    `trigger`: the event, segment, schedule or date that starts it
    `each`: items: one journey for each item of the triggering event
    `key`: a field of the triggering event, with `each` of the item ($item.sku): one running
      journey for each of its values
    `re_entry`: whether a customer may enter again: always, never, restart or {after: 30d}
    `filter`: condition for an entry; evaluated again before every action
    `exit_on`: events that end the journey at once
    `max_event_age`: older events trigger nothing
    `timezone`: for customers without a time zone
    `smart_sending`: the default for its messages
    `utm`: link parameters of its messages
    `steps`: run from top to bottom
    """

    flow: Identifier
    name: Text | None = None
    description: AnyText | None = None
    status: FlowStatus = FlowStatus.LIVE
    transactional: Boolean = False
    priority: Integer = 50
    trigger: TriggerDefinition
    each: Literal["items"] | None = None
    key: KeyField | None = None
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
    `name`: display name
    `description`: free text
    `follow`: write entering and leaving to the topic segment-changes
    `if`: the condition
    """

    segment: Identifier
    name: Text | None = None
    description: AnyText | None = None
    follow: Boolean = False
    if_: ConditionDefinition = msgspec.field(name="if")


class MetricDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A custom metric; its events arrive on the topic `events`.

    `metric`: its name, such as survey.answered
    `name`: display name
    `description`: free text
    `fields`: the fields of its events, with their types
    """

    metric: MetricName
    name: Text | None = None
    description: AnyText | None = None
    fields: dict[FieldName, CustomFieldType] = {}


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """One set: checked, published and versioned as a whole. `raw` is its source."""

    flows: list[Flow] = []
    segments: list[Segment] = []
    coupons: list[CouponPool] = []
    metrics: list[MetricDefinition] = []
    store: StoreSettings = StoreSettings()
    raw: dict[str, Any] = {}

    def scope(self, flow: Flow | None = None, reads: Reads | None = None) -> Scope:
        """The scope of names inside `flow`, or outside of any flow. Compiling in it collects the
        fields that are read in `reads`."""
        settings = self.store
        store_zone = settings.zone()
        scope = Scope(
            families=FAMILIES,
            metrics={**METRICS, **{metric.metric: _as_metric(metric) for metric in self.metrics}},
            profile={**PROFILE_FIELDS, **custom_fields(settings.profile)},
            segments={segment.segment: segment for segment in self.segments},
            flows=frozenset(other.flow for other in self.flows),
            messages={other.flow: frozenset(_messages(other.steps)) for other in self.flows},
            coupons={pool.coupons: pool for pool in self.coupons},
            topics=frozenset(settings.topics),
            currency=settings.currency,
            zone=store_zone,
            store_zone=store_zone,
            exchange=settings.exchange(),
            exclude=settings.exclude,
            reads=Reads() if reads is None else reads,
        )
        return scope if flow is None else inside(scope, flow)


def inside(scope: Scope, flow: Flow) -> Scope:
    """The scope inside a flow of the set."""
    zone = None if flow.timezone is None else zone_named(flow.timezone)
    metric = getattr(flow.trigger, "metric", None)
    return msgspec.structs.replace(
        scope,
        flow=flow.flow,
        zone=zone or scope.store_zone,
        trigger=metric if metric in scope.metrics else None,
        is_per_item=flow.each is not None and has_items(metric, scope),
        gives_coupons=gives_coupons(flow.steps),
        is_trigger_unknown=metric is not None and metric not in scope.metrics,
    )


def has_items(metric: str | None, scope: Scope) -> bool:
    """True if events of `metric` have `items`."""
    known = None if metric is None else scope.metrics.get(metric)
    field = None if known is None else known.fields.get("items")
    return field is not None and field.type is FieldType.ITEMS


def gives_coupons(step: Any) -> bool:
    """True if a step, a step within it, or one of a list of steps assigns coupons."""
    if isinstance(step, msgspec.Struct):
        if getattr(step, "assign_coupon", None) or getattr(step, "coupon", None):
            return True
        return any(gives_coupons(getattr(step, name)) for name in step.__struct_fields__)
    if isinstance(step, dict):
        return any(gives_coupons(inner) for inner in step.values())
    return isinstance(step, (list, tuple)) and any(gives_coupons(inner) for inner in step)


def _messages(step: Any) -> Iterator[str]:
    """The ids of the messages in a step, the steps within it, or a list of steps."""
    if isinstance(step, send.Definition):
        yield id_of(step, "")
    elif isinstance(step, msgspec.Struct):
        for name in step.__struct_fields__:
            yield from _messages(getattr(step, name))
    elif isinstance(step, dict):
        for inner in step.values():
            yield from _messages(inner)
    elif isinstance(step, (list, tuple)):
        for inner in step:
            yield from _messages(inner)


def _as_metric(definition: MetricDefinition) -> Metric:
    shared = {PROPERTIES: Field(FieldType.TEXT_MAP, is_optional=True)}
    return Metric(CUSTOM_METRICS_TOPIC, {**shared, **custom_fields(definition.fields)})
