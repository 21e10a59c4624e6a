"""`{average: METRIC, of: FIELD, ...}`: the mean of a field over events (SEMANTICS 3.1)."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from streams.engine.conditions.comparison import compile_comparison
from streams.engine.conditions.field_of_events import (
    check_number_of,
    exact,
    newest_first,
    type_of_field,
)
from streams.engine.conditions.timeframe import (
    Measure,
    OverTime,
    Question,
    compile_over_time,
    compile_question,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction
from streams.engine.customer import Occurrence
from streams.engine.language import Scope, getter, json_value
from streams.engine.values import FieldName, FieldType, MetricName, Problem


class Definition(OverTime, frozen=True, kw_only=True):
    """Compares the mean of a number over events; false without any.

    `average`: the metric
    `of`: the field; events without it, or without a rate for their currency, are left out
    """

    average: MetricName
    of: FieldName


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The events are known, the field is a number, and the comparison fits it."""
    return check_number_of(definition, "average", definition.average, definition.of, scope)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The comparison of the mean."""
    kind = _kind(definition, scope)
    passes = compile_comparison(definition, kind, "the average", scope, (), [])
    return compile_over_time(definition, _question(definition, scope), passes, scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The mean."""
    name = f"average {definition.average}.{definition.of}"
    question = _question(definition, scope)
    show = json_value(_kind(definition, scope), scope)
    return lambda situation: question.evidence({name: show(question.number(situation))}, situation)


def _kind(definition: Definition, scope: Scope) -> FieldType:
    return type_of_field(definition.average, definition.of, scope)


def _question(definition: Definition, scope: Scope) -> Question:
    measure = _averages_of(definition.of, _kind(definition, scope))
    return compile_question(definition, definition.average, {definition.of}, measure, scope)


_PLACES = {FieldType.MONEY: Decimal(1), FieldType.NUMBER: Decimal("0.0001")}
"""Rounded as the values of SEMANTICS 7.2: to minor units, others to 4 decimals."""


_WITHOUT_PLACES = 10**18
"""From here on a number isn't rounded: it has no more digits than a Decimal, or a state, holds."""


def _averages_of(field: str, kind: FieldType) -> Measure:
    places, values_of = _PLACES[kind], newest_first(getter(field))

    def measure(events: Sequence[Occurrence]) -> list[int | float | None]:
        total, number = Decimal(0), 0
        means: list[int | float | None] = [None]
        for value in values_of(events):
            summand = exact(value)
            if summand is not None:
                total += summand
                number += 1
            means.append(_mean(total, number, places) if number else None)
        means.reverse()
        return means

    return measure


def _mean(total: Decimal, number: int, places: Decimal) -> int | float:
    mean = total / number
    if abs(mean) >= _WITHOUT_PLACES:
        return float(mean)
    mean = mean.quantize(places, rounding=ROUND_HALF_EVEN)
    return int(mean) if mean == mean.to_integral_value() else float(mean)
