"""A message under evaluation by the rules of sending, and their verdict."""

import datetime
from collections.abc import Callable
from typing import Any

import msgspec

from streams.engine.conditions import Condition, EvidenceFunction
from streams.engine.content import CouponPool, Items
from streams.engine.customer import REACHED, Journey, remembered_at
from streams.engine.effects import Outcome
from streams.engine.program import CompiledFlow, Turn
from streams.engine.values import Clock, Instant


class CompiledCap(msgspec.Struct, frozen=True):
    """At most `at_most` marketing messages on `channels` within `window` ms, or within one calendar
    day of the customer for None (SEMANTICS 4.8)."""

    at_most: int
    channels: frozenset[str]
    window: int | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a flow, as its `send` step and the store's settings describe it."""

    flow: CompiledFlow
    step: str
    channel: str
    template: str
    topic: str | None
    is_transactional: bool
    smart_sending: bool
    window: int  # ms of Smart Sending on the channel
    expires: int  # ms from reaching the step
    is_default_expiry: bool
    recipient: Callable[[Turn], Any]  # address on the channel: recipient.py
    country: str | None  # of the store, for national phone numbers
    profile_grace: int  # ms of waiting for a first profile
    only_if: Condition | None = None
    only_if_evidence: EvidenceFunction | None = None
    waits_when_busy: bool = False  # for Smart Sending and caps, instead of being skipped
    quiet_hours: tuple[Clock, Clock] | None = None  # from, to
    quiet_days: frozenset[int] = frozenset()  # weekdays from 0 for Monday
    quiet_dates: frozenset[datetime.date] = frozenset()
    caps: tuple[CompiledCap, ...] = ()
    needed_items: Items | None = None  # without any the message is not sent
    items_source: str = ""  # of them: trigger, cart, viewed
    coupon: CouponPool | None = None  # pool of the message's code
    sends_kept: int = 0  # ms of sends remembered for the caps


class Verdict(msgspec.Struct, gc=False):
    """An objection to sending a message now. `until` is the next evaluation of a held message; None
    for a skipped one, and for one held until its flow is live again."""

    outcome: Outcome
    reason: str
    evidence: dict[str, Any]
    until: Instant | None = None


SendingRule = Callable[[Turn, Journey], Verdict | None]
"""Returns the objection to sending the message, or None."""


def skip(reason: str, evidence: dict[str, Any]) -> Verdict:
    """Verdict that skips the message (SEMANTICS 5.5); the journey continues."""
    return Verdict(Outcome.SKIPPED, reason, evidence)


def busy(message: Message, reason: str, evidence: dict[str, Any], free_at: Instant) -> Verdict:
    """Verdict on a message that others keep back until `free_at` (SEMANTICS 4.7, 4.8): skipped, or
    held until then."""
    if not message.waits_when_busy:
        return skip(reason, evidence)
    return Verdict(Outcome.HELD, reason, {**evidence, "until": free_at}, free_at)


def reached_at(turn: Turn, journey: Journey, step: str) -> Instant:
    """Time at which P reached `step`: now, unless P was held there."""
    if not journey.memory:  # the common case
        return turn.now
    held_since = remembered_at(journey, REACHED, step)
    return turn.now if held_since is None else held_since
