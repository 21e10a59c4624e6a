"""What the rules of sending judge, and what they say of it."""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.engine.conditions import Condition, Evidence
from streams.engine.content import CouponPool
from streams.engine.customer import REACHED, Journey, noted_of
from streams.engine.effects import Outcome
from streams.engine.program import CompiledFlow, Turn
from streams.engine.values import Clock, Instant


class Cap(msgspec.Struct, frozen=True):
    """At most `at_most` marketing messages on `channels` within `window` ms, or, for None, within
    one calendar day of the customer (SEMANTICS 4.8)."""

    at_most: int
    channels: frozenset[str]
    window: int | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a flow, as its `send` step and the store's settings describe it."""

    flow: CompiledFlow
    step: str
    channel: str
    template: str
    smart_sending: bool
    window: int  # ms of Smart Sending on the channel
    expires: int  # ms from reaching the step
    only_if: Condition | None = None
    only_if_evidence: Evidence | None = None
    quiet_hours: tuple[Clock, Clock] | None = None  # from, to; None: none
    caps: tuple[Cap, ...] = ()
    coupon: CouponPool | None = None  # that the message gives a code of
    sends_kept: int = 0  # ms that a send is remembered for the caps


class Verdict(msgspec.Struct, gc=False):
    """Why a message isn't sent now. `until` is the moment at which a held one is judged again; None
    for a skipped one, and for one that waits for its flow to be live again."""

    outcome: Outcome
    reason: str
    evidence: dict[str, Any]
    until: Instant | None = None


Rule = Callable[[Turn, Journey], Verdict | None]
"""Says why the message can't be sent, or None if as far as it knows it can."""


def skip(reason: str, evidence: dict[str, Any]) -> Verdict:
    """The message is passed over (SEMANTICS 5.5) and the journey goes on."""
    return Verdict(Outcome.SKIPPED, reason, evidence)


def reached_at(turn: Turn, journey: Journey, step: str) -> Instant:
    """When P reached `step`: now, unless P was held there."""
    if not journey.memory:  # as nearly always
        return turn.now
    held_since = noted_of(journey, REACHED, step)
    return turn.now if held_since is None else held_since
