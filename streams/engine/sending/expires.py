"""Expiry, counted from the moment at which P reached the step (SEMANTICS 4.3): for messages held by
quiet hours, by a paused flow or for a review."""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, reached_at, skip


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips expired messages; the moment of expiry is already too late."""
    lasts, step = message.expires, message.step

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        if not journey.memory:  # P has just reached the step
            return None
        reached = reached_at(turn, journey, step)
        if turn.now < reached + lasts:
            return None
        return skip("expired", {"reached_at": reached, "expired_at": reached + lasts})

    return judge
