"""Touches: opened or clicked messages that may be credited with an order (SEMANTICS 7.3;
conversion.py decides that).

touch                                  touch + window
  |-------- an order is its conversion --------|
                                               no longer: windows are half open
"""

from collections.abc import Mapping
from typing import Any

from streams.engine.customer.followed import BY_MACHINE, note_report
from streams.engine.customer.state import CustomerState, Sent, Touch
from streams.engine.values import DAY, Instant, send_id

WINDOWS: Mapping[tuple[str, str], int] = {
    ("message.opened", "email"): 5 * DAY,
    ("message.clicked", "email"): 5 * DAY,
    ("message.clicked", "sms"): 5 * DAY,
    ("message.opened", "push"): DAY,
}
"""(metric, channel) of a touch -> its attribution window."""

LONGEST_WINDOW = max(WINDOWS.values())
MOST_TOUCHES = 20


def apply_message_opened(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Records the touch of an opened message."""
    if state.followed:
        note_report(state, data, at, "opened")
    _record_touch(state, data, at, "message.opened")


def apply_message_clicked(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Records the touch of a clicked message."""
    if state.followed:
        note_report(state, data, at, "clicked")
    _record_touch(state, data, at, "message.clicked")


def apply_opened_by_machine(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """A mail program fetched the pictures: no touch (SEMANTICS 3.8)."""
    if state.followed:
        note_report(state, data, at, f"{BY_MACHINE}opened")


def apply_clicked_by_machine(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """A scanner followed the links: no touch."""
    if state.followed:
        note_report(state, data, at, f"{BY_MACHINE}clicked")


def last_touch(state: CustomerState, ordered_at: Instant) -> Touch | None:
    """The touch credited with an order: the last before it within its window (SEMANTICS 7.3)."""
    for touch in reversed(state.touches):
        window = WINDOWS[touch.metric, touch.sent.channel]
        if touch.at <= ordered_at < touch.at + window:
            return touch
    return None


def _record_touch(state: CustomerState, data: dict[str, Any], at: Instant, metric: str) -> None:
    sent = _sent_as(state, data["send_id"])
    if sent is None or (metric, sent.channel) not in WINDOWS:
        return
    touches = state.touches
    touches.append(Touch(at, metric, sent))
    touches.sort(key=_at)
    newest = touches[-1].at
    state.touches = [touch for touch in touches if touch.at > newest - LONGEST_WINDOW][
        -MOST_TOUCHES:
    ]


def _sent_as(state: CustomerState, send: str) -> Sent | None:
    """The message with that id, if it is remembered."""
    for sent in reversed(state.recent_sends):
        if send_id(sent.journey_id, sent.step) == send:
            return sent
    return None


def _at(touch: Touch) -> Instant:
    return touch.at
