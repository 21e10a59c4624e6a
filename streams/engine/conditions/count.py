"""`{count: METRIC, ...}`: how often (SEMANTICS 3.1, 3.3)."""

from collections.abc import Iterator, Sequence

from streams.engine.conditions.compare import compile_comparison
from streams.engine.conditions.timeframe import (
    OverTime,
    check_over_time,
    compile_over_time,
    is_all_time,
)
from streams.engine.conditions.truth import Condition
from streams.engine.event import FieldType
from streams.engine.problem import Problem
from streams.engine.scalars import MetricName
from streams.engine.scope import Scope
from streams.engine.state import Occurrence


class Definition(OverTime, frozen=True, kw_only=True):
    """Compares how often something happened.

    `count`: the metric
    """

    count: MetricName


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The events are known and the comparison is one of numbers."""
    yield from check_over_time(definition, "count", definition.count, scope)
    if definition.exists is not None:
        yield Problem(
            ("exists",),
            "'exists' does not fit a count: write at_least: 1 or equals: 0",
            at_key=True,
        )
        return
    problems: list[Problem] = []
    compile_comparison(definition, FieldType.NUMBER, "the count", scope, (), problems)
    yield from (problem for problem in problems if problem.path)  # no comparison: said above


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """Without `where` over all time the state's own count serves; else the remembered events."""
    metric = definition.count
    passes = compile_comparison(definition, FieldType.NUMBER, "the count", scope, (), [])
    if is_all_time(definition) and not definition.where:
        scope.reads.remember(metric, 0)
        return lambda situation: (passes(situation.state.totals.get(metric, 0), situation), None)
    return compile_over_time(definition, metric, set(), _counts, passes, scope)


def _counts(events: Sequence[Occurrence]) -> Sequence[int]:
    return range(len(events), -1, -1)
