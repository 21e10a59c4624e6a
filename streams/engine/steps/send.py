"""Sends one message on one channel, subject to the rules of sending (SEMANTICS 4)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal

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
    check_link_parameters,
    check_pool,
    check_texts,
    compile_about_customer,
    compile_currencies,
    compile_items,
    compile_texts,
    link_parameters,
)
from streams.engine.customer import (
    PROFILE_AWAITED,
    REACHED,
    SENT,
    WAS_SENT,
    WAS_SKIPPED,
    Journey,
    JourneyState,
    LastSend,
    Sent,
    expiry_of_code,
    follow,
    mark_concluded,
    move,
    remember_at,
    valid_coupon,
)
from streams.engine.effects import Outcome, SendCommand
from streams.engine.language import Scope, fields_of, profile_reader
from streams.engine.program import APPROVED, Building, Run, Step, Turn, enqueue, remove_request
from streams.engine.sending import (
    DEFAULT_QUIET_HOURS,
    NO_PROFILE_YET,
    CompiledCap,
    Message,
    Verdict,
    compile_recipient,
    expiry_of,
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
    unknown_name,
)

DEFAULT_EXPIRES = {"email": 72 * HOUR}
"""By channel; `_OTHERS_EXPIRE` for the others (SEMANTICS 4.3)."""
_OTHERS_EXPIRE = 24 * HOUR


SENDS_KEPT = 14 * DAY
"""Retention of a send in the state; longer if a cap has a longer window."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Sends one message, or records why it is not sent.

    `send`: the channel: email, sms, push, web
    `template`: the message's template, by the name that delivery uses
    `id`: the name of the step; the template's name without it
    `status`: live; draft: skipped; manual: sent after approval
    `smart_sending`: false: exempt from Smart Sending
    `when_busy`: while Smart Sending or a cap forbids it: skip (the default) or wait
    `only_if`: a condition that must hold when the message is due
    `quiet_hours`: false: exempt, from quiet days too; true: applied even to a transactional
      message; [from, to]: quiet hours of its own
    `variables`: names to constants or references, for the template
    `items`: articles in the message: those of the triggering event, of the cart, viewed or
      recommended ones
    `coupon`: the pool of its code; without a code left, the message is skipped
    `transactional`: true: ignores consent, Smart Sending and caps; default: the flow's
    `topic`: one of the store's topics, which customers may leave without leaving the channel
    `utm`: link parameters, merged over those of the flow
    `expires`: time to live, counted from reaching the step
    """

    GONE: ClassVar[Mapping[str, str]] = {
        "category": "'category' is gone: use 'topic' for what customers may leave",
    }

    send: Channel
    template: Identifier
    id: Identifier | None = None
    status: Literal["draft", "manual", "live"] = "live"
    smart_sending: Boolean | None = None
    when_busy: Literal["skip", "wait"] = "skip"
    only_if: ConditionDefinition | None = None
    quiet_hours: Boolean | tuple[ClockTime, ClockTime] | None = None
    variables: dict[FieldName, AnyText] = {}
    items: Literal["trigger", "cart", "viewed"] | Recommend | None = None
    coupon: Identifier | None = None
    transactional: Boolean | None = None
    topic: Identifier | None = None
    utm: dict[FieldName, Text] = {}
    expires: PositiveDuration | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """References, items, the topic and the coupon pool exist."""
    yield from check_texts(definition.variables, "variables", scope)
    if definition.items is not None:
        yield from check_items(definition.items, scope)
    yield from check_link_parameters(definition.utm)
    if definition.topic is not None and definition.topic not in scope.topics:
        yield unknown_name(("topic",), "topic", definition.topic, scope.topics)
    if definition.coupon is not None:
        yield from check_pool(definition.coupon, ("coupon",), scope)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that evaluates the rules and sends. A draft does nothing; a message that needs
    approval is evaluated when it is approved (4.1)."""

    def pass_over(turn: Turn, journey: Journey) -> Step | None:
        return following

    if definition.status == "draft":
        return Step(step_id, pass_over, pass_over, approved=_when_approved(pass_over))
    items = None if definition.items is None else compile_items(definition.items, building.scope)
    message = message_of(definition, building, step_id, items)
    rules = rules_of(message)
    command = _command_of(definition, message, building, items)
    has_items = message.needed_items is not None
    flow = building.flow

    def judge(turn: Turn, journey: Journey) -> Step | None:
        for rule in rules:
            verdict = rule(turn, journey)
            if verdict is not None:
                return following if apply_verdict(turn, journey, message, verdict) else None
        reached = reached_at(turn, journey, step_id)
        sent = command(turn, journey, reached, turn.shown if has_items else None)
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
        turn.record(flow, journey, step_id, Outcome.SENT, "", evidence)
        _remember_send(turn, message, sent)
        if step_id in flow.followed:
            _follow(turn, message, journey, WAS_SENT)
        if flow.trigger_metric is not None:
            mark_concluded(turn.state, sent.send_id)
        journey.memory = {SENT: [step_id, turn.now]}
        return following

    run: Run = judge
    if definition.status == "manual":
        run = _request_review(message, command, following)
    return Step(step_id, run, pass_over, approved=_when_approved(judge))


def _when_approved(judge: Run) -> Run:
    """Judges the copy of the journey made for the review: it is held again, or it ends."""

    def run(turn: Turn, journey: Journey) -> Step | None:
        if judge(turn, journey) is not None:
            remove_request(turn.state, journey)
        return None

    return run


def _request_review(message: Message, command: "CommandBuilder", following: Step) -> Run:
    """Queues the message for review while P continues; a paused flow holds P before it (6.1)."""
    paused = status.compile(message)
    flow, step_id = message.flow, message.step

    def run(turn: Turn, journey: Journey) -> Step | None:
        verdict = None if paused is None else paused(turn, journey)
        if verdict is not None:
            return following if apply_verdict(turn, journey, message, verdict) else None
        reached = reached_at(turn, journey, step_id)
        would_be = command(turn, journey, reached, None)
        if message.coupon is not None:  # taken when the message is sent, not before (4.1)
            held = valid_coupon(turn.state, message.coupon.coupons, turn.now)
            would_be.coupon = None if held is None else held.code
            would_be.coupon_expires_at = None if held is None else held.expires_at
        turn.effects.reviews.append(would_be)
        evidence = {
            "send_id": would_be.send_id,
            "channel": message.channel,
            "template": message.template,
            "triggered_at": journey.started_at,
            "reached_at": reached,
        }
        turn.record(flow, journey, step_id, Outcome.REVIEW, "", evidence)
        enqueue(turn, journey, step_id, reached)
        if flow.trigger_metric is not None:
            mark_concluded(turn.state, would_be.send_id)
        if REACHED in journey.memory:
            remember_at(journey, REACHED, step_id, None)
        return following

    return run


def apply_verdict(turn: Turn, journey: Journey, message: Message, verdict: Verdict) -> bool:
    """Records the verdict. True if the journey continues, false if it is held at the message."""
    evidence = verdict.evidence
    turn.record(message.flow, journey, message.step, verdict.outcome, verdict.reason, evidence)
    if verdict.outcome is not Outcome.HELD:
        if message.step in message.flow.followed:
            _follow(turn, message, journey, WAS_SKIPPED)
        if message.flow.trigger_metric is not None:
            mark_concluded(turn.state, send_id(journey.journey_id, message.step))
        if REACHED in journey.memory:
            remember_at(journey, REACHED, message.step, None)
        if PROFILE_AWAITED in journey.memory:
            remember_at(journey, PROFILE_AWAITED, message.step, None)
        return True
    remember_at(journey, REACHED, message.step, reached_at(turn, journey, message.step))
    awaited = turn.now if verdict.reason == NO_PROFILE_YET else None
    if awaited is not None or PROFILE_AWAITED in journey.memory:
        remember_at(journey, PROFILE_AWAITED, message.step, awaited)
    move(journey, JourneyState.HELD, message.step, verdict.until)
    return False


def message_of(
    definition: Definition, building: Building, step_id: str, items: Items | None
) -> Message:
    """The message for the rules: the step's options over the flow's over the store's."""
    channel = definition.send
    store, flow, scope = building.settings, building.flow, building.scope
    smart_sending = definition.smart_sending
    if smart_sending is None:
        smart_sending = building.smart_sending
    is_transactional = definition.transactional
    if is_transactional is None:
        is_transactional = flow.is_transactional
    quiet_hours = definition.quiet_hours
    if quiet_hours is None:
        quiet_hours = not is_transactional
    obeys_quiet_days = quiet_hours is not False
    if quiet_hours is True:
        quiet_hours = store.quiet_hours.get(channel, DEFAULT_QUIET_HOURS.get(channel))
    only_if = definition.only_if
    caps = tuple(_cap_of(cap) for cap in store.caps)
    return Message(
        flow=flow,
        step=step_id,
        channel=channel,
        template=definition.template,
        topic=definition.topic,
        is_transactional=is_transactional,
        smart_sending=smart_sending,
        window=store.smart_sending_window(channel),
        recipient=compile_recipient(
            channel, scope, store.country, is_transactional=is_transactional
        ),
        country=store.country,
        profile_grace=store.profile_grace,
        is_default_expiry=definition.expires is None,
        expires=definition.expires or DEFAULT_EXPIRES.get(channel, _OTHERS_EXPIRE),
        only_if=None if only_if is None else compile_condition(only_if, scope),
        only_if_evidence=None if only_if is None else compile_evidence(only_if, scope),
        waits_when_busy=definition.when_busy == "wait",
        quiet_hours=quiet_hours or None,
        quiet_days=store.quiet_weekdays(channel) if obeys_quiet_days else frozenset(),
        quiet_dates=frozenset(store.quiet_dates.get(channel, ()) if obeys_quiet_days else ()),
        caps=caps,
        needed_items=items if isinstance(definition.items, str) else None,
        items_source=definition.items if isinstance(definition.items, str) else "",
        coupon=None if definition.coupon is None else scope.coupons[definition.coupon],
        sends_kept=max(SENDS_KEPT, *(cap.window or 0 for cap in caps), 0),
    )


def _follow(turn: Turn, message: Message, journey: Journey, told: str) -> None:
    """Follows a concluded message that conditions ask about (3.8); they may hold from now on."""
    flow, step = message.flow, message.step
    any_journey = flow.followed[step]
    name = (flow.flow, step)
    follow(turn.state, name, journey.journey_id, told, turn.now, from_any_journey=any_journey)
    turn.has_changed_journeys = True


def _cap_of(cap: Any) -> CompiledCap:
    window = None if cap.in_ == "calendar_day" else int(cap.in_)
    return CompiledCap(cap.at_most, frozenset(cap.channels), window)


def _remember_send(turn: Turn, message: Message, sent: SendCommand) -> None:
    """Remembers the send for caps and for touches, and a marketing one for Smart Sending."""
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


CommandBuilder = Callable[[Turn, Journey, Instant, list[dict[str, Any]] | None], SendCommand]
"""Builds the command of a message, given the time at which its step was reached, and its items if
a rule has found them."""


def _command_of(
    definition: Definition, message: Message, building: Building, items: Items | None
) -> CommandBuilder:
    flow, step_id, channel = building.flow, message.step, message.channel
    template, topic = message.template, message.topic
    is_transactional = message.is_transactional
    utm = {**building.utm, **link_parameters(definition.utm)}
    variables = compile_texts(definition.variables, building.scope)
    currencies = compile_currencies(definition.variables, building.scope)
    about = compile_about_customer(flow, building.settings.in_commands, building.scope)
    recipient = message.recipient
    read_locale = _locale_reader(building.scope, is_transactional=is_transactional)

    def command(
        turn: Turn, journey: Journey, reached: Instant, shown: list[dict[str, Any]] | None
    ) -> SendCommand:
        state, now, code = turn.state, turn.now, journey.coupon
        address = recipient(turn)
        if shown is None:
            shown = [] if items is None else items(turn)
        return SendCommand(  # positional, in the order of its fields: a call per command
            send_id(journey.journey_id, step_id),
            state.customer_id,
            channel,
            address if isinstance(address, str) else None,
            template,
            flow.flow,
            flow.version,
            step_id,
            journey.journey_id,
            is_transactional,
            now,
            now,
            expiry_of(message, turn, reached),
            variables(turn),
            shown,
            code,
            utm,
            read_locale(turn),
            journey.trigger_event_id,
            journey.traceparent,
            None if code is None else expiry_of_code(state, code, now),
            about.timezone(turn),
            about.samples(turn, journey),
            about.profile(turn),
            currencies(turn),
            topic=topic,
        )

    return command


def _locale_reader(scope: Scope, *, is_transactional: bool) -> Callable[[Turn], str | None]:
    """P's locale; for a transactional message that of the triggering event where the profile has
    none, as with the address (4.5)."""
    read_locale = profile_reader("locale", scope)
    trigger = scope.trigger
    if not (is_transactional and trigger and "locale" in fields_of(trigger, scope)):
        return read_locale
    scope.reads.read(trigger, ("locale",))
    return lambda turn: read_locale(turn) or turn.trigger_data().get("locale")
