"""`{value: clv.predicted, below: store_mean}`: what the customer is worth (SEMANTICS 3.4, 7.2)."""

from collections.abc import Iterator

from streams.engine.conditions.compare import Comparison
from streams.engine.conditions.truth import Condition, Evidence
from streams.engine.problem import Problem
from streams.engine.scalars import Operand, Text
from streams.engine.scope import Scope


class Definition(Comparison, frozen=True, kw_only=True):
    """Compares what the customer is worth, by history or by forecast.

    `value`: which of the values
    `below`: less than this number, or than the store's mean (`store_mean`)
    `above`: more than this number, or than the store's mean (`store_mean`)
    """

    value: Text
    below: Operand | None = None
    above: Operand | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """Values come with the purchase model."""
    yield Problem(("value",), "'value' is not supported by this version", at_key=True)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """Never reached: `check` refuses it."""
    raise NotImplementedError("value conditions are refused by check")


def evidence(definition: Definition, scope: Scope) -> Evidence:
    """Never reached: `check` refuses it."""
    raise NotImplementedError("value conditions are refused by check")
