"""Compiles a flow to closures and linked steps."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from streams.engine.compiling.definition import Flow, FlowStatus, ReEntryAfter, inside
from streams.engine.compiling.length import longest
from streams.engine.conditions import (
    all_of,
    compile_condition,
    compile_evidence,
    compile_pattern,
    evidence_of_all,
    evidence_of_values,
    top_fields,
)
from streams.engine.conditions import segment as segment_condition
from streams.engine.content import link_parameters
from streams.engine.customer import item_of
from streams.engine.language import ITEM, Scope, StoreSettings, getter
from streams.engine.program import (
    Building,
    CompiledFlow,
    ExitRule,
    ReEntry,
    compile_audience,
    finish_of,
)
from streams.engine.steps import wait
from streams.engine.triggers import date as date_trigger
from streams.engine.triggers import metric as metric_trigger
from streams.engine.triggers import once as once_trigger
from streams.engine.triggers import schedule as schedule_trigger
from streams.engine.triggers import segment as segment_trigger
from streams.engine.values import DAY, HOUR, METRICS, NEWS

DEFAULT_EVENT_AGE = 4 * HOUR
TRANSACTIONAL_EVENT_AGE = 7 * DAY
"""Maximum age of a triggering event (SEMANTICS 1.7)."""

COUNTS_AS: Mapping[str, tuple[str, ...]] = {"customer.unsubscribed": ("message.unsubscribed",)}
"""Metrics that start and end flows of another metric, too (SEMANTICS 7.3)."""


def compile_flow(flow: Flow, rank: int, settings: StoreSettings, outside: Scope) -> CompiledFlow:
    """Compiles one flow; `rank` is its index in the order of SEMANTICS 5.1."""
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
        compiled.is_per_item = scope.is_per_item
        if scope.is_per_item:
            scope.reads.read(trigger.metric, ("items",))
        if flow.key is not None:
            compiled.key = _key_reader(flow.key)
            compiled.key_name = flow.key
            if not scope.is_per_item:
                scope.reads.read(trigger.metric, (flow.key,))
    if isinstance(trigger, date_trigger.Definition):
        compiled.date = date_trigger.compile(trigger, scope)
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
        compiled.segment_evidence = evidence_of_values(trigger.segment, scope)
        # Membership is part of the filter of a segment flow (SEMANTICS 1.3).
        filters.insert(0, segment_condition.Definition(segment=trigger.segment))
    if filters:
        compiled.filter = all_of([compile_condition(one, scope) for one in filters])
        evidence = [compile_evidence(one, scope) for one in filters]
        compiled.filter_evidence = evidence[0] if len(evidence) == 1 else evidence_of_all(evidence)
    oldest = max(max_event_age, length or 0) if compiled.trigger_metric else max_event_age
    compiled.exit_on = _exit_rules(flow, scope, oldest)
    compiled.finish = finish_of(compiled)
    building = Building(
        compiled,
        scope,
        settings,
        smart_sending=True if flow.smart_sending is None else flow.smart_sending,
        utm=link_parameters(flow.utm),
    )
    compiled.first = building.sequence(flow.steps, "steps", compiled.finish)
    if compiled.trigger_metric is not None and _follows_articles(compiled):
        compiled.follows_articles = True
        scope.reads.read(compiled.trigger_metric, ("items", "sku"))
    return compiled


def _follows_articles(flow: CompiledFlow) -> bool:
    """True if news of the trigger's articles may end a journey or a `wait_for` (SEMANTICS 7.6).
    A customer whom news have brought into the flow watches the article already."""
    known = METRICS.get(flow.trigger_metric or "")
    if flow.trigger_metric in NEWS or known is None or not {"items", "sku"} & known.fields.keys():
        return False
    awaited = (step.awaited.metric for step in flow.steps.values() if step.awaited is not None)
    return any(name in NEWS for name in (*(rule.metric for rule in flow.exit_on), *awaited))


def _key_reader(key: str) -> Callable[[Mapping[str, Any]], Any]:
    """Reads the key in the data of the event, or in those of its item (SEMANTICS 1.13)."""
    if not key.startswith(ITEM):
        return getter(key)
    read = getter(key.removeprefix(ITEM))

    def read_in_item(data: Mapping[str, Any]) -> Any:
        item = item_of(data)
        return None if item is None else read(item)

    return read_in_item


def _version_of(flow: Flow) -> str:
    """Hash of the definition."""
    written = msgspec.json.encode(flow, order="deterministic")
    return hashlib.blake2b(written, digest_size=4).hexdigest()


def _re_entry(flow: Flow) -> ReEntry:
    """Re-entry: always by default, never for a segment flow (SEMANTICS 1.5)."""
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
    """`exit_on`, also applied to past events at an entry (SEMANTICS 1.9): back to the age of the
    oldest event that may start the flow, now or in a backfill (6.3)."""
    rules = []
    for pattern in flow.exit_on:
        test = compile_pattern(pattern, scope)
        for metric in (pattern.metric, *COUNTS_AS.get(pattern.metric, ())):
            # Windows are half open, and the trigger's own moment counts (1.9).
            scope.reads.remember(metric, oldest + 1, top_fields(pattern.where))
            rules.append(ExitRule(metric, test))
    return tuple(rules)
