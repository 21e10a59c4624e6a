"""One message on one channel: the rules of sending decide whether (SEMANTICS 4)."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from streams.engine.conditions import (
    ConditionDefinition,
    compile_condition,
    compile_evidence,
)
from streams.engine.content import (
    Items,
    Recommend,
    check_items,
    check_pool,
    check_texts,
    compile_items,
    compile_texts,
    held_of,
)
from streams.engine.customer import (
    REACHED,
    SENT,
    Journey,
    JourneyState,
    LastSend,
    Sent,
    address_of,
    move,
    note_handled,
    note_of,
)
from streams.engine.effects import Outcome, SendCommand
from streams.engine.language import Scope, profile_reader
from streams.engine.program import APPROVED, Building, Run, Step, Turn, give_up, put_up
from streams.engine.sending import (
    DEFAULT_QUIET_HOURS,
    Cap,
    Message,
    Verdict,
    reached_at,
    rules_of,
    status,
)
from streams.engine.values import (
    DAY,
    HOUR,
    AnyText,
    Boolean,
    Channel,
    ClockTime,
    FieldName,
    Identifier,
    Instant,
    PositiveDuration,
    Problem,
    Text,
    send_id,
)

DEFAULT_EXPIRES = {"email": 72 * HOUR}
"""By channel; `_OTHERS_EXPIRE` for the rest (SEMANTICS 4.3)."""
_OTHERS_EXPIRE = 24 * HOUR


SENDS_KEPT = 14 * DAY
"""For so long a send is remembered, or as long as the longest cap asks for."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Sends one message, or says why not.

    `send`: the channel: email, sms, push, web
    `template`: the message's template, as the delivery worker knows it
    `id`: the name of the step; the template's name without it
    `status`: live; draft: passed over; manual: sent after a person has approved it
    `smart_sending`: false: not held back by an earlier message, nor by its window
    `only_if`: a condition that must hold when the message is due
    `quiet_hours`: false: also when it is quiet; true: not even a transactional one when it is
      quiet; [from, to]: quiet hours of its own
    `variables`: names to constants or references, for the template
    `items`: what the message shows: the triggering event's items, the cart's, the viewed ones, or
      recommended ones
    `coupon`: the pool of which it gives a code; it isn't sent if there is none
    `category`: a word for reports
    `utm`: names to texts, over those of the flow
    `expires`: how long after its step was reached it may still be sent
    """

    send: Channel
    template: Identifier
    id: Identifier | None = None
    status: Literal["draft", "manual", "live"] = "live"
    smart_sending: Boolean | None = None
    only_if: ConditionDefinition | None = None
    quiet_hours: Boolean | tuple[ClockTime, ClockTime] | None = None
    variables: dict[FieldName, AnyText] = {}
    items: Literal["trigger", "cart", "viewed"] | Recommend | None = None
    coupon: Identifier | None = None
    category: Text | None = None
    utm: dict[FieldName, Text] = {}
    expires: PositiveDuration | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """References exist, and what the message shows is there."""
    yield from check_texts(definition.variables, "variables", scope)
    if definition.items is not None:
        yield from check_items(definition.items, scope)
    if definition.coupon is not None:
        yield from check_pool(definition.coupon, ("coupon",), scope)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that asks the rules and sends. A draft is no step at all, and what waits for a
    person asks the rules when it is approved (4.1)."""

    def pass_over(turn: Turn, journey: Journey) -> Step | None:
        return following

    if definition.status == "draft":
        return Step(step_id, pass_over, pass_over, approved=_when_approved(pass_over))
    message = message_of(definition, building, step_id)
    rules = rules_of(message)
    command = _command_of(definition, message, building)
    flow = building.flow

    def judge(turn: Turn, journey: Journey) -> Step | None:
        for rule in rules:
            verdict = rule(turn, journey)
            if verdict is not None:
                return following if refuse(turn, journey, message, verdict) else None
        reached = reached_at(turn, journey, step_id)
        sent = command(turn, journey, reached)
        turn.effects.commands.append(sent)
        evidence = {
            "send_id": sent.send_id,
            "channel": message.channel,
            "template": message.template,
            "triggered_at": journey.started_at,
            "reached_at": reached,
        }
        if APPROVED in journey.memory:
            evidence[APPROVED] = journey.memory[APPROVED]
        turn.note(flow, journey, step_id, Outcome.SENT, "", evidence)
        _remember_send(turn, message, sent)
        if flow.trigger_metric is not None:
            note_handled(turn.state, sent.send_id)
        journey.memory = {SENT: [step_id, turn.now]}
        return following

    run: Run = judge
    if definition.status == "manual":
        run = _put_up(message, command, following)
    return Step(step_id, run, pass_over, approved=_when_approved(judge))


def _when_approved(judge: Run) -> Run:
    """Judges a copy of the journey, which doesn't go on: it is held once more, or has ended."""

    def run(turn: Turn, journey: Journey) -> Step | None:
        if judge(turn, journey) is not None:
            give_up(turn.state, journey)
        return None

    return run


def _put_up(message: Message, command: "Command", following: Step) -> Run:
    """Publishes the message for review, and lets P go on; a paused flow holds P before it (6.1)."""
    paused = status.compile(message)
    flow, step_id = message.flow, message.step

    def run(turn: Turn, journey: Journey) -> Step | None:
        verdict = None if paused is None else paused(turn, journey)
        if verdict is not None:
            return following if refuse(turn, journey, message, verdict) else None
        reached = reached_at(turn, journey, step_id)
        would_be = command(turn, journey, reached)
        if message.coupon is not None:  # it's taken when the message is sent, not before (4.1)
            held = held_of(turn.state, message.coupon.coupons, turn.now)
            would_be.coupon = None if held is None else held.code
        address: Any = would_be.recipient  # which no rule has looked at yet
        would_be.recipient = address if isinstance(address, str) else None
        turn.effects.reviews.append(would_be)
        evidence = {
            "send_id": would_be.send_id,
            "channel": message.channel,
            "template": message.template,
            "triggered_at": journey.started_at,
            "reached_at": reached,
        }
        turn.note(flow, journey, step_id, Outcome.REVIEW, "", evidence)
        put_up(turn, journey, step_id, reached)
        if flow.trigger_metric is not None:
            note_handled(turn.state, would_be.send_id)
        if REACHED in journey.memory:
            note_of(journey, REACHED, step_id, None)
        return following

    return run


def refuse(turn: Turn, journey: Journey, message: Message, verdict: Verdict) -> bool:
    """Writes down why the message isn't sent now; true if the journey goes on, false if it is
    held at the message."""
    evidence = verdict.evidence
    turn.note(message.flow, journey, message.step, verdict.outcome, verdict.reason, evidence)
    if verdict.outcome is not Outcome.HELD:
        if message.flow.trigger_metric is not None:
            note_handled(turn.state, send_id(journey.journey_id, message.step))
        if REACHED in journey.memory:
            note_of(journey, REACHED, message.step, None)
        return True
    note_of(journey, REACHED, message.step, reached_at(turn, journey, message.step))
    move(journey, JourneyState.HELD, message.step, verdict.until)
    return False


def message_of(definition: Definition, building: Building, step_id: str) -> Message:
    """What the rules judge: the step's own options over the flow's over the store's."""
    channel = definition.send
    store, flow, scope = building.settings, building.flow, building.scope
    smart_sending = definition.smart_sending
    if smart_sending is None:
        smart_sending = building.smart_sending
    quiet_hours = definition.quiet_hours
    if quiet_hours is None:
        quiet_hours = not flow.is_transactional
    if quiet_hours is True:
        quiet_hours = store.quiet_hours.get(channel, DEFAULT_QUIET_HOURS.get(channel))
    only_if = definition.only_if
    caps = tuple(_cap_of(cap) for cap in store.caps)
    return Message(
        flow=flow,
        step=step_id,
        channel=channel,
        template=definition.template,
        smart_sending=smart_sending,
        window=store.smart_sending_window(channel),
        expires=definition.expires or DEFAULT_EXPIRES.get(channel, _OTHERS_EXPIRE),
        only_if=None if only_if is None else compile_condition(only_if, scope),
        only_if_evidence=None if only_if is None else compile_evidence(only_if, scope),
        quiet_hours=quiet_hours or None,
        caps=caps,
        coupon=None if definition.coupon is None else scope.coupons[definition.coupon],
        sends_kept=max(SENDS_KEPT, *(cap.window or 0 for cap in caps), 0),
    )


def _cap_of(cap: Any) -> Cap:
    window = None if cap.in_ == "calendar_day" else int(cap.in_)
    return Cap(cap.at_most, frozenset(cap.channels), window)


def _remember_send(turn: Turn, message: Message, sent: SendCommand) -> None:
    """Counts towards the caps, lets an opened message be known again, and, for marketing, starts
    the clock of Smart Sending."""
    state, now = turn.state, turn.now
    is_marketing = not sent.transactional
    if is_marketing:
        state.last_send[message.channel] = LastSend(
            now, message.window, sent.send_id, sent.flow, sent.step
        )
    sends = state.recent_sends
    sends.append(Sent(now, message.channel, sent.flow, sent.journey_id, sent.step, is_marketing))
    while sends[0].at <= now - message.sends_kept:
        del sends[0]


Command = Callable[[Turn, Journey, Instant], SendCommand]
"""Makes the command for a message whose step was reached at the moment given."""


def _command_of(definition: Definition, message: Message, building: Building) -> Command:
    flow, step_id, channel = building.flow, message.step, message.channel
    template, expires = message.template, message.expires
    utm = {**building.utm, **definition.utm}
    variables = compile_texts(definition.variables, building.scope)
    read_locale = profile_reader("locale", building.scope)
    items: Items | None = None
    if definition.items is not None:
        items = compile_items(definition.items, building.scope)

    def command(turn: Turn, journey: Journey, reached: Instant) -> SendCommand:
        state, now = turn.state, turn.now
        return SendCommand(
            send_id(journey.journey_id, step_id),
            state.customer_id,
            channel,
            address_of(state, channel),
            template,
            flow.flow,
            flow.version,
            step_id,
            journey.journey_id,
            flow.is_transactional,
            now,
            now,
            reached + expires,
            variables(turn),
            [] if items is None else items(turn),
            journey.coupon,
            utm,
            read_locale(turn),
            journey.trigger_event_id,
            journey.traceparent,
        )

    return command
