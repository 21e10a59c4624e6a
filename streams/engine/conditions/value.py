"""`{value: clv.predicted, below: store_mean}`: a lifetime value (SEMANTICS 3.4, 7.2)."""

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
from streams.engine.customer import VALUES, Situation, mean_fact, value_reader
from streams.engine.language import IN_WORDS, Scope, json_value
from streams.engine.values import FieldType, Operand, Problem, Text, unknown_name

STORE_MEAN = "store_mean"


class Definition(Comparison, frozen=True, kw_only=True):
    """Compares a value of the customer, historic or predicted.

    `value`: the name of the value
    `below`: less than this number, or than the store's mean (`store_mean`)
    `above`: more than this number, or than the store's mean (`store_mean`)
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
    if against and getattr(definition, against[0]) == STORE_MEAN:
        if mean_fact(definition.value) is None:
            words = IN_WORDS[kind]
            yield Problem((against[0],), f"{definition.value!r} is {words} and has no mean")
        return
    problems: list[Problem] = []
    compile_comparison(_as_comparison(definition), kind, "the value", scope, (), problems)
    for problem in problems:
        if problem.path:
            at = (against[0],) if against else problem.path
            yield Problem(at, problem.message, problem.found, problem.allowed)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """Values change with events and facts; before the first fact, a comparison with the store's
    mean is false."""
    read = value_reader(definition.value)
    for name, is_less in (("below", True), ("above", False)):
        if getattr(definition, name) == STORE_MEAN:
            fact = mean_fact(definition.value)
            assert fact is not None
            scope.reads.facts.add(fact)
            return _against_mean(read, fact, is_less=is_less)
    kind = VALUES[definition.value]
    passes = compile_comparison(_as_comparison(definition), kind, "the value", scope, (), [])
    return _constant(read, passes)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The value, and the store's mean if compared with it."""
    name = definition.value
    read, show, fact = value_reader(name), json_value(VALUES[name], scope), mean_fact(name)
    is_against_mean = STORE_MEAN in (definition.below, definition.above)

    def collect(situation: Situation) -> Evidence:
        values = {f"value {name}": show(read(situation))}
        if is_against_mean and fact is not None:
            mean = _mean(situation.facts, fact)
            values[fact] = None if mean is None else show(round(mean)) if _is_money(name) else mean
        return Evidence(values)

    return collect


def _is_money(name: str) -> bool:
    return VALUES[name] is FieldType.MONEY


def _as_comparison(definition: Definition) -> Comparison:
    if definition.below is not None:
        return Comparison(lt=definition.below)
    if definition.above is not None:
        return Comparison(gt=definition.above)
    return definition


def _mean(facts: Mapping[str, Any], fact: str) -> float | None:
    mean: float | None = facts.get(fact)
    return mean


def _constant(read: Callable[[Situation], Any], passes: Judge) -> Condition:
    def judge(situation: Situation) -> Truth:
        return passes(read(situation), situation), None

    return judge


def _against_mean(read: Callable[[Situation], Any], fact: str, *, is_less: bool) -> Condition:
    def judge(situation: Situation) -> Truth:
        value, mean = read(situation), _mean(situation.facts, fact)
        if value is None or mean is None:
            return False, None
        return (value < mean if is_less else value > mean), None

    return judge
