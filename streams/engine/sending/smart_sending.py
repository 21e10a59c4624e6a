"""Smart Sending (SEMANTICS 4.7): one message per channel within its window.

earlier send            earlier + window
     |-------- blocked --------|
     t                         allowed from this moment on, inclusive
"""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, busy


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips, or holds, within the window in force at the time of the earlier message."""
    if not message.smart_sending or message.is_transactional:
        return None
    channel = message.channel

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        last = turn.state.last_send.get(channel)
        if last is None or turn.now >= last.at + last.window:
            return None
        evidence = {
            "channel": channel,
            "earlier_send_id": last.send_id,
            "earlier_flow": last.flow,
            "earlier_step": last.step,
            "earlier_sent_at": last.at,
            "window_ms": last.window,
            "free_at": last.at + last.window,
        }
        return busy(message, "smart_sending", evidence, last.at + last.window)

    return judge
