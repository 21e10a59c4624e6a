"""`{trigger: FIELD, ...}`: the data of the triggering event, which never changes (S46)."""

from collections.abc import Iterator
from typing import Any

from streams.engine.conditions.comparison import QUANTIFIERS, Comparison, operations_of
from streams.engine.conditions.truth import (
    ALWAYS,
    NEVER,
    Condition,
    Evidence,
    EvidenceFunction,
    Truth,
)
from streams.engine.conditions.where import Test, Where, compile_field
from streams.engine.customer import Situation
from streams.engine.language import Scope, field_at, field_reader, fields_of, json_value
from streams.engine.values import FieldType, Operand, Problem, Text


class Definition(Comparison, frozen=True, kw_only=True):
    """Compares a field of the triggering event.

    `trigger`: the field; dots reach into records
    `any`: of a list: at least one member matches
    `all`: of a list: every member matches, and the list isn't empty
    `none`: of a list: no member matches
    """

    trigger: Text
    any: Where | Operand | None = None
    all: Where | Operand | None = None
    none: Where | Operand | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """A triggering event exists, it has the field, and the comparison fits it."""
    if scope.trigger is None:
        if not scope.is_trigger_unknown:
            yield Problem(("trigger",), "no triggering event here", at_key=True)
        return
    if scope.trigger not in scope.metrics:
        return  # reported at the trigger
    problems: list[Problem] = []
    _compile_test(definition, scope, problems)
    yield from problems


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The comparison of the data in the journey."""
    assert scope.trigger is not None
    scope.reads.read(scope.trigger, (definition.trigger.partition(".")[0],))
    test = _compile_test(definition, scope, [])

    def judge(situation: Situation) -> Truth:
        return ALWAYS if test(situation.trigger_data(), situation) else NEVER

    return judge


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The field."""
    assert scope.trigger is not None
    name = definition.trigger
    fields = fields_of(scope.trigger, scope)
    kind = field_at(name, fields, scope)
    assert isinstance(kind, FieldType)
    read_value, show = field_reader(name, fields, scope), json_value(kind, scope)
    return lambda situation: Evidence(
        {f"trigger {name}": show(read_value(situation.trigger_data()))}
    )


def _compile_test(definition: Definition, scope: Scope, problems: list[Problem]) -> Test:
    assert scope.trigger is not None
    field = definition.trigger
    fields = fields_of(scope.trigger, scope)
    found: list[Problem] = []
    test = compile_field(field, _as_where(definition), fields, scope, (), found)
    for problem in found:
        is_about_field = not problem.path
        problems.append(problem.under(("trigger",)) if is_about_field else problem)
    return test


def _as_where(definition: Definition) -> dict[str, Any]:
    """The comparison in the form of a `where`."""
    raw: dict[str, Any] = {}
    for name in (*operations_of(definition), *QUANTIFIERS, "ignore_case"):
        value = getattr(definition, "in_" if name == "in" else name)
        if value is not None:
            raw[name] = _raw(value)
    return raw


def _raw(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return list(value) if isinstance(value, tuple) else value
