"""`of` in `sum`, `average` and `distinct`: one field of past events, measured."""

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from streams.engine.conditions.comparison import compile_comparison
from streams.engine.conditions.timeframe import OverTime, check_over_time
from streams.engine.customer import Occurrence
from streams.engine.language import IN_WORDS, Scope, fields_of
from streams.engine.values import FieldType, Problem, unknown_name

NUMBERS = (FieldType.NUMBER, FieldType.MONEY)


def check_number_of(
    definition: OverTime, key: str, metric: str, field: str, scope: Scope
) -> Iterator[Problem]:
    """The events are known, the field is a number, and the comparison fits it."""
    yield from check_over_time(definition, key, metric, scope)
    if metric not in scope.metrics:
        return
    fields = fields_of(metric, scope)
    numbers = [name for name in fields if fields[name].type in NUMBERS]
    if field not in fields:
        yield unknown_name(("of",), "field", field, numbers)
    elif field not in numbers:
        words = IN_WORDS[fields[field].type]
        message = f"{key} needs a number, {field!r} is {words}"
        yield Problem(("of",), message, allowed=tuple(numbers))
    else:
        yield from check_measured(definition, fields[field].type, key, scope)


def check_measured(
    definition: OverTime, kind: FieldType, key: str, scope: Scope
) -> Iterator[Problem]:
    """The comparison fits a measured value of type `kind`."""
    if definition.exists is not None:
        yield Problem(("exists",), f"'exists' does not fit {key!r}", at_key=True)
        return
    problems: list[Problem] = []
    compile_comparison(definition, kind, f"the {key}", scope, (), problems)
    yield from (problem for problem in problems if problem.path)  # no comparison: reported above


def type_of_field(metric: str, field: str, scope: Scope) -> FieldType:
    """The type of a field of a known metric."""
    return fields_of(metric, scope)[field].type


def newest_first(
    read: Callable[[dict[str, Any]], Any],
) -> Callable[[Sequence[Occurrence]], list[Any]]:
    """The field of the events, from the newest to the oldest; None where it is missing."""

    def values(events: Sequence[Occurrence]) -> list[Any]:
        return [None if event.data is None else read(event.data) for event in reversed(events)]

    return values


def exact(value: Any) -> int | Decimal | None:
    """A number as it adds up: as floats, 0.7 + 0.1 is less than 0.8. None for what is no number: an
    older event may carry another type, and a double may be infinite."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    return value if isinstance(value, int) else None
