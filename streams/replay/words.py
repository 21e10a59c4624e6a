"""Texts of times, values and messages for one customer, of which the sentences of a timeline are
made."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine import Instant
from streams.engine.values import duration_text, to_wall

EvidenceFields = Mapping[str, Any]


class Words:
    """The texts of times, values and messages for one customer."""

    def __init__(self, zone: ZoneInfo, messages: Mapping[str, str] | None = None) -> None:
        """`messages`: send_id -> the message, as a text."""
        self.zone = zone
        self.messages: Mapping[str, str] = {} if messages is None else messages

    def moment(self, at: Instant) -> str:
        """`Wed 2011-03-02 10:00:05`: the customer's local time, to the second."""
        return to_wall(at, self.zone).strftime("%a %Y-%m-%d %H:%M:%S")

    def day(self, value: Any) -> str:
        """A date as it is written, a moment in the customer's local time."""
        return self.moment(value) if isinstance(value, int) else str(value)

    def values(self, evidence: EvidenceFields, *leave_out: str) -> str:
        """The compared values: `count order.placed is 2; equals 1`."""
        parts = [
            f"{name} {self._value(name, value)}"
            for name, value in evidence.items()
            if name not in leave_out
        ]
        return "; ".join(parts)

    def _value(self, name: str, value: Any) -> str:
        match value:
            case None:
                return "is missing"
            case bool():
                return "yes" if value else "no"
            case int() if name.endswith("_at") or name in ("until", "at", "entered", "due"):
                return self.moment(value)
            case int() if name.endswith("_ms"):
                return duration_text(value)
            case list():
                return ", ".join(self._value("", entry) for entry in value) or "none"
            case dict():
                return "(" + self.values(value) + ")"
        return str(value)


TextFunction = Callable[[EvidenceFields, Words], str]
"""The sentence for one reason of a decision, from its evidence."""


def because(text: str) -> TextFunction:
    """A fixed text, followed by the values behind the decision."""

    def build(evidence: EvidenceFields, words: Words) -> str:
        values = words.values(evidence)
        return f"{text} ({values})" if values else text

    return build


def fixed(text: str) -> TextFunction:
    """A text without evidence."""
    return lambda evidence, words: text
