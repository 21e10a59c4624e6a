"""Conditions that can or can't hold together for some customer at one moment, as plain data.

Conditions that compare the same thing (`count order.placed in_last 7d`) share a variable. The
values that may matter for it are the constants that it is compared with, those between and beyond
them, and none. All combinations are tried: the answer is exact for comparisons with constants.
Everything else is a variable that is true or false.
"""

import datetime
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from streams.engine.conditions import CONDITIONS
from streams.engine.language import is_reference
from streams.engine.values import parse_date, parse_decimal, parse_duration

RawCondition = Mapping[str, Any]

_MOST_COMBINATIONS = 5_000
"""More are not tried: the conditions may hold together."""

_MISSING = None
_ANOTHER = "\x00another text"

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, other: value > other,
    "at_least": lambda value, other: value >= other,
    "lt": lambda value, other: value < other,
    "at_most": lambda value, other: value <= other,
}
_COMPARED = (*_ORDER, "equals", "not_equals", "in", "not_in", "between", "exists")
_COUNTS = ("count", "distinct")  # whole numbers from 0
_ALWAYS_THERE = ("count", "distinct", "sum")


def can_hold(conditions: Sequence[RawCondition]) -> bool:
    """False if no customer meets all conditions at one moment."""
    variables: dict[str, _Variable] = {}
    groups: list[tuple[set[str], list[RawCondition]]] = []
    for condition in conditions:
        names = _collect(condition, variables)
        together = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        joined = names.union(*(group[0] for group in together))
        groups.append((joined, [one for group in together for one in group[1]] + [condition]))
    return all(
        _can_hold({name: variables[name].domain() for name in sorted(names)}, of_group)
        for names, of_group in groups
    )


def _can_hold(domains: Mapping[str, list[Any]], conditions: Sequence[RawCondition]) -> bool:
    number = 1
    for domain in domains.values():
        number *= len(domain)
    if number > _MOST_COMBINATIONS:
        return True
    return any(
        all(_holds(condition, dict(zip(domains, values, strict=True))) for condition in conditions)
        for values in itertools.product(*domains.values())
    )


def implies(conditions: Sequence[RawCondition], other: RawCondition) -> bool:
    """True if `other` holds whenever the conditions do."""
    return not can_hold([*conditions, {"not": other}])


def where_conditions(where: Mapping[str, Any]) -> list[RawCondition]:
    """A `where` as conditions on the data of an event: those of the condition `trigger`."""
    return [
        {"trigger": name, **(value if isinstance(value, Mapping) else {"equals": value})}
        for name, value in where.items()
    ]


def atoms_of(condition: RawCondition) -> Iterable[RawCondition]:
    """Yields the conditions inside of `all`, `any` and `not`."""
    for key in ("all", "any"):
        for inner in condition.get(key) or () if _is_group(condition, key) else ():
            yield from atoms_of(inner)
    if _is_group(condition, "not"):
        yield from atoms_of(condition["not"])
    elif not any(_is_group(condition, key) for key in ("all", "any")):
        yield condition


def _is_group(condition: RawCondition, key: str) -> bool:
    """`any` and `all` may be options of `trigger`, too."""
    return key in condition and "trigger" not in condition


class _Variable:
    """One thing that is compared, and the constants that it is compared with."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.constants: set[str] = set()

    def read(self, text: str) -> Any:
        """A constant as a value that can be ordered, or the text itself."""
        if self.kind == "since_last":
            return parse_duration(text)
        number = parse_decimal(text)
        if number is not None:
            return number
        day = parse_date(text)
        return text if day is None else day

    def domain(self) -> list[Any]:
        """The values to try."""
        values = {self.read(text) for text in self.constants}
        tried: list[Any] = [_ANOTHER, *values]
        if all(isinstance(value, (Decimal, int)) for value in values):
            tried = sorted(_around(values))
        elif all(isinstance(value, datetime.date) for value in values):
            day = datetime.timedelta(1)
            tried = [near for value in values for near in (value - day, value, value + day)]
        if self.kind in _COUNTS:
            tried = sorted({Decimal(int(one)) for one in tried if one >= 0})
        return tried if self.kind in _ALWAYS_THERE else [*tried, _MISSING]


def _around(values: Iterable[Any]) -> set[Decimal]:
    """The values, those next to them, and one between each two."""
    ordered = sorted(Decimal(value) for value in values)
    near = {value + step for value in ordered for step in (-1, 0, 1)}
    between = {(one + other) / 2 for one, other in itertools.pairwise(ordered)}
    return near | between | {Decimal(0)}


class _Truth(_Variable):
    """A condition whose truth alone is known."""

    def domain(self) -> list[Any]:
        return [True, False]


def _collect(condition: RawCondition, variables: dict[str, _Variable]) -> set[str]:
    """Adds the variables of a condition; returns their names."""
    names = set()
    for atom in atoms_of(condition):
        name, compared = _compared(atom)
        names.add(name)
        kind = next((key for key in CONDITIONS if key in atom), "")
        variable = variables.setdefault(name, _Truth(kind) if compared is None else _Variable(kind))
        if compared is not None:
            variable.constants.update(_constants(compared))
    return names


def _compared(atom: RawCondition) -> tuple[str, dict[str, Any] | None]:
    """The name of an atom's variable, and its comparison; None if it is true or false."""
    renamed = {"below": "lt", "above": "gt"} if "value" in atom else {}
    compared = {
        renamed.get(key, key): value
        for key, value in atom.items()
        if key in _COMPARED or key in renamed
    }
    texts = list(_constants(compared))
    is_plain = bool(compared) and not any(is_reference(text) for text in texts)
    orders = _ORDER.keys() & compared.keys() or "between" in compared
    if orders and not all(_is_ordered(text, atom) for text in texts):
        is_plain = False  # store_mean, moments
    rest = {key: value for key, value in atom.items() if renamed.get(key, key) not in compared}
    is_plain = is_plain and not {"ignore_case", "any", "all", "none"} & rest.keys()
    if atom.get("trigger") == "channel":
        is_plain = False  # `all` is several channels at once (SEMANTICS 8.1)
    if not is_plain:
        return json.dumps(atom, sort_keys=True), None
    return json.dumps(rest, sort_keys=True), compared


def _is_ordered(text: str, atom: RawCondition) -> bool:
    if "since_last" in atom:
        return parse_duration(text) is not None
    return parse_decimal(text) is not None or parse_date(text) is not None


def _constants(compared: Mapping[str, Any]) -> Iterable[str]:
    for operation, operand in compared.items():
        if operation != "exists":
            yield from operand if isinstance(operand, list) else [operand]


def _holds(condition: RawCondition, values: Mapping[str, Any]) -> bool:
    if _is_group(condition, "all"):
        return all(_holds(inner, values) for inner in condition["all"])
    if _is_group(condition, "any"):
        return any(_holds(inner, values) for inner in condition["any"])
    if _is_group(condition, "not"):
        return not _holds(condition["not"], values)
    name, compared = _compared(condition)
    value = values[name]
    if compared is None:
        return bool(value)
    kind = next((key for key in CONDITIONS if key in condition), "")
    return _passes(value, compared, _Variable(kind).read)


def _passes(value: Any, compared: Mapping[str, Any], read: Callable[[str], Any]) -> bool:
    ((operation, operand),) = itertools.islice(compared.items(), 1)
    if operation == "exists":
        return (value is not None) is bool(operand == "true")
    if value is None:
        return False
    if operation == "between":
        low, high = (read(text) for text in operand)
        return _comparable(value, low) and _comparable(value, high) and bool(low <= value <= high)
    if operation in ("in", "not_in"):
        is_among = bool(value in {read(text) for text in operand})
        return is_among is (operation == "in")
    other = read(operand)
    if operation in ("equals", "not_equals"):
        return bool(value == other) is (operation == "equals")
    return _comparable(value, other) and bool(_ORDER[operation](value, other))


def _comparable(value: Any, other: Any) -> bool:
    numbers = (int, Decimal)
    return type(value) is type(other) or (isinstance(value, numbers) and isinstance(other, numbers))
