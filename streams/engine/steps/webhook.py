"""Calls a webhook of the shop: a command on the topic `webhooks`, carried out by others."""

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

    `webhook`: its name, as who calls it knows it
    `data`: names to constants or references, handed over as texts
    `id`: the name of the step, shown in decisions
    """

    webhook: Identifier
    data: dict[FieldName, AnyText] = {}
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """References exist."""
    return check_texts(definition.data, "data", scope)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that writes the command, if the flow's profile filter holds (1.3). The decision is
    `sent`: of the closed list (5.5) it is the one that says that a command went out."""
    flow, webhook = building.flow, definition.webhook
    data = compile_texts(definition.data, building.scope)

    def run(turn: Turn, journey: Journey) -> Step | None:
        if is_filtered(turn, flow, journey, step_id):
            return following
        command = WebhookCommand(
            send_id(journey.journey_id, step_id),
            turn.state.customer_id,
            webhook,
            flow.flow,
            flow.version,
            step_id,
            journey.journey_id,
            turn.now,
            data(turn),
            journey.trigger_event_id,
            journey.traceparent,
        )
        turn.effects.webhooks.append(command)
        evidence = {"webhook_id": command.webhook_id, "webhook": webhook}
        turn.note(flow, journey, step_id, Outcome.SENT, "", evidence)
        return following

    return Step(step_id, run, run)
