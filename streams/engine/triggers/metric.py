"""`{metric: order.placed, where: {...}}`: an event starts the flow (SEMANTICS 1.1, 1.2)."""

from collections.abc import Iterator

from streams.engine.conditions import EventPattern, Test, check_pattern, compile_pattern
from streams.engine.language import Scope
from streams.engine.values import Problem


class Definition(EventPattern, frozen=True, kw_only=True):
    """Starts the flow for the customer of the event.

    `metric`: the kind of event
    `where`: a condition on the event's own data; evaluated once, at entry
    """


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The metric is known and `where` fits its fields."""
    yield from check_pattern(definition, scope)


def compile(definition: Definition, scope: Scope) -> Test | None:  # noqa: A001 - same name in each
    """The trigger filter; None if every event of the metric starts the flow."""
    return compile_pattern(definition, scope)
