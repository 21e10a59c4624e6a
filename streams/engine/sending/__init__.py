"""The rules of sending, in the order in which they are asked; the first that objects decides
(SEMANTICS 4)."""

from streams.engine.sending import (
    caps,
    consent,
    coupon,
    expires,
    filters,
    quiet_hours,
    recipient,
    smart_sending,
    status,
)
from streams.engine.sending.message import Message, Rule

RULES = (
    status,
    quiet_hours,
    expires,
    filters,
    recipient,
    consent,
    smart_sending,
    caps,
    coupon,
)


def rules_of(message: Message) -> tuple[Rule, ...]:
    """The rules that can have anything to say about `message`, in their order."""
    compiled = (rule.compile(message) for rule in RULES)
    return tuple(rule for rule in compiled if rule is not None)
