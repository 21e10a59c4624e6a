"""A message that has waited too long since P reached its step (SEMANTICS 4.3): held by quiet hours,
by a paused flow or by a review."""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, Rule, Verdict, reached_at, skip


def compile(message: Message) -> Rule | None:  # noqa: A001 - same name in each
    """Skips what is over; it is over at exactly its expiry."""
    lasts, step = message.expires, message.step

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        if not journey.memory:  # P has just come
            return None
        reached = reached_at(turn, journey, step)
        if turn.now < reached + lasts:
            return None
        return skip("expired", {"reached_at": reached, "expired_at": reached + lasts})

    return judge
