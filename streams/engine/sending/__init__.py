"""The rules of sending, one module per rule; `SENDING_RULES` has their order (SEMANTICS 4).

Each has a `compile(message)` to a rule, or None if it does not apply to the message. The
first objection decides. Two cases are no rules: `steps/send.py` skips drafts before the rules, and
queues manual messages for review after them. Start with `message.py`.
"""

from streams.engine.sending import (
    caps,
    consent,
    coupon,
    expires,
    filters,
    no_items,
    quiet_hours,
    recipient,
    smart_sending,
    status,
)
from streams.engine.sending.expires import expiry_of
from streams.engine.sending.message import CompiledCap, Message, SendingRule, Verdict, reached_at
from streams.engine.sending.quiet_hours import DEFAULT_QUIET_HOURS
from streams.engine.sending.recipient import NO_PROFILE_YET, compile_recipient

__all__ = [
    "DEFAULT_QUIET_HOURS",
    "NO_PROFILE_YET",
    "SENDING_RULES",
    "CompiledCap",
    "Message",
    "Verdict",
    "compile_recipient",
    "expiry_of",
    "reached_at",
    "rules_of",
    "status",
]
SENDING_RULES = (
    status,
    quiet_hours,
    expires,
    filters,
    recipient,
    consent,
    smart_sending,
    caps,
    no_items,
    coupon,
)


def rules_of(message: Message) -> tuple[SendingRule, ...]:
    """The rules that apply to `message`, in order of evaluation."""
    compiled = (rule.compile(message) for rule in SENDING_RULES)
    return tuple(rule for rule in compiled if rule is not None)
