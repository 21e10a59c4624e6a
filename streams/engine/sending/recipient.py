"""The address on the message's channel: present and well-formed (SEMANTICS 4.5).

A first order may reach its task before the profile that was written beside it. So as long as
nothing was ever told of P's profile, P is held at the message:

reached            first customer.updated        reached + profile_grace
   |----- held `no_profile_yet` -----|.....................|
                                     judged again          judged again, if none came
"""

from collections.abc import Callable
from typing import Any

from streams.engine.customer import (
    ADDRESS_FIELDS,
    Journey,
    as_address,
    is_profile_known,
    is_well_formed,
)
from streams.engine.effects import Outcome
from streams.engine.language import Scope, fields_of
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, reached_at, skip

VISITOR = "anon:"
"""Prefix of the ids of anonymous visitors, who cannot receive messages (DESIGN 7)."""

NO_PROFILE_YET = "no_profile_yet"

IN_EVENTS = ("email", "phone")
"""The fields of a triggering event that a transactional message falls back to."""

Recipient = Callable[[Turn], Any]
"""The address as P's profile or the triggering event has it."""


def compile_recipient(
    channel: str, scope: Scope, country: str | None, *, is_transactional: bool
) -> Recipient:
    """The address on `channel`; that of the triggering event for a transactional message where the
    profile has none. `country`: the store's, of national phone numbers."""
    field = ADDRESS_FIELDS.get(channel)
    if field is None:
        return lambda turn: turn.state.customer_id
    trigger = scope.trigger
    if is_transactional and field in IN_EVENTS and trigger and field in fields_of(trigger, scope):
        scope.reads.read(trigger, (field,))

        def recipient(turn: Turn) -> Any:
            address = turn.state.profile.get(field) or turn.trigger_data().get(field)
            return as_address(turn.state, channel, address, country)

        return recipient
    return lambda turn: as_address(turn.state, channel, turn.state.profile.get(field), country)


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips customers without an address, and malformed addresses; holds while nothing is known of
    the profile."""
    channel, recipient, step = message.channel, message.recipient, message.step
    grace = message.profile_grace if channel in ADDRESS_FIELDS else 0
    field = ADDRESS_FIELDS.get(channel, "customer_id")

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        state = turn.state
        address = recipient(turn)
        is_visitor = state.customer_id.startswith(VISITOR)
        if address and not is_visitor and is_well_formed(channel, address):
            return None
        if grace and not is_visitor and not is_profile_known(state):
            until = reached_at(turn, journey, step) + grace
            if turn.now < until:
                evidence = {"channel": channel, "field": field, "until": until}
                return Verdict(Outcome.HELD, NO_PROFILE_YET, evidence, until)
        if not address or is_visitor:
            return skip("no_recipient", {"channel": channel, "field": field})
        return skip("bad_recipient", {"channel": channel, "field": field, "found": address})

    return judge
