"""Comparisons of one value (SEMANTICS 3.2).

A missing value fails every comparison but `exists: false`. Texts compare exactly, except with
`ignore_case`.
"""

import operator
from collections.abc import Callable
from typing import Any, cast

import msgspec

from streams.engine.customer import Situation
from streams.engine.language import (
    IN_WORDS,
    ITEM_OF,
    LIST_OF,
    Reader,
    Reading,
    Scope,
    compile_reference,
    compile_value,
    describe,
    is_reference,
    parse_constant,
    read,
)
from streams.engine.values import Boolean, FieldType, Operand, Operands, Path, Problem

Judge = Callable[[Any, Situation], bool]
"""True if a value (None: missing) passes."""

QUANTIFIERS = ("any", "all", "none")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of one value.

    `equals`: equal to this value
    `not_equals`: present and different from this value
    `gt`: greater than
    `at_least`: greater than or equal to
    `lt`: less than
    `at_most`: less than or equal to
    `between`: from the first to the second, both included
    `in`: one of these values
    `not_in`: present and none of these values
    `contains`: a text with this substring, or a list with this member
    `starts_with`: a text with this beginning
    `exists`: true: present; false: missing
    `ignore_case`: compares texts case-insensitively
    """

    equals: Operand | None = None
    not_equals: Operand | None = None
    gt: Operand | None = None
    at_least: Operand | None = None
    lt: Operand | None = None
    at_most: Operand | None = None
    between: tuple[Operand, Operand] | None = None
    in_: Operands | None = msgspec.field(default=None, name="in")
    not_in: Operands | None = None
    contains: Operand | None = None
    starts_with: Operand | None = None
    exists: Boolean | None = None
    ignore_case: Boolean | None = None


ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "at_least": operator.ge,
    "lt": operator.lt,
    "at_most": operator.le,
}
EQUALITY: dict[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "not_equals": operator.ne,
}
COMPARISONS = (
    "equals",
    "not_equals",
    "gt",
    "at_least",
    "lt",
    "at_most",
    "between",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "exists",
)

OF_NUMBERS = ("equals", "not_equals", "gt", "at_least", "lt", "at_most", "between")
_OPERATIONS: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: (
        "equals",
        "not_equals",
        "in",
        "not_in",
        "contains",
        "starts_with",
        "exists",
    ),
    FieldType.NUMBER: (*OF_NUMBERS, "in", "not_in", "exists"),
    FieldType.MONEY: (*OF_NUMBERS, "in", "not_in", "exists"),
    FieldType.BOOLEAN: ("equals", "not_equals", "exists"),
    FieldType.DATE: (*OF_NUMBERS, "in", "not_in", "exists"),
    FieldType.MOMENT: (*OF_NUMBERS, "exists"),
    FieldType.TEXTS: ("contains", "exists"),
    FieldType.NUMBERS: ("contains", "exists"),
    FieldType.ITEMS: ("exists",),
    FieldType.TEXT_MAP: ("exists",),
    FieldType.PATCH: ("exists",),
}


def operation_of(comparison: Comparison) -> tuple[str, Any] | None:
    """The first comparison present, with its operand."""
    for name in COMPARISONS:
        operand = getattr(comparison, "in_" if name == "in" else name)
        if operand is not None:
            return name, operand
    return None


def operations_of(comparison: Comparison) -> list[str]:
    """All comparisons present; any number but one is a problem."""
    return [
        name
        for name in COMPARISONS
        if getattr(comparison, "in_" if name == "in" else name) is not None
    ]


def check_one(
    comparison: Comparison,
    what: str,
    path: Path = (),
    allowed: tuple[str, ...] = COMPARISONS,
) -> Problem | None:
    """The problem unless exactly one comparison is present; `allowed`: comparisons that fit."""
    given = operations_of(comparison)
    if not given:
        return Problem(path, f"{what} needs a comparison", allowed=allowed)
    if len(given) > 1:
        return Problem(
            (*path, given[1]),
            f"{given[0]!r} and {given[1]!r} exclude each other; "
            "combine them with all: [...] or between: [a, b]",
            at_key=True,
        )
    return None


def compile_comparison(
    comparison: Comparison,
    kind: FieldType,
    what: str,
    scope: Scope,
    path: Path,
    problems: list[Problem],
) -> Judge:
    """`comparison` as a closure over values of type `kind`; `what` names the value in messages.
    Appends to `problems`."""
    problem = check_one(comparison, what, path, _OPERATIONS[kind])
    if problem is not None:
        problems.append(problem)
        return never
    given = operation_of(comparison)
    assert given is not None
    name, operand = given
    here = (*path, name)
    if name not in _OPERATIONS[kind]:
        problems.append(_does_not_fit(name, kind, what, here))
        return never
    if comparison.ignore_case is not None and kind not in (FieldType.TEXT, FieldType.TEXTS):
        problems.append(
            Problem(
                (*path, "ignore_case"),
                f"'ignore_case' needs text, {what} is {IN_WORDS[kind]}",
                at_key=True,
            )
        )
    fold = bool(comparison.ignore_case) and kind in (FieldType.TEXT, FieldType.TEXTS)
    if name == "exists":
        return _exists if operand else _is_missing
    if name == "between":
        return _between(operand, kind, scope, here, problems)
    if name in ("in", "not_in"):
        judge = _among(operand, kind, fold, scope, here, problems)
        return judge if name == "in" else _present_and_not(judge)
    element = ITEM_OF.get(kind, kind)
    value = compile_value(operand, element, scope, here)
    if isinstance(value, Problem):
        problems.append(value)
        return never
    constant = None if is_reference(operand) else parse_constant(operand, element, scope)
    return _binary(_OPERATORS[name], value, constant, fold)


def _does_not_fit(name: str, kind: FieldType, what: str, path: Path) -> Problem:
    allowed = _OPERATIONS[kind]
    if kind is FieldType.ITEMS:
        message = f"{what} is a list: use any, all or none"
        return Problem(path, message, found=name, allowed=QUANTIFIERS, at_key=True)
    return Problem(
        path,
        f"{name!r} does not fit {what}, which is {IN_WORDS[kind]}",
        found=name,
        allowed=allowed,
        at_key=True,
    )


def never(value: Any, situation: Situation) -> bool:
    """Replaces a comparison with a problem; it is never called."""
    return False


def _exists(value: Any, situation: Situation) -> bool:
    return value is not None


def _is_missing(value: Any, situation: Situation) -> bool:
    return value is None


def _present_and_not(judge: Judge) -> Judge:
    return lambda value, situation: value is not None and not judge(value, situation)


def _contains(value: Any, part: Any) -> bool:
    return part in value


def _starts_with(value: str, beginning: str) -> bool:
    return value.startswith(beginning)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    **ORDER,
    **EQUALITY,
    "contains": _contains,
    "starts_with": _starts_with,
}


def _folded(value: Any) -> Any:
    if isinstance(value, list):
        return [item.casefold() for item in value]
    return value.casefold()


def _binary(
    compare: Callable[[Any, Any], bool], read_other: Reader, constant: Any, fold: bool
) -> Judge:
    if constant is not None and not fold:  # the usual case: no call to read it
        return lambda value, situation: value is not None and compare(value, constant)

    def judge(value: Any, situation: Situation) -> bool:
        other = read_other(situation)
        if value is None or other is None:
            return False
        return compare(_folded(value), _folded(other)) if fold else compare(value, other)

    return judge


def _between(
    operands: tuple[str, str],
    kind: FieldType,
    scope: Scope,
    path: Path,
    problems: list[Problem],
) -> Judge:
    values = [
        compile_value(operand, kind, scope, (*path, place))
        for place, operand in enumerate(operands)
    ]
    wrong = [value for value in values if isinstance(value, Problem)]
    if wrong:
        problems.extend(wrong)
        return never
    low, high = (value for value in values if not isinstance(value, Problem))
    if not any(is_reference(operand) for operand in operands):
        least, most = (cast(Any, parse_constant(operand, kind, scope)) for operand in operands)
        if least > most:
            problems.append(Problem(path, f"empty range {operands[0]} to {operands[1]}"))
        return lambda value, situation: value is not None and least <= value <= most

    def judge(value: Any, situation: Situation) -> bool:
        lowest, highest = low(situation), high(situation)
        if value is None or lowest is None or highest is None:
            return False
        return bool(lowest <= value <= highest)

    return judge


def _among(
    operands: list[str] | str,
    kind: FieldType,
    fold: bool,
    scope: Scope,
    path: Path,
    problems: list[Problem],
) -> Judge:
    if isinstance(operands, str):
        return _among_reference(operands, kind, fold, scope, path, problems)
    values = [
        compile_value(operand, kind, scope, (*path, place))
        for place, operand in enumerate(operands)
    ]
    wrong = [value for value in values if isinstance(value, Problem)]
    if wrong:
        problems.extend(wrong)
        return never
    readers = [value for value in values if not isinstance(value, Problem)]
    if not any(is_reference(operand) for operand in operands):
        constants = [parse_constant(operand, kind, scope) for operand in operands]
        allowed = frozenset(_folded(constant) if fold else constant for constant in constants)
        if fold:
            return lambda value, situation: value is not None and _folded(value) in allowed
        return lambda value, situation: value in allowed

    def judge(value: Any, situation: Situation) -> bool:
        if value is None:
            return False
        others = (reader(situation) for reader in readers)
        if fold:
            return _folded(value) in [_folded(other) for other in others if other is not None]
        return value in [other for other in others if other is not None]

    return judge


def _among_reference(
    text: str, kind: FieldType, fold: bool, scope: Scope, path: Path, problems: list[Problem]
) -> Judge:
    reference = compile_reference(text, scope, path)
    if isinstance(reference, Problem):
        problems.append(reference)
        return never
    if reference.type is not LIST_OF.get(kind):
        if not scope.is_trigger_unknown:
            problems.append(
                Problem(
                    path,
                    f"{text} is {IN_WORDS[reference.type]}, expected a list of {kind.value}",
                    found=text,
                )
            )
        return never
    read_list = reference.read

    def judge(value: Any, situation: Situation) -> bool:
        if value is None:
            return False
        others = read_list(situation)
        return _folded(value) in _folded(others) if fold else value in others

    return judge


def compile_judge(
    raw: Any, kind: FieldType, what: str, scope: Scope, path: Path, problems: list[Problem]
) -> Judge:
    """The comparison of a `where` value: plain (equals) or a mapping."""
    if isinstance(raw, str):
        return compile_comparison(Comparison(equals=raw), kind, what, scope, path, problems)
    if not isinstance(raw, dict):
        message = f"expected a value or a comparison for {what}, found {describe(raw)}"
        if isinstance(raw, list):
            message += "; for one of several values write {in: [...]}"
        problems.append(Problem(path, message))
        return never
    reading = Reading()
    comparison = read(raw, Comparison, path, reading)
    if reading.problems:
        problems.extend(reading.problems)
        return never
    return compile_comparison(comparison, kind, what, scope, path, problems)
