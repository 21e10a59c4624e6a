"""The effects of deciding: commands and decisions, in the order in which they were made."""

import msgspec

from streams.engine.effects.decision import Decision
from streams.engine.effects.interest_notice import Interest
from streams.engine.effects.purchase import Purchase
from streams.engine.effects.send_command import SendCommand
from streams.engine.effects.webhook_command import WebhookCommand
from streams.engine.values import NO_CODES, CodeSource


class Effects(msgspec.Struct):
    """Collects what one or many calls of the engine decided, in order."""

    commands: list[SendCommand] = []
    webhooks: list[WebhookCommand] = []
    reviews: list[SendCommand] = []  # that wait for a person
    decisions: list[Decision] = []
    purchases: list[Purchase] = []  # what is learnt from
    duplicates: int = 0
    loops: int = 0
    without_rate: int = 0  # events with amounts in a currency that the store has no rate for
    not_entered_by_time: int = 0  # customers of a schedule or date who don't enter (SEMANTICS 5.5)
    reviews_stale: int = 0  # of messages that don't wait for one (any more)
    backfilled: int = 0  # journeys of past customers who were added to a flow (SEMANTICS 6.3)
    backfills_rejected: int = 0  # of customers who weren't added
    codes: CodeSource = NO_CODES  # what coupons are taken from, as they are given
    interests: list[Interest] = []
    news_stale: int = 0  # of articles that the customer doesn't wait for (any more)


COUNTED = (
    "duplicates",
    "loops",
    "without_rate",
    "not_entered_by_time",
    "reviews_stale",
    "backfilled",
    "backfills_rejected",
    "news_stale",
)
"""The numbers among the Effects, which a task counts."""
