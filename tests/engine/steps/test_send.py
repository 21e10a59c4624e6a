from typing import Any

import pytest

from streams.engine import Definitions, Outcome, read_definitions
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, Customer, flow, program_of, send

ITEM = {"sku": "A", "name": "Hat", "quantity": 2, "unit_price": 1_250}
SHOWN = {**ITEM, "currency": "GBP"}


def test_the_command_says_everything() -> None:
    message = send(
        variables={"order": "$trigger.order_id", "total": "$trigger.total", "greeting": "Hello"},
        items="trigger",
        utm={"medium": "email"},
    )
    program = program_of(flow(message, on="order.placed", utm={"campaign": "c", "medium": "m"}))
    ada = Customer(program, {**EVERYWHERE, "locale": "en-GB"})
    ada.order(MONDAY, "17", 2_500, items=[ITEM])
    (command,) = ada.effects.commands
    (sent,) = ada.decisions(Outcome.SENT)
    assert command.customer_id == "ada"
    assert (command.channel, command.recipient) == ("email", "ada@example.com")
    assert (command.flow, command.template, command.step) == ("flow", "hello", "hello")
    assert command.variables == {"order": "17", "total": "25.00", "greeting": "Hello"}
    assert command.items == [SHOWN]
    assert command.utm == {"utm_campaign": "c", "utm_medium": "email"}
    assert (command.decided_at, command.not_before) == (MONDAY, MONDAY)
    assert command.expires_at == MONDAY + 72 * HOUR
    assert command.locale == "en-GB"
    assert command.trigger_event_id == "e2"
    assert not command.transactional
    assert sent.evidence["send_id"] == command.send_id
    assert sent.journey_id == command.journey_id


def test_a_missing_variable_is_left_out() -> None:
    message = send(variables={"name": "$profile.first_name", "at": "$flow.started_at"})
    ada = Customer(program_of(flow(message)))
    ada.view(MONDAY)
    assert ada.effects.commands[0].variables == {"at": "2026-03-02 00:00"}


@pytest.mark.parametrize(
    ("channel", "lasts"), [("email", 72), ("sms", 24), ("push", 24), ("web", 24)]
)
def test_how_long_a_message_may_be_delivered(channel: str, lasts: int) -> None:
    ada = Customer(program_of(flow(send(channel=channel))))
    ada.view(MONDAY + 12 * HOUR)
    (command,) = ada.effects.commands
    assert command.expires_at == MONDAY + (12 + lasts) * HOUR
    assert command.recipient == (
        EVERYWHERE["email" if channel == "email" else "phone" if channel == "sms" else "push_token"]
        if channel != "web"
        else "ada"
    )


def test_its_own_expiry() -> None:
    ada = Customer(program_of(flow(send(expires="90m"))))
    ada.view(MONDAY)
    assert ada.effects.commands[0].expires_at == MONDAY + 90 * 60_000


def test_m71_a_draft_is_passed_over_without_a_record() -> None:
    ada = Customer(program_of(flow(send("draft", status="draft"), send("live"))))
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "live")]
    assert ada.outcomes() == ["entered", "sent", "exited finished"]


def test_m70_all_drafts() -> None:
    ada = Customer(program_of(flow(send(status="draft"))))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "exited finished"]


def test_ids_are_the_same_again_and_differ_between_journeys_and_steps() -> None:
    two = flow(send("one"), send("two", smart_sending="false"), on="order.placed")
    first, again = Customer(program_of(two)), Customer(program_of(two))
    for ada in (first, again):
        ada.order(MONDAY, "1")
        ada.order(MONDAY + DAY, "2")
    ids = [command.send_id for command in first.effects.commands]
    assert len(set(ids)) == 4
    assert ids == [command.send_id for command in again.effects.commands]


def test_items_of_the_cart_and_viewed_ones() -> None:
    program = program_of(
        flow(send("cart", items="cart"), on="search.performed", name="one"),
        flow(send("viewed", items="viewed", smart_sending="false"), on="view.list", name="two"),
    )
    ada = Customer(program)
    cart: dict[str, Any] = {"cart_id": "c", "total": 100, "currency": "GBP"}
    for at, sku in enumerate(["A", "B", "A", "C", "D", "E"]):
        ada.event("view.item", MONDAY + at, sku=sku, name=f"name of {sku}")
    ada.event("cart.updated", MONDAY + 10, items=[ITEM], **cart)
    ada.event("search.performed", MONDAY + 20, query="hat", filters={}, results=1)
    ada.event("view.list", MONDAY + 30, category="hats")
    in_cart, viewed = ada.effects.commands
    assert in_cart.items == [SHOWN]
    assert [item["sku"] for item in viewed.items] == ["E", "D", "C", "A"]
    ada.event("cart.updated", MONDAY + 40, items=[], **cart)
    ada.event("search.performed", MONDAY + DAY, query="hat", filters={}, results=1)
    assert ada.effects.commands[-1] is viewed
    assert ada.outcomes()[-2] == "skipped no_items"  # SEMANTICS 4.9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"variables": {"x": "$trigger.nothing"}}, "nothing"),
        ({"variables": {"x": "$trigger.items"}}, "which has no text form"),
        ({"status": "by hand"}, "unknown value 'by hand'"),
        ({"items": "related"}, "trigger, cart, viewed"),
        ({"smart_sendng": "false"}, "smart_sending"),
    ],
)
def test_what_can_not_be_is_refused(options: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [flow(send(**options), on="order.placed")]})
    assert not isinstance(problems, Definitions)
    assert says in problems[0].sentence()


def test_items_need_an_event_that_has_some() -> None:
    problems = read_definitions({"flows": [flow(send(items="trigger"))]})
    assert not isinstance(problems, Definitions)
    assert "no items" in problems[0].sentence()
