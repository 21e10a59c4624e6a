"""The place of a customer in each flow, from the newest committed state: where P waits or is held,
and until when."""

from collections.abc import Iterator

import msgspec

from streams.engine import Instant
from streams.engine.customer import JourneyState, decode_state
from streams.replay.words import Words


class Waiting(msgspec.Struct):
    """One running journey. `until` in milliseconds since the epoch; None: without a limit."""

    flow: str
    journey_id: str
    step: str | None
    is_held: bool
    until: Instant | None
    text: str


def running_journeys(
    state: bytes | None, words: Words, flow: str | None = None
) -> Iterator[Waiting]:
    """The running journeys of a customer, of `flow` if given, and messages that await review."""
    if state is None:
        return
    customer = decode_state(state)
    for journey in customer.journeys:
        if flow not in (None, journey.flow):
            continue
        is_held = journey.state is JourneyState.HELD
        verb = "held at" if is_held else "waits at"
        until = "" if journey.due is None else f" until {words.moment(journey.due)}"
        since = f", in the flow since {words.moment(journey.entered_at)}"
        text = f"now: {verb} {journey.step}{until}{since}"
        yield Waiting(journey.flow, journey.journey_id, journey.step, is_held, journey.due, text)
    for journey in customer.reviews:
        if flow in (None, journey.flow):
            text = f"now: {journey.step} awaits review"
            yield Waiting(journey.flow, journey.journey_id, journey.step, True, None, text)
