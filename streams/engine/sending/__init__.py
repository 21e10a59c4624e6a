"""The rules of sending, one module per rule, in the order in which they are asked (SEMANTICS 4).

Each has a `compile(message)` to a rule, or None where the message isn't subject to it. The first
rule that objects decides. Start with `message.py`.
"""

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
from streams.engine.sending.message import Cap, Message, Rule, Verdict, reached_at
from streams.engine.sending.quiet_hours import DEFAULT_QUIET_HOURS

__all__ = [
    "DEFAULT_QUIET_HOURS",
    "RULES",
    "Cap",
    "Message",
    "Verdict",
    "reached_at",
    "rules_of",
    "status",
]
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
