"""`{value: clv.predicted, below: store_mean}`: a lifetime value (SEMANTICS 3.4, 7.2)."""

from collections.abc import Callable, Iterator
from typing import Any

from streams.engine.conditions.by_day import every_day, flips_once
from streams.engine.conditions.comparison import (
    COMPARISONS,
    Comparison,
    Judge,
    check_one,
    compile_comparison,
    operation_of,
    operations_of,
)
from streams.engine.conditions.truth import Condition, Evidence, EvidenceFunction, Truth, all_of
from streams.engine.customer import (
    FALLING,
    MODEL,
    PREDICTED,
    RISING,
    STATISTICS,
    VALUES,
    Situation,
    has_stand_in,
    statistic_fact,
    value_reader,
)
from streams.engine.language import IN_WORDS, Scope, json_value
from streams.engine.values import FieldType, Operand, Problem, Text, unknown_name

_OF_STORE = "store_"
"""Words that begin like this are statistics of the store, here."""

_COMPARISONS = ("below", "above", *COMPARISONS)


class Definition(Comparison, frozen=True, kw_only=True):
    """Compares a value of the customer, historic or predicted.

    `value`: the name of the value
    `below`: less than this number, or than the store's mean (`store_mean`), median
        (`store_median`) or another quantile (`store_p20`: a fifth of the customers have this or
        less)
    `above`: more than this number, or than the store's mean, median or quantile
    """

    value: Text
    below: Operand | None = None
    above: Operand | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The value is known, and exactly one comparison is present and fits it."""
    kind = VALUES.get(definition.value)
    if kind is None:
        yield unknown_name(("value",), "value", definition.value, VALUES)
        return
    against = [name for name in ("below", "above") if getattr(definition, name) is not None]
    if not against:
        problem = check_one(definition, repr(definition.value), allowed=_COMPARISONS)
        if problem is not None:
            yield problem
        for name in operations_of(definition):
            operand = getattr(definition, "in_" if name == "in" else name)
            if isinstance(operand, str) and operand.startswith(_OF_STORE):
                words = "figures of the store are compared by 'below' or 'above'"
                yield Problem((name,), words, found=operand)
                return
    elif others := [*against[1:], *operations_of(definition)]:
        message = f"{against[0]!r} and {others[0]!r} exclude each other"
        yield Problem((others[0],), message, at_key=True)
        return
    word = _word_of_store(definition)
    if word is not None:
        if word not in STATISTICS:
            yield unknown_name((against[0],), "figure of the store", word, STATISTICS)
        elif kind is FieldType.MOMENT:
            words = IN_WORDS[kind]
            yield Problem((against[0],), f"{definition.value!r} is {words}: no mean, no quantile")
        return
    problems: list[Problem] = []
    compile_comparison(_as_comparison(definition), kind, "the value", scope, (), problems)
    for problem in problems:
        if problem.path:
            at = (against[0],) if against else problem.path
            yield Problem(at, problem.message, problem.found, problem.allowed)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """Values change with events, store facts and the model; predicted ones also with the store's
    days. Before the first fact, a comparison with a figure of the store is false."""
    name = definition.value
    fact = _fact_of(definition)
    if fact is not None:
        scope.reads.facts.add(fact)
        is_less = definition.below is not None
        return _of_threshold(name, _against_fact(fact, is_less=is_less), scope, for_small=is_less)
    comparison = _as_comparison(definition)
    operation = operation_of(comparison)
    assert operation is not None
    if operation[0] == "between" and name in FALLING | RISING:
        least, most = operation[1]
        parts = (Comparison(at_least=least), Comparison(at_most=most))
        return all_of([_compared(name, part, scope) for part in parts])
    return _compared(name, comparison, scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The value, the figure of the store if compared with it, and the model of a predicted one."""
    name = definition.value
    read, show = value_reader(name, scope.store_zone), json_value(VALUES[name], scope)
    fact = _fact_of(definition)
    is_money = VALUES[name] is FieldType.MONEY

    def collect(situation: Situation) -> Evidence:
        values = {f"value {name}": show(read(situation))}
        if fact is not None:
            figure = situation.facts.get(fact)
            if figure is not None:
                figure = show(round(figure)) if is_money else round(figure, 4)
            values[fact] = figure
        if name in PREDICTED and not has_stand_in(situation, name):
            model = situation.facts.get(MODEL)
            values[MODEL] = None if model is None else model.id
        return Evidence(values)

    return collect


def _as_comparison(definition: Definition) -> Comparison:
    if definition.below is not None:
        return Comparison(lt=definition.below)
    if definition.above is not None:
        return Comparison(gt=definition.above)
    return definition


def _word_of_store(definition: Definition) -> str | None:
    """The word for a figure of the store that the value is compared with, known or not."""
    for word in (definition.below, definition.above):
        if isinstance(word, str) and word.startswith(_OF_STORE):
            return word
    return None


def _fact_of(definition: Definition) -> str | None:
    """The store fact that the value is compared with."""
    word = _word_of_store(definition)
    return None if word is None else statistic_fact(definition.value, STATISTICS[word])


_THRESHOLDS = {"lt": True, "at_most": True, "gt": False, "at_least": False}
"""Comparisons with a threshold -> whether small values pass."""


def _compared(name: str, comparison: Comparison, scope: Scope) -> Condition:
    passes = compile_comparison(comparison, VALUES[name], "the value", scope, (), [])
    operation = operation_of(comparison)
    assert operation is not None
    if operation[0] in _THRESHOLDS:
        return _of_threshold(name, passes, scope, for_small=_THRESHOLDS[operation[0]])
    condition = _without_time(value_reader(name, scope.store_zone), passes)
    if name in FALLING | RISING and operation[0] != "exists":
        return every_day(condition, scope.store_zone)
    return condition


def _of_threshold(name: str, passes: Judge, scope: Scope, *, for_small: bool) -> Condition:
    if name in FALLING | RISING:
        return flips_once(name, scope.store_zone, passes, for_small=for_small)
    return _without_time(value_reader(name, scope.store_zone), passes)


def _without_time(read: Callable[[Situation], Any], passes: Judge) -> Condition:
    def judge(situation: Situation) -> Truth:
        return passes(read(situation), situation), None

    return judge


def _against_fact(fact: str, *, is_less: bool) -> Judge:
    def passes(value: Any, situation: Situation) -> bool:
        figure = situation.facts.get(fact)
        if value is None or figure is None:
            return False
        return bool(value < figure if is_less else value > figure)

    return passes
