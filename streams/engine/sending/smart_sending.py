"""Smart Sending (SEMANTICS 4.7): not twice on a channel within its window.

earlier send            earlier + window
     |-------- blocked --------|
     t                         sent again from here on, this moment included
"""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, Rule, Verdict, skip


def compile(message: Message) -> Rule | None:  # noqa: A001 - same name in each
    """Skips within the window that was in force when the earlier message was sent."""
    if not message.smart_sending or message.flow.is_transactional:
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
        return skip("smart_sending", evidence)

    return judge
