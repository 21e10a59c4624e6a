"""Orders that a message led to (SEMANTICS 7.3): the last touch takes it, once per order."""

from streams.engine.customer import last_touch
from streams.engine.effects import Decision, Outcome
from streams.engine.program import Program, Turn
from streams.engine.values import Event, send_id

MOST_CONVERTED = 50


def convert(program: Program, turn: Turn, event: Event) -> None:
    """Decides whether the order that has just been placed is a conversion. Nothing else hangs on
    it: it is for reports."""
    state = turn.state
    order_id = turn.data["order_id"]
    if order_id in state.converted:
        return
    touch = last_touch(state, event.occurred_at)
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
