"""The results of deciding as values: decisions, commands, interests, segments, purchases.

One file per kind. `Effects` collects them in order. The runtime writes them as records of one
transaction, but for purchases, which it adds to the sums of the day. Imports values only.
"""

from streams.engine.effects.decision import REASONS, Decision, Outcome
from streams.engine.effects.effects import COUNTED, Effects
from streams.engine.effects.interest_notice import Interest, SeenPrice
from streams.engine.effects.purchase import Bought, Purchase
from streams.engine.effects.segment_change import (
    MembershipChange,
    SegmentCause,
    SegmentChange,
)
from streams.engine.effects.send_command import SendCommand
from streams.engine.effects.webhook_command import WebhookCommand

__all__ = [
    "COUNTED",
    "REASONS",
    "Bought",
    "Decision",
    "Effects",
    "Interest",
    "MembershipChange",
    "Outcome",
    "Purchase",
    "SeenPrice",
    "SegmentCause",
    "SegmentChange",
    "SendCommand",
    "WebhookCommand",
]
