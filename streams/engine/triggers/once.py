"""`{once: 2026-12-01 09:00, audience: ...}` and `{once: on_publish, audience: ...}`: one moment
starts the flow for its audience (SEMANTICS 1.1, 5.4)."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from streams.engine.language import Scope
from streams.engine.program import AudienceDefinition, Schedule
from streams.engine.values import LocalMoment, MomentText, Problem, place_moment


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Starts the flow at one moment, for an audience.

    `once`: the moment, in the store's zone; or on_publish: when the flow is first published live
    `audience`: a condition on customers, or everyone
    """

    once: Literal["on_publish"] | MomentText
    audience: AudienceDefinition


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """No checks beyond the types; the condition of the audience is checked on its own."""
    return iter(())


def compile(  # noqa: A001 - same name in each
    definition: Definition, scope: Scope
) -> Schedule | None:
    """The schedule of that moment; None for the moment of publishing."""
    if not isinstance(definition.once, LocalMoment):
        return None
    return Schedule(None, place_moment(definition.once, scope.store_zone), scope.store_zone.key)
