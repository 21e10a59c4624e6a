"""Calls a webhook of the shop: a command on the topic `webhooks`, delivered by another service."""

from collections.abc import Iterator

import msgspec

from streams.engine.content import check_texts, compile_texts
from streams.engine.customer import Journey
from streams.engine.effects import Outcome, WebhookCommand
from streams.engine.language import Scope
from streams.engine.program import Building, Step, Turn, is_filtered
from streams.engine.values import AnyText, FieldName, Identifier, Problem, send_id


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Calls one of the shop's webhooks.

    `webhook`: its name in the calling service
    `data`: names to constants or references, passed as text
    `id`: the name of the step, shown in decisions
    """

    webhook: Identifier
    data: dict[FieldName, AnyText] = {}
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """References exist."""
    return check_texts(definition.data, "data", scope)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that writes the command, if the flow's profile filter holds (1.3). Its decision is
    `sent`, the outcome of every command (5.5)."""
    flow, webhook = building.flow, definition.webhook
    data = compile_texts(definition.data, building.scope)

    def run(turn: Turn, journey: Journey) -> Step | None:
        if is_filtered(turn, flow, journey, step_id):
            return following
        command = WebhookCommand(
            webhook_id=send_id(journey.journey_id, step_id),
            customer_id=turn.state.customer_id,
            webhook=webhook,
            flow=flow.flow,
            flow_version=flow.version,
            step=step_id,
            journey_id=journey.journey_id,
            decided_at=turn.now,
            data=data(turn),
            trigger_event_id=journey.trigger_event_id,
            traceparent=journey.traceparent,
        )
        turn.effects.webhooks.append(command)
        evidence = {"webhook_id": command.webhook_id, "webhook": webhook}
        turn.record(flow, journey, step_id, Outcome.SENT, "", evidence)
        return following

    return Step(step_id, run, run)
