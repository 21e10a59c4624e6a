"""The coupon that a message gives (SEMANTICS 4.9). It is the last to be asked: nothing is taken for
somebody who isn't sent anything."""

from streams.engine.content import NO_COUPON, give, none_left
from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, Rule, Verdict, skip


def compile(message: Message) -> Rule | None:  # noqa: A001 - same name in each
    """Gives P a code of the message's pool; skips where none is left."""
    pool = message.coupon
    if pool is None:
        return None
    flow, step = message.flow, message.step

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        if give(turn, flow, journey, step, pool):
            return None
        return skip(NO_COUPON, none_left(pool))

    return judge
