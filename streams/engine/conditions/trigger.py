"""`{trigger: FIELD, ...}`: the triggering event's own data, which never changes (S46)."""

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
    `any`: of a list: this holds of at least one member
    `all`: of a list: this holds of every member, and there are some
    `none`: of a list: this holds of no member
    """

    trigger: Text
    any: Where | Operand | None = None
    all: Where | Operand | None = None
    none: Where | Operand | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """There is a triggering event, it has the field, and the comparison fits it."""
    if scope.trigger is None:
        if not scope.is_trigger_unknown:
            yield Problem(("trigger",), "there is no triggering event here", at_key=True)
        return
    if scope.trigger not in scope.metrics:
        return  # said where the trigger is
    problems: list[Problem] = []
    _compile_test(definition, scope, problems)
    yield from problems


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The comparison, over the data that the journey keeps."""
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
    """The comparison as it stands in a `where`."""
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
