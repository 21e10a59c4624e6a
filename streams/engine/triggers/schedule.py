"""`{schedule: "0 9 * * *", audience: ...}`: clock times of the store start the flow for its
audience (SEMANTICS 1.1, 5.4)."""

from collections.abc import Iterator

import msgspec

from streams.engine.language import Scope
from streams.engine.program import AudienceDefinition, Schedule
from streams.engine.values import CronLine, Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Starts the flow at clock times of the store, for an audience.

    `schedule`: a cron line: minute, hour, day of the month, month, day of the week
    `audience`: a condition on customers, or everyone
    """

    schedule: CronLine
    audience: AudienceDefinition


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """No checks beyond the types; the condition of the audience is checked on its own."""
    return iter(())


def compile(definition: Definition, scope: Scope) -> Schedule:  # noqa: A001 - same name in each
    """The schedule."""
    return Schedule(definition.schedule, None, scope.store_zone.key)
