"""Orders that a message led to (SEMANTICS 7.3): the last touch takes it, once per order.

touch                                  touch + window
  |-------- an order is its conversion --------|
                                               not any more: windows are half open
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from streams.engine.duration import DAY
from streams.engine.effects import Decision, Outcome
from streams.engine.event import Event, Instant
from streams.engine.identity import send_id
from streams.engine.state import CustomerState, Sent, Touch
from streams.engine.turn import Turn

if TYPE_CHECKING:
    from streams.engine.program import Program

WINDOWS: Mapping[tuple[str, str], int] = {
    ("message.opened", "email"): 5 * DAY,
    ("message.clicked", "email"): 5 * DAY,
    ("message.clicked", "sms"): 5 * DAY,
    ("message.opened", "push"): DAY,
}
"""What counts as a touch, and for how long."""

LONGEST_WINDOW = max(WINDOWS.values())
MOST_TOUCHES = 20
MOST_CONVERTED = 50


def apply_message_opened(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Notes the touch of an opened message."""
    _note_touch(state, data, at, "message.opened")


def apply_message_clicked(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Notes the touch of a clicked message."""
    _note_touch(state, data, at, "message.clicked")


def convert(program: "Program", turn: Turn, event: Event) -> None:
    """Decides whether the order that has just been placed is a conversion. Nothing else hangs on
    it: it is for reports."""
    state = turn.state
    order_id = turn.data["order_id"]
    if order_id in state.converted:
        return
    touch = _last_touch(state, event.occurred_at)
    if touch is None:
        return
    state.converted.append(order_id)
    del state.converted[:-MOST_CONVERTED]
    sent = touch.sent
    flow = program.flows.get(sent.flow)
    evidence = {
        "order_id": order_id,
        "revenue": turn.data.get("total"),
        "send_id": send_id(sent.journey_id, sent.step),
        "touch": touch.metric,
        "channel": sent.channel,
        "touched_at": touch.at,
        "sent_at": sent.at,
    }
    turn.effects.decisions.append(
        Decision(
            turn.now,
            state.customer_id,
            sent.flow,
            "" if flow is None else flow.version,
            sent.journey_id,
            sent.step,
            Outcome.CONVERTED,
            "",
            evidence,
            event.event_id,
        )
    )


def _note_touch(state: CustomerState, data: dict[str, Any], at: Instant, metric: str) -> None:
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
    """The message of that id, if it is among those that are remembered."""
    for sent in reversed(state.recent_sends):
        if send_id(sent.journey_id, sent.step) == send:
            return sent
    return None


def _last_touch(state: CustomerState, ordered_at: Instant) -> Touch | None:
    for touch in reversed(state.touches):
        window = WINDOWS[touch.metric, touch.sent.channel]
        if touch.at <= ordered_at < touch.at + window:
            return touch
    return None


def _at(touch: Touch) -> Instant:
    return touch.at
