"""Concluded messages: sent, skipped or submitted for review. A backfill doesn't decide them again
(SEMANTICS 6.3), even if the journey that sent them has ended."""

from streams.engine.customer.state import CustomerState
from streams.engine.values import is_among, send_id

_SIZE = 8
MOST_CONCLUDED = 64


def mark_concluded(state: CustomerState, sent_as: str) -> None:
    """Marks the message with the id `sent_as` as concluded."""
    state.handled = (state.handled + _mark(sent_as))[-MOST_CONCLUDED * _SIZE :]


def is_concluded(state: CustomerState, journey: str, step: str) -> bool:
    """True if the message of `step` is among the last MOST_CONCLUDED."""
    return bool(state.handled) and is_among(_mark(send_id(journey, step)), state.handled)


def _mark(sent_as: str) -> bytes:
    return bytes.fromhex(sent_as[: 2 * _SIZE])
