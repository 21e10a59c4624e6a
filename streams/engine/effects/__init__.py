"""The results of deciding as values: decisions, send commands, webhook commands, notices.

One file per kind. `Effects` collects them in order; the runtime writes them as records of one
transaction. Imports values only.
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
