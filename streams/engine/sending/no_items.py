"""Items to show (SEMANTICS 4.9): a message about a cart, viewed articles or the triggering event's
items is pointless without any. Recommendations may be empty."""

from streams.engine.customer import Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, skip


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips a message without an item to show; keeps the items found for its command."""
    items, source = message.needed_items, message.items_source
    if items is None:
        return None

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        turn.shown = items(turn)
        return None if turn.shown else skip("no_items", {"items": source})

    return judge
