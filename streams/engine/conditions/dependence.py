"""The events that can change the truth of a condition: a segment costs nothing at other events."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.conditions import (
    average,
    bounced,
    clicked,
    consent,
    count,
    coupons,
    delivered,
    distinct,
    in_flow,
    opened,
    profile,
    segment,
    since_last,
    sum_,
    value,
)
from streams.engine.conditions.by_day import parts_within
from streams.engine.conditions.message_told import AboutMessage
from streams.engine.conditions.timeframe import OverTime, SinceLast
from streams.engine.values import left_fact

PROFILE_METRICS = frozenset({"customer.updated", "customer.subscribed"})
CONSENT_METRICS = PROFILE_METRICS | {
    "customer.unsubscribed",
    "message.unsubscribed",
    "message.delivered",
    "message.bounced",
    "message.complained",
}
VALUE_METRICS = frozenset({"order.placed", "order.cancelled", "order.refunded"})


REPORTED_BY: Mapping[type, frozenset[str]] = {
    delivered.Definition: frozenset({"message.delivered"}),
    opened.Definition: frozenset({"message.opened"}),
    clicked.Definition: frozenset({"message.clicked"}),
    bounced.Definition: frozenset({"message.bounced"}),
}
"""Condition on a message -> the metric of the reports that it is about (SEMANTICS 3.8)."""


class Dependence(msgspec.Struct):
    """The inputs of a condition's truth, beside time."""

    metrics: set[str] = set()
    on_journeys: bool = False  # the flows that the customer is in
    on_past: bool = False  # events of the customer, or what is counted of them
    on_orders: bool = False  # single orders of the customer
    values: set[str] = set()  # that store facts may change (SEMANTICS 7.2): of P, of coupon pools

    def add_value(self, name: str) -> None:
        """Adds a value of the customer."""
        self.metrics |= VALUE_METRICS
        self.values.add(name)
        self.on_past = True
        self.on_orders |= name == "order.last"


def dependence_of(definition: Any, segments: Mapping[str, Any]) -> Dependence:
    """The inputs of a condition's truth. `segments`: id -> Segment, for nested conditions."""
    found = Dependence()
    for part in parts_within(definition):
        match part:
            case count.Definition():
                found.metrics.add(part.count)
                found.on_past = True
                found.metrics |= _metrics_of_the_day(part)
            case sum_.Definition():
                found.metrics.add(part.sum)
                found.on_past = True
                found.metrics |= _metrics_of_the_day(part)
            case average.Definition():
                found.metrics.add(part.average)
                found.on_past = True
                found.metrics |= _metrics_of_the_day(part)
            case distinct.Definition():
                found.metrics.add(part.distinct)
                found.on_past = True
                found.metrics |= _metrics_of_the_day(part)
            case since_last.Definition():
                metrics = part.since_last
                found.metrics.update(metrics if isinstance(metrics, list) else [metrics])
                found.on_past = True
            case SinceLast():
                found.metrics.add(part.last)
                found.on_past = True
            case profile.Definition():
                found.metrics |= PROFILE_METRICS
            case consent.Definition():
                found.metrics |= CONSENT_METRICS
            case value.Definition():
                found.add_value(part.value)
            case coupons.Definition():
                found.values.add(left_fact(part.coupons))
            case AboutMessage():
                found.metrics |= REPORTED_BY.get(type(part), frozenset())
                found.on_journeys = True  # a newer message takes the place of the one asked about
            case in_flow.Definition():
                found.on_journeys = True
            case segment.Definition():
                inner = dependence_of(segments[part.segment].if_, segments)
                found.metrics |= inner.metrics
                found.on_journeys |= inner.on_journeys
                found.on_past |= inner.on_past
                found.on_orders |= inner.on_orders
                found.values |= inner.values
            case str() if part.startswith("$value."):
                found.add_value(part.removeprefix("$value."))
            case str() if part.startswith("$profile."):
                found.metrics |= PROFILE_METRICS
            case str() if part.startswith("$last."):
                found.metrics.add(part.removeprefix("$last.").rpartition(".")[0])
                found.on_past = True
    return found


def _metrics_of_the_day(part: OverTime) -> frozenset[str]:
    """The customer's own day depends on their zone, a profile field."""
    return frozenset() if part.on_day is None else PROFILE_METRICS


def segments_within(segment_id: str, segments: Mapping[str, Any]) -> set[str]:
    """The segment, and all segments in its condition."""
    found = {segment_id}
    for part in parts_within(segments[segment_id].if_):
        if isinstance(part, segment.Definition):
            found |= segments_within(part.segment, segments)
    return found
