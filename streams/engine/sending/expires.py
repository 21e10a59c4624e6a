"""Expiry, counted from the moment at which P reached the step (SEMANTICS 4.3): for messages held by
quiet hours, by a paused flow or for a review. The default doesn't count quiet days, which would
outlast it (4.11):

reached       Sun 00:00        Mon 00:00          expires_at
   |-- counts ---|- quiet day ---|----- counts -----|
"""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, reached_at, skip
from streams.engine.values import Instant, next_day, start_of_day, to_wall


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips expired messages; the moment of expiry is already too late."""
    step = message.step

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        if not journey.memory:  # P has just reached the step
            return None
        reached = reached_at(turn, journey, step)
        expires_at = expiry_of(message, turn, reached)
        if turn.now < expires_at:
            return None
        return skip("expired", {"reached_at": reached, "expired_at": expires_at})

    return judge


def expiry_of(message: Message, turn: Turn, reached: Instant) -> Instant:
    """The moment at which a message whose step P reached at `reached` is over."""
    days, dates = message.quiet_days, message.quiet_dates
    if not message.is_default_expiry or not (days or dates):
        return reached + message.expires
    zone = turn.zone(message.flow.zone)
    at, left = reached, message.expires
    while True:
        today = to_wall(at, zone).date()
        end_of_day = start_of_day(next_day(today), zone)
        is_quiet = today.weekday() in days or today in dates
        if not is_quiet and left < end_of_day - at:
            return at + left
        if not is_quiet:
            left -= end_of_day - at
        at = end_of_day
