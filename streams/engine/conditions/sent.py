"""`{sent: STEP}`, `{sent: FLOW/STEP}`: the message was sent (SEMANTICS 3.8)."""

from collections.abc import Iterator

from streams.engine.conditions.message_told import (
    AboutMessage,
    Asked,
    check_message,
    compile_message,
    message_evidence,
)
from streams.engine.conditions.truth import Condition, EvidenceFunction
from streams.engine.language import Scope
from streams.engine.values import MessageName, Problem


class Definition(AboutMessage, frozen=True, kw_only=True):
    """Holds once the message was sent.

    `sent`: the step of the message in this journey, or FLOW/STEP: the newest in any journey
    """

    sent: MessageName


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The message exists."""
    return check_message(_asked(definition), scope)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """True if it was sent."""
    return compile_message(_asked(definition), scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The time at which it was sent."""
    return message_evidence(_asked(definition), scope)


def _asked(definition: Definition) -> Asked:
    return Asked("sent", definition.sent, definition.in_last)
