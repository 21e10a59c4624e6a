"""Frequency caps of the whole account (SEMANTICS 4.8): at most n messages in a rolling, half open
window (a message sent exactly one window ago does not count), or on one calendar day of P."""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import CompiledCap, Message, SendingRule, Verdict, busy
from streams.engine.values import next_day, start_of_day, start_of_today, to_date


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips, or holds, if a cap is reached. A cap counts the messages of all flows."""
    caps = tuple(cap for cap in message.caps if message.channel in cap.channels)
    if not caps or message.is_transactional:
        return None

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        for cap in caps:
            verdict = _judge_cap(cap, turn, message)
            if verdict is not None:
                return verdict
        return None

    return judge


def _judge_cap(cap: CompiledCap, turn: Turn, message: Message) -> Verdict | None:
    zone = turn.zone(message.flow.zone)
    if cap.window is None:
        since = start_of_today(turn.now, zone)
    else:
        since = turn.now - cap.window + 1
    sent = [
        one.at
        for one in turn.state.recent_sends
        if one.at >= since and one.is_marketing and one.channel in cap.channels
    ]
    if len(sent) < cap.at_most:
        return None
    evidence = {
        "at_most": cap.at_most,
        "channels": sorted(cap.channels),
        "window_ms": cap.window,  # None: a calendar day
        "sent_at": sent,
    }
    if cap.window is None:
        free_at = start_of_day(next_day(to_date(turn.now, zone)), zone)
    else:  # once so many have left the window that one more fits
        free_at = sent[-cap.at_most] + cap.window
    return busy(message, "frequency_cap", evidence, free_at)
