"""`{value: clv.predicted, below: store_mean}`: a value of the customer, also against the store's
(SEMANTICS 3.4, 7.2)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from streams.engine.conditions.comparison import (
    Comparison,
    Judge,
    check_one,
    compile_comparison,
    operations_of,
)
from streams.engine.conditions.truth import Condition, Evidence, EvidenceFunction, Truth
from streams.engine.customer import STATISTICS, VALUES, Situation, statistic_fact, value_reader
from streams.engine.language import IN_WORDS, Scope, json_value
from streams.engine.values import FieldType, Operand, Problem, Text, unknown_name

_OF_STORE = "store_"
"""Words that begin like this are statistics of the store, here."""


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
        problem = check_one(definition, repr(definition.value))
        if problem is not None:
            yield problem
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
    """Values change with events and facts; before the first fact, a comparison with a figure of
    the store is false."""
    read, fact = value_reader(definition.value), _fact_of(definition)
    if fact is not None:
        scope.reads.facts.add(fact)
        return _against_store(read, fact, is_less=definition.below is not None)
    kind = VALUES[definition.value]
    passes = compile_comparison(_as_comparison(definition), kind, "the value", scope, (), [])
    return _constant(read, passes)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The value, and the figure of the store if compared with it."""
    name, fact = definition.value, _fact_of(definition)
    read, show = value_reader(name), json_value(VALUES[name], scope)
    is_money = VALUES[name] is FieldType.MONEY

    def collect(situation: Situation) -> Evidence:
        values = {f"value {name}": show(read(situation))}
        if fact is not None:
            figure = _figure(situation.facts, fact)
            if figure is not None and is_money:
                figure = show(round(figure))
            values[fact] = figure
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


def _figure(facts: Mapping[str, Any], fact: str) -> float | None:
    figure: float | None = facts.get(fact)
    return figure


def _constant(read: Callable[[Situation], Any], passes: Judge) -> Condition:
    def judge(situation: Situation) -> Truth:
        return passes(read(situation), situation), None

    return judge


def _against_store(read: Callable[[Situation], Any], fact: str, *, is_less: bool) -> Condition:
    def judge(situation: Situation) -> Truth:
        value, figure = read(situation), _figure(situation.facts, fact)
        if value is None or figure is None:
            return False, None
        return (value < figure if is_less else value > figure), None

    return judge
