"""`{count: METRIC, ...}`: the number of events (SEMANTICS 3.1, 3.3)."""

from collections.abc import Callable, Iterator, Sequence

from streams.engine.conditions.comparison import compile_comparison
from streams.engine.conditions.timeframe import (
    OverTime,
    Question,
    check_over_time,
    compile_over_time,
    compile_question,
    is_all_time,
)
from streams.engine.conditions.truth import Condition, Evidence, EvidenceFunction
from streams.engine.customer import Occurrence, Situation
from streams.engine.language import Scope
from streams.engine.values import FieldType, MetricName, Problem


class Definition(OverTime, frozen=True, kw_only=True):
    """Compares the number of events.

    `count`: the metric
    """

    count: MetricName


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """Checks the metric and that the comparison fits a number."""
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
    yield from (problem for problem in problems if problem.path)  # no comparison: reported above


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The comparison of the number."""
    passes = compile_comparison(definition, FieldType.NUMBER, "the count", scope, (), [])
    if _is_total(definition):
        number = _total(definition, scope)
        return lambda situation: (passes(number(situation), situation), None)
    return compile_over_time(definition, _question(definition, scope), passes, scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The number."""
    name = f"count {definition.count}"
    if _is_total(definition):
        total = _total(definition, scope)
        return lambda situation: Evidence({name: total(situation)})
    question = _question(definition, scope)
    return lambda situation: question.evidence({name: question.number(situation)}, situation)


def _is_total(definition: Definition) -> bool:
    """Over all time and without `where` the state has the number."""
    return is_all_time(definition) and not definition.where


def _total(definition: Definition, scope: Scope) -> Callable[[Situation], int]:
    metric = definition.count
    scope.reads.remember(metric, 0)

    def total(situation: Situation) -> int:
        past = situation.state.recent.get(metric)
        return 0 if past is None else past.total

    return total


def _question(definition: Definition, scope: Scope) -> Question:
    return compile_question(definition, definition.count, set(), _counts, scope)


def _counts(events: Sequence[Occurrence]) -> Sequence[int]:
    return range(len(events), -1, -1)
