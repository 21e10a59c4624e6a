"""`{consent: email}`: may be written to for marketing."""

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
    """Holds if the customer agreed to marketing on the channel and nothing suppresses it.

    `consent`: the channel
    """

    consent: Channel


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """Nothing beyond the channel's name."""
    yield from ()


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """As SEMANTICS 4.6 judges a marketing message."""
    channel = definition.consent

    def judge(situation: Situation) -> Truth:
        return ALWAYS if may_be_marketed_to(situation.state, channel) else NEVER

    return judge


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """Whether it may be, and what suppresses the channel."""
    channel = definition.consent

    def collect(situation: Situation) -> Evidence:
        may_be = may_be_marketed_to(situation.state, channel)
        causes = situation.state.suppressed.get(channel)
        suppressed = {f"suppressed {channel}": list(causes)} if causes else {}
        return Evidence({f"consent {channel}": may_be, **suppressed})

    return collect
