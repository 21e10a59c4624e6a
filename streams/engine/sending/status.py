"""A paused flow sends nothing: P is held before the message, and all rules are evaluated once the
flow is live again (SEMANTICS 6.1). Drafts never get here: `send` compiles them to no message."""

from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Holds while the flow is paused."""
    if not message.flow.is_paused:
        return None

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        return Verdict(Outcome.HELD, "flow_paused", {})

    return judge
