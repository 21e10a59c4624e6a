"""`{distinct: METRIC, of: FIELD, ...}`: the number of different values of a field over events
(SEMANTICS 3.1)."""

from collections.abc import Iterator, Sequence
from typing import Any

from streams.engine.conditions.comparison import compile_comparison
from streams.engine.conditions.field_of_events import check_measured, newest_first
from streams.engine.conditions.timeframe import (
    Measure,
    OverTime,
    Question,
    check_over_time,
    compile_over_time,
    compile_question,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction
from streams.engine.customer import Occurrence
from streams.engine.language import IN_WORDS, Scope, field_at, field_reader, fields_of
from streams.engine.values import FieldType, MetricName, Problem, Text


class Definition(OverTime, frozen=True, kw_only=True):
    """Compares the number of different values of a field over events.

    `distinct`: the metric
    `of`: the field; dots reach into maps; events without it are left out
    """

    distinct: MetricName
    of: Text


_COUNTABLE = (
    FieldType.TEXT,
    FieldType.NUMBER,
    FieldType.MONEY,
    FieldType.BOOLEAN,
    FieldType.DATE,
    FieldType.MOMENT,
)


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The events are known, the field is one value, and the comparison fits a number."""
    yield from check_over_time(definition, "distinct", definition.distinct, scope)
    if definition.distinct not in scope.metrics:
        return
    kind = field_at(definition.of, fields_of(definition.distinct, scope), scope, ("of",))
    if isinstance(kind, Problem):
        yield kind
    elif kind not in _COUNTABLE:
        words = IN_WORDS[kind]
        yield Problem(
            ("of",), f"distinct needs one value of each event, {definition.of!r} is {words}"
        )
    else:
        yield from check_measured(definition, FieldType.NUMBER, "distinct", scope)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The comparison of the number of values."""
    what = "the number of values"
    passes = compile_comparison(definition, FieldType.NUMBER, what, scope, (), [])
    return compile_over_time(definition, _question(definition, scope), passes, scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The number of values."""
    name = f"distinct {definition.distinct}.{definition.of}"
    question = _question(definition, scope)
    return lambda situation: question.evidence({name: question.number(situation)}, situation)


def _question(definition: Definition, scope: Scope) -> Question:
    fields = {definition.of.partition(".")[0]}
    measure = _numbers_of(definition, scope)
    return compile_question(definition, definition.distinct, fields, measure, scope)


def _numbers_of(definition: Definition, scope: Scope) -> Measure:
    fields = fields_of(definition.distinct, scope)
    values_of = newest_first(field_reader(definition.of, fields, scope))

    def measure(events: Sequence[Occurrence]) -> list[int]:
        found: set[Any] = set()
        numbers = [0]
        for value in values_of(events):
            if value is not None:
                found.add(value)
            numbers.append(len(found))
        numbers.reverse()
        return numbers

    return measure
