"""`{sum: METRIC, of: FIELD, ...}`: the sum of a field over events (SEMANTICS 3.1)."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from streams.engine.conditions.comparison import compile_comparison
from streams.engine.conditions.field_of_events import check_number_of, exact, type_of_field
from streams.engine.conditions.timeframe import (
    Measure,
    OverTime,
    Question,
    compile_over_time,
    compile_question,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction
from streams.engine.customer import Occurrence
from streams.engine.language import Scope, json_value
from streams.engine.values import FieldName, FieldType, MetricName, Problem


class Definition(OverTime, frozen=True, kw_only=True):
    """Compares the sum of a number over events.

    `sum`: the metric
    `of`: the field to sum; events without it, or without a rate for their currency, are left out
    """

    sum: MetricName
    of: FieldName


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The events are known, the field is a number, and the comparison fits it."""
    return check_number_of(definition, "sum", definition.sum, definition.of, scope)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The comparison of the sum."""
    passes = compile_comparison(definition, _kind(definition, scope), "the sum", scope, (), [])
    return compile_over_time(definition, _question(definition, scope), passes, scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The sum."""
    name = f"sum {definition.sum}.{definition.of}"
    question = _question(definition, scope)
    show = json_value(_kind(definition, scope), scope)
    return lambda situation: question.evidence({name: show(question.number(situation))}, situation)


def _kind(definition: Definition, scope: Scope) -> FieldType:
    return type_of_field(definition.sum, definition.of, scope)


def _question(definition: Definition, scope: Scope) -> Question:
    measure = _sums_of(definition.of)
    return compile_question(definition, definition.sum, {definition.of}, measure, scope)


def _sums_of(field: str) -> Measure:
    def measure(events: Sequence[Occurrence]) -> list[int | float]:
        total: int | Decimal = 0
        sums: list[int | float] = [0]
        for event in reversed(events):
            number = None if event.data is None else exact(event.data.get(field))
            if number is not None:
                total += number
            sums.append(float(total) if isinstance(total, Decimal) else total)
        sums.reverse()
        return sums

    return measure
