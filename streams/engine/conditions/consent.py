"""`{consent: email}`: marketing is allowed."""

from collections.abc import Iterator

import msgspec

from streams.engine.conditions.truth import (
    ALWAYS,
    NEVER,
    Condition,
    Evidence,
    EvidenceFunction,
    Truth,
)
from streams.engine.customer import Situation, may_be_marketed_to
from streams.engine.language import Scope
from streams.engine.values import Channel, Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Holds if the customer consented to marketing on the channel and it isn't suppressed.

    `consent`: the channel
    """

    consent: Channel


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """No checks beyond the channel's name."""
    yield from ()


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """The rule for marketing messages (SEMANTICS 4.6)."""
    channel = definition.consent

    def judge(situation: Situation) -> Truth:
        return ALWAYS if may_be_marketed_to(situation.state, channel) else NEVER

    return judge


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The result, with the causes of suppression."""
    channel = definition.consent

    def collect(situation: Situation) -> Evidence:
        may_be = may_be_marketed_to(situation.state, channel)
        causes = situation.state.suppressed.get(channel)
        suppressed = {f"suppressed {channel}": list(causes)} if causes else {}
        return Evidence({f"consent {channel}": may_be, **suppressed})

    return collect
