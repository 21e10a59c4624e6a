"""The coupon of a message (SEMANTICS 4.9). The last rule: no code is taken for a message that is
not sent."""

from streams.engine.content import NO_COUPON, give_coupon, no_code_evidence
from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, skip


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Assigns P a code of the message's pool; skips if none is left."""
    pool = message.coupon
    if pool is None:
        return None
    flow, step = message.flow, message.step

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        if give_coupon(turn, flow, journey, step, pool):
            return None
        return skip(NO_COUPON, no_code_evidence(pool))

    return judge
