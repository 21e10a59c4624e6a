"""`{since_last: METRIC, at_least: 90d}`: the time since the last event of one or several metrics;
false without any event."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.timeframe import BEGINNING
from streams.engine.conditions.truth import (
    NEVER,
    Condition,
    Evidence,
    EvidenceFunction,
    Truth,
    history_since,
)
from streams.engine.conditions.where import (
    Test,
    Where,
    check_past_events,
    compile_events,
    top_fields,
)
from streams.engine.customer import Situation
from streams.engine.language import Scope
from streams.engine.values import Duration, Instant, MetricName, Problem, duration_text


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Compares the time since the customer's last event of a metric.

    `since_last`: the metric, or several: since the last event of any of them
    `where`: only events that match
    `at_least`: this long ago or longer
    `gt`: longer ago than this
    `at_most`: this long ago or less
    `lt`: less long ago than this
    `between`: from the first to the second, both included
    `equals`: exactly this long ago
    """

    since_last: MetricName | list[MetricName]
    where: Where = {}
    equals: Duration | None = None
    gt: Duration | None = None
    at_least: Duration | None = None
    lt: Duration | None = None
    at_most: Duration | None = None
    between: tuple[Duration, Duration] | None = None


_OPERATIONS = ("at_least", "gt", "at_most", "lt", "between", "equals")


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The metrics are known, `where` fits each, and exactly one comparison is present."""
    several = isinstance(definition.since_last, list)
    for place, metric in enumerate(_metrics(definition)):
        path = ("since_last", place) if several else ("since_last",)
        yield from check_past_events(metric, definition.where, scope, path)
    if not _metrics(definition):
        yield Problem(("since_last",), "expected at least one metric")
    given = [name for name in _OPERATIONS if getattr(definition, name) is not None]
    if not given:
        yield Problem((), "'since_last' needs a comparison", allowed=_OPERATIONS)
    elif len(given) > 1:
        yield Problem((given[1],), f"{given[0]!r} and {given[1]!r} exclude each other", at_key=True)
    between = definition.between
    if between is not None and between[0] > between[1]:
        yield Problem(("between",), "empty range: the first exceeds the second")


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The elapsed time grows by itself: each comparison changes at known distances from the last
    event."""
    sources = _sources(definition, scope)
    starts, ends = _span(definition)

    def judge(situation: Situation) -> Truth:
        last = _last(sources, situation)
        if last is None:
            return NEVER
        if situation.now < last + starts:
            return False, last + starts
        if ends is None:
            return True, None
        return (True, last + ends) if situation.now < last + ends else NEVER

    return judge


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The time since the last event."""
    name = f"since_last {', '.join(_metrics(definition))}"
    sources = _sources(definition, scope)

    def collect(situation: Situation) -> Evidence:
        last = _last(sources, situation)
        ago = None if last is None else duration_text(situation.now - last)
        return Evidence({name: ago}, _history_since(sources, situation, last))

    return collect


def _history_since(
    sources: list[tuple[str, Test | None]], situation: Situation, last: Instant | None
) -> Instant | None:
    """The `history_since` if a later matching event may have been forgotten. The newest event of a
    metric never is, but with a `where` an older one may be the last that matches."""
    latest: Instant | None = None
    for metric, test in sources:
        past = situation.state.recent.get(metric)
        if test is not None and past is not None and past.since:
            since = history_since(past, BEGINNING if last is None else last + 1)
            if since is not None:
                latest = since if latest is None else max(latest, since)
    return latest


def _sources(definition: Definition, scope: Scope) -> list[tuple[str, Test | None]]:
    sources = []
    fields = top_fields(definition.where)
    for metric in _metrics(definition):
        test = compile_events(metric, definition.where, scope)
        scope.reads.remember(metric, 0 if test is None else None, fields)
        sources.append((metric, test))
    return sources


def _span(definition: Definition) -> tuple[int, int | None]:
    """The distances from (included) and to (excluded, None: unlimited) which it holds."""
    if definition.at_least is not None:
        return definition.at_least, None
    if definition.gt is not None:
        return definition.gt + 1, None
    if definition.at_most is not None:
        return 0, definition.at_most + 1
    if definition.lt is not None:
        return 0, definition.lt
    if definition.between is not None:
        return definition.between[0], definition.between[1] + 1
    assert definition.equals is not None
    return definition.equals, definition.equals + 1


def _metrics(definition: Definition) -> list[str]:
    metrics = definition.since_last
    return metrics if isinstance(metrics, list) else [metrics]


def _last(sources: list[tuple[str, Test | None]], situation: Situation) -> Instant | None:
    last: Instant | None = None
    for metric, test in sources:
        events = situation.state.recent.get(metric)
        if not events:
            continue
        for event in reversed(events):
            if last is not None and event.at <= last:
                break
            if test is None or test(event.data or {}, situation):
                last = event.at
                break
    return last
