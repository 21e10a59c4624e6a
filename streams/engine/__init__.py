"""The pure engine: definitions, conditions, steps, journeys, sending rules. No Kafka, no clock, no
input or output; the same code live, in replay and in flow tests."""

from streams.engine.effects import Decision, Effects, Outcome, SendCommand
from streams.engine.event import INPUTS, METRICS, TOPIC_ORDER, Event, Instant, topic_of
from streams.engine.state import CustomerState, new_state

__all__ = [
    "INPUTS",
    "METRICS",
    "TOPIC_ORDER",
    "CustomerState",
    "Decision",
    "Effects",
    "Event",
    "Instant",
    "Outcome",
    "SendCommand",
    "new_state",
    "topic_of",
]
