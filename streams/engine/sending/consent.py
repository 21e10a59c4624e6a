"""Consent, topics and suppression (SEMANTICS 4.6): a marketing message needs consent on its
channel, a topic that P hasn't left there, and no suppression; a transactional one is stopped only
by the causes in FORBID_ALL."""

from streams.engine.customer import FORBID_ALL, Journey, suppressed_address, topic_left
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, skip


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips customers without consent, topics that they have left, and suppressed channels."""
    channel, topic = message.channel, message.topic
    left = None if topic is None else topic_left(channel, topic)
    if message.is_transactional:
        recipient, country = message.recipient, message.country

        def judge_transactional(turn: Turn, journey: Journey) -> Verdict | None:
            state = turn.state
            if not state.suppressed:
                return None
            # The address may be that of the triggering event (4.5).
            address = suppressed_address(state, channel, recipient(turn), country)
            causes = (*state.suppressed.get(channel, ()), *state.suppressed.get(address, ()))
            forbidding = [cause for cause in causes if cause in FORBID_ALL]
            if not forbidding:
                return None
            return skip("suppressed", {"channel": channel, "causes": forbidding})

        return judge_transactional

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        consent = turn.state.profile.get("consent", ())
        if channel not in consent:
            return skip("no_consent", {"channel": channel, "consent": list(consent)})
        suppressed = turn.state.suppressed
        if left is not None and left in suppressed:
            return skip("topic_left", {"channel": channel, "topic": topic})
        causes = suppressed.get(channel)
        if causes is None:
            return None
        return skip("suppressed", {"channel": channel, "causes": causes})

    return judge
