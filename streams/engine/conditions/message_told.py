"""The fate of a message: the common part of `sent`, `delivered`, `opened`, `clicked`, `bounced`
and `skipped` (SEMANTICS 3.8).

    STEP         the message of that step in the journey that asks
    FLOW/STEP    the newest message of that step in any journey of the flow; `skipped` asks about
                 the newest that was sent or skipped, the others about the newest that was sent
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from streams.engine.conditions.truth import NEVER, Condition, Evidence, EvidenceFunction, Truth
from streams.engine.customer import (
    BY_MACHINE,
    WAS_SKIPPED,
    Followed,
    Situation,
    newest_of,
    of_journey,
)
from streams.engine.language import Scope, json_value
from streams.engine.values import FieldType, Instant, PositiveDuration, Problem, unknown_name


class AboutMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A question about one message.

    `in_last`: only if it happened less than this long ago
    """

    in_last: PositiveDuration | None = None


class Asked(NamedTuple):
    """A question about a message: the key of the condition, and what it names."""

    told: str
    message: str
    in_last: int | None = None
    counts_machines: bool = False


Told = Callable[[Situation], Instant | None]
"""The newest time at which it became true of the message; None: it isn't."""


def check_message(asked: Asked, scope: Scope) -> Iterator[Problem]:
    """The flow exists and has such a message."""
    flow, step = _named(asked.message, scope)
    path = (asked.told,)
    if flow is None:
        text = f"{asked.message!r}: outside of a flow, name the flow, too: FLOW/{step}"
        yield Problem(path, text, found=asked.message)
        return
    if flow and flow not in scope.flows:
        yield unknown_name(path, "flow", flow, scope.flows)
        return
    messages = scope.messages.get(flow)
    if messages is not None and step not in messages:  # None: the flow is unreadable
        yield unknown_name(path, f"message of {flow}", step, messages)


def compile_message(asked: Asked, scope: Scope) -> Condition:
    """Reports change it, and by time alone only `in_last` does."""
    told_at, window = _told(asked, scope), asked.in_last

    def judge(situation: Situation) -> Truth:
        at = told_at(situation)
        if at is None:
            return NEVER
        if window is None:
            return True, None
        return (True, at + window) if situation.now < at + window else NEVER

    return judge


def message_evidence(asked: Asked, scope: Scope) -> EvidenceFunction:
    """When it became true of the message."""
    name = f"{asked.told} {asked.message}"
    told_at, show = _told(asked, scope), json_value(FieldType.MOMENT, scope)
    return lambda situation: Evidence({name: show(told_at(situation))})


def _named(message: str, scope: Scope) -> tuple[str | None, str]:
    """Flow and step. The flow that asks without one; None outside of any."""
    flow, slash, step = message.partition("/")
    return (flow, step) if slash else (scope.flow, message)


def _told(asked: Asked, scope: Scope) -> Told:
    flow, step = _named(asked.message, scope)
    assert flow is not None
    is_of_any = "/" in asked.message
    scope.reads.follow(flow, step, from_any_journey=is_of_any)
    keys = [asked.told, f"{BY_MACHINE}{asked.told}"][: 2 if asked.counts_machines else 1]

    def find(situation: Situation) -> Followed | None:
        followed = situation.state.followed
        if not followed:
            return None
        if is_of_any:
            return newest_of(followed, (flow, step), sent=asked.told != WAS_SKIPPED)
        journey = situation.journey
        return None if journey is None else of_journey(situation.state, journey.journey_id, step)

    def told_at(situation: Situation) -> Instant | None:
        found = find(situation)
        if found is None:
            return None
        return max((found.told[key] for key in keys if key in found.told), default=None)

    return told_at
