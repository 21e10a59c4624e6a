"""What a shop writes: flows, segments, coupon pools, metrics of its own and the store's settings,
read from plain data with all that is wrong with them (FLOWS.md)."""

import enum
import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from streams.engine.calendar import zone_named
from streams.engine.conditions import ConditionDefinition
from streams.engine.conditions.where import EventPattern
from streams.engine.duration import DAY, HOUR
from streams.engine.event import METRICS, OWN_METRICS_TOPIC, Field, FieldType, Metric
from streams.engine.flow import StepDefinition
from streams.engine.money import Exchange
from streams.engine.reading import Member, OneOf
from streams.engine.scalars import (
    CHANNELS,
    AnyText,
    Boolean,
    Channel,
    ClockTime,
    Code,
    CodeLength,
    CodePrefix,
    Currency,
    Duration,
    FieldName,
    Identifier,
    Integer,
    MetricName,
    PositiveDuration,
    PositiveInteger,
    Rate,
    Scalar,
    Text,
)
from streams.engine.scope import PROFILE_FIELDS, Reads, Scope


def _trigger_members() -> Mapping[str, Member]:
    from streams.engine.triggers import TRIGGERS

    return TRIGGERS


TriggerDefinition = Annotated[Any, OneOf("trigger", _trigger_members)]
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


class CodeRule(msgspec.Struct, frozen=True, kw_only=True):
    """How codes are made.

    `prefix`: what every code begins with
    `length`: how many random characters follow
    """

    prefix: CodePrefix = ""
    length: CodeLength


class CouponPool(msgspec.Struct, frozen=True, kw_only=True):
    """Where a flow's coupon codes come from.

    `coupons`: the id, stable; the file has the same name
    `name`: for people
    `description`: for people
    `rule`: makes codes; without it they are loaded
    `codes`: some to begin with, or all of them; publishing loads them
    `expires`: so long after it was given
    """

    coupons: Identifier
    name: Text | None = None
    description: AnyText | None = None
    rule: CodeRule | None = None
    codes: list[Code] | None = None
    expires: PositiveDuration | None = None


def _field_type(text: str) -> FieldType | None:
    return next((kind for kind in _OWN_FIELD_TYPES if kind.value == text), None)


_OWN_FIELD_TYPES = (
    FieldType.TEXT,
    FieldType.NUMBER,
    FieldType.MONEY,
    FieldType.BOOLEAN,
    FieldType.DATE,
    FieldType.MOMENT,
    FieldType.TEXTS,
    FieldType.NUMBERS,
)
_TYPE_NAMES = tuple(kind.value for kind in _OWN_FIELD_TYPES)

OwnFieldType = Annotated[
    FieldType,
    Scalar(f"one of {', '.join(_TYPE_NAMES)}", _field_type, {"enum": list(_TYPE_NAMES)}),
]


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


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of customers beyond what flows ask for (SEMANTICS 3.7).

    `keep`: for how long
    `occurrences`: of one metric, at most
    """

    keep: Duration = 400 * DAY
    occurrences: PositiveInteger = 1000


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many messages of all flows together (SEMANTICS 4.8).

    `at_most`: this many
    `channels`: over these channels; left out: over all
    `in`: a rolling window, or calendar_day: the customer's own day
    """

    at_most: PositiveInteger
    channels: list[Channel] = msgspec.field(default_factory=lambda: list(CHANNELS))
    in_: Literal["calendar_day"] | PositiveDuration = msgspec.field(name="in")


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's settings, `store.yaml`.

    `name`: for people
    `timezone`: of customers and flows that have none of their own; cron lines and dates
    `currency`: in which amounts are written and counted
    `rates`: what one unit of another currency is worth in the store's
    `profile`: profile fields of the shop's own, each with its type
    `history`: what is remembered beyond what flows ask for
    `smart_sending`: per channel, how long after a message the next one is skipped
    `quiet_hours`: per channel, from when to when nothing is sent; equal ends: always allowed
    `caps`: at most so many messages
    """

    name: Text | None = None
    timezone: Text = "UTC"
    currency: Currency = "GBP"
    rates: dict[Currency, Rate] = {}
    profile: dict[FieldName, OwnFieldType] = {}
    history: History = History()
    smart_sending: dict[Channel, Duration] = {}
    quiet_hours: dict[Channel, tuple[ClockTime, ClockTime]] = {}
    caps: list[Cap] = []

    def zone(self) -> zoneinfo.ZoneInfo:
        """The store's zone; UTC for a name that is none, which `check` has refused."""
        zone = zone_named(self.timezone) or zone_named("UTC")
        assert zone is not None
        return zone

    def exchange(self) -> Exchange:
        """What converts amounts into the store's currency."""
        rates: dict[str, Decimal] = self.rates
        return Exchange(self.currency, rates)

    def smart_sending_window(self, channel: str) -> int:
        """How long after a message on `channel` the next one is skipped, ms (SEMANTICS 4.7)."""
        return self.smart_sending.get(channel, SMART_SENDING[channel])


SMART_SENDING = {"email": 16 * HOUR, "sms": 24 * HOUR, "push": 24 * HOUR, "web": 0}
"""The default windows (SEMANTICS 4.7)."""


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
            metrics={**METRICS, **{metric.metric: _as_metric(metric) for metric in self.metrics}},
            profile={**PROFILE_FIELDS, **_own_fields(settings.profile)},
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
    fields = _own_fields(definition.fields)
    return Metric(OWN_METRICS_TOPIC, fields)


def _own_fields(types: Mapping[str, FieldType]) -> dict[str, Field]:
    return {name: Field(kind, is_optional=True, is_own=True) for name, kind in types.items()}
