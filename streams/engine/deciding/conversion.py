"""Attribution of orders to messages (SEMANTICS 7.3): to the last touch, once per order."""

from streams.engine.customer import last_touch
from streams.engine.effects import Decision, Outcome
from streams.engine.program import Program, Turn
from streams.engine.values import Event, send_id


def convert(program: Program, turn: Turn, event: Event) -> None:
    """Records a conversion if the order that was just placed follows a touch. For reports only. A
    known order (8.6) is told again and comes here once."""
    state = turn.state
    touch = last_touch(state, event.occurred_at)
    if touch is None:
        return
    sent = touch.sent
    flow = program.flows.get(sent.flow)
    evidence = {
        "order_id": turn.data["order_id"],
        "revenue": turn.data.get("total"),
        "send_id": send_id(sent.journey_id, sent.step),
        "touch": touch.metric,
        "channel": sent.channel,
        "touched_at": touch.at,
        "sent_at": sent.at,
    }
    turn.effects.decisions.append(
        Decision(
            at=turn.now,
            customer_id=state.customer_id,
            flow=sent.flow,
            flow_version="" if flow is None else flow.version,
            journey_id=sent.journey_id,
            step=sent.step,
            outcome=Outcome.CONVERTED,
            reason="",
            evidence=evidence,
            event_id=event.event_id,
        )
    )
