"""Followed messages: the fate of those that conditions ask about (SEMANTICS 3.8).

    concluded ──► sent ──► delivered, opened, clicked, bounced: reports, found by the send id
        `──────► skipped

A journey's messages are followed until it ends. Where a condition asks for the newest message of a
step in any journey (`FLOW/STEP`), the newest and the newest that was sent stay. No state has one
without such a condition.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.engine.customer.state import CustomerState, Followed
from streams.engine.values import Instant, send_id

WAS_SENT, WAS_SKIPPED = "sent", "skipped"
REPORTS: Mapping[str, str] = {
    "message.delivered": "delivered",
    "message.opened": "opened",
    "message.clicked": "clicked",
    "message.bounced": "bounced",
}
"""Metric -> what it tells of a message, in Followed.told."""

BY_MACHINE = "machine "
"""Before what a machine did: a mail program that fetches pictures, a scanner that follows links."""


def follow(
    state: CustomerState,
    message: tuple[str, str],
    journey: str,
    told: str,
    at: Instant,
    *,
    from_any_journey: bool,
) -> None:
    """Follows the message of (flow, step) in `journey`, which was just sent or skipped (`told`).
    `from_any_journey`: other journeys ask about it, too."""
    flow, step = message
    running = {one.journey_id for one in state.journeys}
    if not from_any_journey and journey not in running:
        return  # approved after its journey had ended: nobody asks
    add_followed(state, Followed(flow, step, journey, {told: at}), running)


def add_followed(state: CustomerState, newest: Followed, running: set[str]) -> None:
    """Adds a followed message, newer than all others, in place of those that nobody can ask about
    any longer. `running`: the ids of the customer's journeys."""
    state.followed = [*_without_superseded(state.followed, newest, running), newest]


def concluded_at(followed: Followed) -> Instant:
    """The time at which a followed message was sent or skipped."""
    told = followed.told
    return told[WAS_SENT] if WAS_SENT in told else told[WAS_SKIPPED]


def _without_superseded(
    known: list[Followed], newest: Followed, running: set[str]
) -> Iterator[Followed]:
    """Those of other messages and running journeys, and the newest of this message that was sent if
    `newest` was not."""
    last_sent = None
    if WAS_SENT not in newest.told:
        last_sent = newest_of(known, (newest.flow, newest.step), sent=True)
    for one in known:
        is_same = one.flow == newest.flow and one.step == newest.step
        if not is_same or one is last_sent or one.journey_id in running:
            yield one


def stop_following(state: CustomerState, journey: str, any_journey: Mapping[str, bool]) -> None:
    """Forgets the messages of a journey that has ended. `any_journey`: its flow's followed steps,
    true for those that other journeys ask about."""
    state.followed = [
        one
        for one in state.followed
        if one.journey_id != journey or any_journey.get(one.step, False)
    ]


def note_report(state: CustomerState, data: Mapping[str, Any], at: Instant, told: str) -> None:
    """Notes the report of a followed message, found by its send id."""
    for one in state.followed:
        if send_id(one.journey_id, one.step) == data["send_id"]:
            one.told = {**one.told, told: max(at, one.told.get(told, at))}
            return


def sent_lately(state: CustomerState) -> Iterator[Followed]:
    """Recent messages as the state knows them without following: sent, and touched."""
    for sent in state.recent_sends:
        told = {WAS_SENT: sent.at}
        for touch in state.touches:
            if touch.sent.journey_id == sent.journey_id and touch.sent.step == sent.step:
                told[REPORTS[touch.metric]] = touch.at
        yield Followed(sent.flow, sent.step, sent.journey_id, told)


def of_journey(state: CustomerState, journey: str, step: str) -> Followed | None:
    """The message of a step in one journey."""
    for one in state.followed:
        if one.journey_id == journey and one.step == step:
            return one
    return None


def newest_of(known: list[Followed], message: tuple[str, str], *, sent: bool) -> Followed | None:
    """The newest message of (flow, step) in any journey; with `sent`, of those that were sent."""
    for one in reversed(known):
        if (one.flow, one.step) == message and (not sent or WAS_SENT in one.told):
            return one
    return None
