"""Compiles definitions to a program: a plan for the events of each metric, and the segments that
start flows or are followed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.compiling.compile_flow import COUNTS_AS, compile_flow
from streams.engine.compiling.definition import Definitions, Flow
from streams.engine.conditions import (
    NEVER,
    Dependence,
    Test,
    compile_segment,
    dependence_of,
    segments_within,
)
from streams.engine.content import BACK_IN_STOCK, PRICE_DROPPED, SOLD_OUT
from streams.engine.customer import (
    ALWAYS_READ,
    APPLY_BY_MACHINE,
    APPLY_UNLESS_KNOWN,
    ENDS_INTEREST,
    LOOK_FIELDS,
    SHOWS_PRICE,
    STARTS_INTEREST,
    Retention,
    Situation,
    apply_of,
    new_state,
)
from streams.engine.language import Reads, Remembered, Scope, StoreSettings
from streams.engine.program import (
    CompiledFlow,
    FollowedDate,
    MetricPlan,
    Program,
    SegmentPlan,
    Step,
)
from streams.engine.values import COMMON_FIELDS, MONEY_TYPES, NEWS, Metric

_NOTHING_KNOWN = Situation(new_state(""), 0)
"""A customer without events, before all time: a condition that fails here, and does not change by
time, fails until the customer's first event."""


def compile_program(
    definitions: Definitions,
    version: str,
    successors: Mapping[str, Mapping[str, str | None]] | None = None,
) -> Program:
    """Compiles checked definitions. `version` identifies the set (its hash) in decisions and
    states; `successors` maps, by flow, every deleted step id to the step that follows it now."""
    reads = Reads()
    settings = definitions.store
    outside = definitions.scope(reads=reads)
    flows = [
        compile_flow(flow, rank, settings, outside)
        for rank, flow in enumerate(sorted(definitions.flows, key=_order))
    ]
    for flow in flows:
        flow.successors = (successors or {}).get(flow.flow, {})
    for name in outside.segments:  # also those used by `sendflow segments` only
        compile_segment(name, outside)
    by_id = {flow.flow: flow for flow in flows}
    for (name, step), from_any_journey in reads.messages.items():
        by_id[name].followed[step] = from_any_journey
    segments = list(_segments(flows, outside, version))
    news_wanted = _news_wanted(flows, reads)
    starts_interest = SHOWS_PRICE if PRICE_DROPPED in news_wanted else STARTS_INTEREST
    if news_wanted:
        for name in starts_interest:
            reads.read(name, LOOK_FIELDS if PRICE_DROPPED in news_wanted else ("sku",))
    plans = {
        name: _plan(name, metric, flows, settings, reads)
        for name, metric in outside.metrics.items()
    }
    otherwise = _plan("", Metric("", {}), [], settings, reads)
    if news_wanted:
        for name, watch in starts_interest.items():
            plans[name].interest_change = watch
    for segment in segments:
        for plan in (*plans.values(), otherwise):
            is_concerned = plan.name in segment.metrics
            if is_concerned:
                plan.segments += (segment,)
            if is_concerned or segment.is_open_to_new or segment.is_on_facts:
                plan.first_segments += (segment,)
    for name, apply in APPLY_BY_MACHINE.items():
        plans[name].by_machine = msgspec.structs.replace(
            plans[name], apply=apply, is_by_machine=True
        )
    judged_waits = _judged_waits(flows, lambda depends_on: True)
    journey_waits = _judged_waits(flows, lambda depends_on: depends_on.on_journeys)
    journey_segments = tuple(plan for plan in segments if plan.is_on_journeys)
    return Program(
        version=version,
        number=int.from_bytes(hashlib.blake2b(version.encode(), digest_size=6).digest(), "big"),
        on_metric=plans,
        otherwise=otherwise,
        flows=by_id,
        segments={plan.segment: plan for plan in segments},
        journey_segments=journey_segments,
        dated_flows=tuple(flow for flow in flows if flow.is_open and flow.date),
        shows_viewed=reads.shows_viewed,
        follows=bool(reads.messages),
        depends_on_journeys=bool(journey_segments or journey_waits),
        judged_waits=judged_waits,
        journey_waits=journey_waits,
        scheduled_flows=tuple(
            flow for flow in flows if flow.is_open and (flow.schedule or flow.is_once_on_publish)
        ),
        store_zone=outside.store_zone.key,
        values_read=_values_read(definitions, segments, judged_waits, outside),
        segments_version=_hash_of(definitions.segments),
        news_wanted=news_wanted,
        low_stock=settings.low_stock,
        coupon_lows={
            pool.coupons: pool.runs_low_below for pool in definitions.coupons if pool.rule is None
        },
        profile=outside.profile,
        reads={name: _fields_read(name, metric, reads) for name, metric in outside.metrics.items()},
        facts_read=frozenset(reads.facts),
    )


def _news_wanted(flows: list[CompiledFlow], reads: Reads) -> frozenset[str]:
    """The news of articles that a trigger, step, exit or condition uses. With any of them, also
    whether the article can be had: a message about one that can't is not sent (SEMANTICS 4.9)."""
    steps = (step for flow in flows for step in flow.steps.values())
    awaited = {step.awaited.metric for step in steps if step.awaited is not None}
    used = frozenset(name for name in NEWS if name in reads.fields or name in awaited)
    return used and used | {BACK_IN_STOCK, SOLD_OUT}


def _values_read(
    definitions: Definitions,
    segments: list[SegmentPlan],
    judged_waits: Mapping[str, Any],
    outside: Scope,
) -> frozenset[str]:
    """Values derived from store facts that are evaluated without an event: by segments that start
    flows or are followed, and by flows with steps that wait for a condition."""
    asking = [outside.segments[plan.segment].if_ for plan in segments]
    asking += [flow.steps for flow in definitions.flows if flow.flow in judged_waits]
    return frozenset().union(*(dependence_of(one, outside.segments).values for one in asking))


def _hash_of(definition: Any) -> int:
    written = msgspec.json.encode(definition, order="deterministic")
    return int.from_bytes(hashlib.blake2b(written, digest_size=4).digest(), "big")


def _judged_waits(
    flows: list[CompiledFlow], is_asked_for: Callable[[Dependence], bool]
) -> dict[str, dict[str, Step]]:
    """Steps that wait for a condition with a selected dependence, by flow and id."""
    waits = {}
    for flow in flows:
        steps = {
            step.id: step
            for step in flow.steps.values()
            if step.depends_on is not None and is_asked_for(step.depends_on)
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
        fields |= {"currency"}  # the unit of its amounts
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
    needed = remembered.window
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
    judged_waits = _judged_waits(flows, lambda depends_on: name in depends_on.metrics)
    dates = tuple(date for date in _followed_dates(flows) if date.metric == name)
    return MetricPlan(
        name=name,
        metric=metric,
        exchange=settings.exchange(),
        retention=Retention(
            keep=None if needed is None else max(settings.history.keep, needed),
            needed=needed,
            occurrences=settings.history.occurrences,
            fields=tuple(sorted(remembered.fields)),
            keeps_no_rate=_has_amounts(metric, remembered.fields),
        ),
        apply=apply_of(name, settings.country),
        apply_unless_known=APPLY_UNLESS_KNOWN.get(name),
        has_money=_has_money(metric),
        adds=tuple(sorted(read_fields & COMMON_FIELDS.keys())),
        flows=tuple(flow for flow in flows if flow.is_open and name in _started_by(flow)),
        exits=exits,
        waits=waits,
        judged_waits=judged_waits,
        dates=dates,
        concerns_journeys=bool(exits or waits or judged_waits or dates),
        converts=name == "order.placed",
        changes_profile=name == "customer.updated",
        is_news=name in NEWS,
        interest_change=ENDS_INTEREST.get(name),
    )


def _followed_dates(flows: list[CompiledFlow]) -> Iterator[FollowedDate]:
    """The dates that start flows, and those that waits follow (SEMANTICS 1.14, 2.10)."""
    for flow in flows:
        if flow.date is not None:
            yield flow.date.followed
        yield from (step.follows for step in flow.steps.values() if step.follows is not None)


def _has_amounts(metric: Metric, fields: set[str]) -> bool:
    return any(name in fields for name, field in metric.fields.items() if field.type in MONEY_TYPES)


def _started_by(flow: CompiledFlow) -> tuple[str, ...]:
    metric = flow.trigger_metric
    return () if metric is None else (metric, *COUNTS_AS.get(metric, ()))


def _segments(flows: list[CompiledFlow], outside: Scope, set_version: str) -> Iterator[SegmentPlan]:
    """The segments that start flows or are followed, in order of their ids."""
    for segment in sorted(outside.segments):
        started = tuple(flow for flow in flows if flow.is_open and flow.trigger_segment == segment)
        is_followed = outside.segments[segment].follow
        if not (started or is_followed):
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
            is_followed=is_followed,
            set_version=set_version,
        )


def _segment_version(segment: str, outside: Scope) -> int:
    """Hash of the condition and of the segments that it refers to."""
    written = b"".join(
        msgspec.json.encode(outside.segments[name].if_, order="deterministic")
        for name in sorted(segments_within(segment, outside.segments))
    )
    return int.from_bytes(hashlib.blake2b(written, digest_size=4).digest(), "big")
