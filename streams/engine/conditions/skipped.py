"""`{skipped: STEP}`, `{skipped: FLOW/STEP}`: the message was skipped (SEMANTICS 3.8)."""

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
    """Holds once a rule of sending skipped the message.

    `skipped`: the step of the message in this journey, or FLOW/STEP: the newest in any journey
    """

    skipped: MessageName


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The message exists."""
    return check_message(_asked(definition), scope)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """True if it was skipped."""
    return compile_message(_asked(definition), scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The time at which it was skipped."""
    return message_evidence(_asked(definition), scope)


def _asked(definition: Definition) -> Asked:
    return Asked("skipped", definition.skipped, definition.in_last)
