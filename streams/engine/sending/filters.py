"""The flow's profile filter, evaluated before every action, then the message's own `only_if`
(SEMANTICS 1.3, 4.4)."""

from streams.engine.conditions import Condition, EvidenceFunction
from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, skip


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips if one of the two does not hold."""
    profile_filter = _rule(message.flow.filter, message.flow.filter_evidence, "profile_filter")
    message_filter = _rule(message.only_if, message.only_if_evidence, "message_filter")
    if profile_filter is None or message_filter is None:
        return profile_filter or message_filter
    first, second = profile_filter, message_filter
    return lambda turn, journey: first(turn, journey) or second(turn, journey)


def _rule(
    condition: Condition | None, evidence: EvidenceFunction | None, reason: str
) -> SendingRule | None:
    if condition is None or evidence is None:
        return None

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        if condition(turn)[0]:
            return None
        return skip(reason, evidence(turn).as_json())

    return judge
