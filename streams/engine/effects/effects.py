"""The effects of deciding, collected in order."""

import msgspec

from streams.engine.effects.decision import Decision
from streams.engine.effects.interest_notice import Interest
from streams.engine.effects.purchase import Purchase
from streams.engine.effects.segment_change import SegmentChange
from streams.engine.effects.send_command import SendCommand
from streams.engine.effects.webhook_command import WebhookCommand
from streams.engine.values import NO_CODES, CodeSource


class Effects(msgspec.Struct):
    """The effects of one or many calls of the engine, in order, with counts."""

    commands: list[SendCommand] = []
    webhooks: list[WebhookCommand] = []
    reviews: list[SendCommand] = []  # messages to review
    decisions: list[Decision] = []
    segment_changes: list[SegmentChange] = []
    purchases: list[Purchase] = []  # for recommendations
    duplicates: int = 0
    loops: int = 0
    without_rate: int = 0  # events with amounts in a currency without a rate
    not_entered_by_time: int = 0  # customers of a schedule or date, not entered (SEMANTICS 5.5)
    not_entered_history: int = 0  # entries that imported events did not cause (SEMANTICS 8.10)
    bad_addresses: int = 0  # told in patches, and not written to (SEMANTICS 8.2)
    reviews_stale: int = 0  # of messages that do not await review
    backfilled: int = 0  # journeys added by backfill (SEMANTICS 6.3)
    backfills_rejected: int = 0  # by a check (NotAdded)
    codes: CodeSource = NO_CODES  # the source of coupon codes, which given codes leave
    interests: list[Interest] = []
    news_stale: int = 0  # of articles that the customer does not watch


COUNTED = (
    "duplicates",
    "loops",
    "without_rate",
    "not_entered_by_time",
    "not_entered_history",
    "bad_addresses",
    "reviews_stale",
    "backfilled",
    "backfills_rejected",
    "news_stale",
)
"""The counts among the Effects."""
