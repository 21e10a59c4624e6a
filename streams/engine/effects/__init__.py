"""Everything that deciding leads to: decisions, send commands, webhooks, notices.

One file per command. `Effects` collects them in the order in which they were made; the runtime
turns them into records of one transaction. Knows values only.
"""

from streams.engine.effects.decision import Decision, Outcome
from streams.engine.effects.effects import COUNTED, Effects
from streams.engine.effects.interest_notice import Interest
from streams.engine.effects.purchase import Bought, Purchase
from streams.engine.effects.send_command import SendCommand
from streams.engine.effects.webhook_command import WebhookCommand

__all__ = [
    "COUNTED",
    "Bought",
    "Decision",
    "Effects",
    "Interest",
    "Outcome",
    "Purchase",
    "SendCommand",
    "WebhookCommand",
]
