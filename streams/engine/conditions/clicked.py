"""`{clicked: STEP}`, `{clicked: FLOW/STEP}`: the message was clicked (SEMANTICS 3.8)."""

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
from streams.engine.values import Boolean, MessageName, Problem


class Definition(AboutMessage, frozen=True, kw_only=True):
    """Holds once a link of the message was followed.

    `clicked`: the step of the message in this journey, or FLOW/STEP: the newest in any journey
    `machine`: true: clicks by scanners that follow every link count, too
    """

    clicked: MessageName
    machine: Boolean = False


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The message exists."""
    return check_message(_asked(definition), scope)


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """True if it was clicked."""
    return compile_message(_asked(definition), scope)


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The time at which it was clicked."""
    return message_evidence(_asked(definition), scope)


def _asked(definition: Definition) -> Asked:
    return Asked("clicked", definition.clicked, definition.in_last, definition.machine)
