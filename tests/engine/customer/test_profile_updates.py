from typing import Any

import pytest

from streams.engine.customer.profile_updates import (
    address_of,
    may_be_marketed_to,
    patch_times,
)
from streams.engine.values import id_hash
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, program_of

REACHABLE = {"email": "ada@example.com", "consent": ["email"]}


def customer(**profile: Any) -> Customer:
    return Customer(program_of(), profile or REACHABLE)


def update(ada: Customer, at: int, occurred_at: int | None = None, **fields: Any) -> None:
    given = {name: value for name, value in fields.items() if value is not None}
    unset = [name for name in fields if name not in given]
    ada.event("customer.updated", at, occurred_at=occurred_at, set=given, unset=unset)


def test_a_patch_sets_and_unsets() -> None:
    ada = customer()
    update(ada, MONDAY, first_name="Ada", email=None)
    assert ada.state.profile == {"first_name": "Ada", "consent": ["email"]}
    assert address_of(ada.state, "email") is None


@pytest.mark.parametrize(("later_by", "name"), [(-1, "new"), (0, "old"), (1, "old")])
def test_an_older_patch_does_not_undo_a_newer_one(later_by: int, name: str) -> None:
    ada = customer()
    update(ada, MONDAY, first_name="new", locale="en")
    update(ada, MONDAY + HOUR, occurred_at=MONDAY + later_by, first_name="old", country="GB")
    assert ada.state.profile["first_name"] == name
    assert ada.state.profile["country"] == "GB"  # no later patch has touched it


def test_unsetting_is_touching() -> None:
    ada = customer()
    update(ada, MONDAY, first_name=None)
    update(ada, MONDAY + HOUR, occurred_at=MONDAY - HOUR, first_name="Ada")
    assert "first_name" not in ada.state.profile


def test_consent_replaces_the_list() -> None:
    ada = customer(consent=["email", "sms"])
    update(ada, MONDAY, consent=["push"])
    assert ada.state.profile["consent"] == ["push"]
    update(ada, MONDAY + 1, consent=[])
    assert "consent" not in ada.state.profile


def test_an_older_list_does_not_take_back_a_later_subscription() -> None:
    ada = customer()
    ada.event("customer.subscribed", MONDAY, channel="sms")
    update(ada, MONDAY + HOUR, occurred_at=MONDAY - 1, consent=["push"])
    assert ada.state.profile["consent"] == ["push", "sms"]
    update(ada, MONDAY + DAY, consent=["push"])
    assert ada.state.profile["consent"] == ["push"]


def test_an_older_subscription_does_not_undo_a_later_list() -> None:
    ada = customer()
    update(ada, MONDAY, consent=[])
    ada.event("customer.subscribed", MONDAY + HOUR, occurred_at=MONDAY - 1, channel="email")
    assert not may_be_marketed_to(ada.state, "email")


def test_subscribing_and_unsubscribing() -> None:
    ada = customer()
    assert may_be_marketed_to(ada.state, "email")
    ada.event("customer.unsubscribed", MONDAY, channel="email")
    assert ada.state.suppressed == {"email": ["unsubscribed"]}
    assert not may_be_marketed_to(ada.state, "email")
    ada.event("customer.subscribed", MONDAY + 1, channel="email")
    assert ada.state.suppressed == {}
    assert may_be_marketed_to(ada.state, "email")


def test_an_imported_old_subscription_does_not_undo_unsubscribing() -> None:
    ada = customer()
    ada.event("customer.unsubscribed", MONDAY, channel="email")
    ada.event("customer.subscribed", MONDAY + HOUR, occurred_at=MONDAY - DAY, channel="email")
    assert ada.state.suppressed == {"email": ["unsubscribed"]}


def test_a_list_of_consents_does_not_undo_unsubscribing() -> None:
    """Another system's copy of the profile isn't the customer's word."""
    ada = customer()
    ada.event("customer.unsubscribed", MONDAY, channel="email")
    update(ada, MONDAY + HOUR, consent=["email"])
    assert not may_be_marketed_to(ada.state, "email")


def bounce(ada: Customer, at: int, kind: str, address: str | None = None) -> None:
    message = f"message of {at}"
    data: dict[str, Any] = {
        "send_id": message,
        "channel": "email",
        "address": address,
        "kind": kind,
    }
    ada.event("message.bounced", at, **data)


def test_a_hard_bounce_suppresses_the_address() -> None:
    ada = customer()
    bounce(ada, MONDAY, "hard", "ada@example.com")
    assert ada.state.suppressed == {"email": ["hard_bounce"]}
    update(ada, MONDAY + 1, email="ada@example.com")  # the same one
    assert ada.state.suppressed == {"email": ["hard_bounce"]}
    update(ada, MONDAY + 2, email="ada@example.org")
    assert ada.state.suppressed == {}


def test_a_bounce_of_a_given_up_address_says_nothing_of_the_new_one() -> None:
    ada = customer()
    update(ada, MONDAY, email="ada@example.org")
    bounce(ada, MONDAY + 1, "hard", "ada@example.com")
    assert ada.state.suppressed == {}


@pytest.mark.parametrize(("number", "is_suppressed"), [(6, False), (7, True), (8, True)])
def test_seven_soft_bounces_in_a_row_suppress(number: int, is_suppressed: bool) -> None:
    ada = customer()
    for nth in range(number):
        bounce(ada, MONDAY + nth, "soft")
    assert ("email" in ada.state.suppressed) is is_suppressed
    ada.event("message.delivered", MONDAY + HOUR, send_id="s", channel="email")
    assert ada.state.suppressed == {}
    assert ada.state.soft_bounces == {}


def test_a_new_address_starts_clean() -> None:
    ada = customer()
    for nth in range(6):
        bounce(ada, MONDAY + nth, "soft")
    update(ada, MONDAY + HOUR, email="ada@example.org")
    bounce(ada, MONDAY + DAY, "soft")
    assert ada.state.soft_bounces == {"email": id_hash(f"message of {MONDAY + DAY}")}


def test_after_a_complaint_a_new_address_may_get_transactional_messages_only() -> None:
    ada = customer()
    ada.event("message.complained", MONDAY, send_id="s", channel="email")
    assert ada.state.suppressed == {"email": ["unsubscribed", "complaint"]}
    update(ada, MONDAY + 1, email="ada@example.org")
    assert ada.state.suppressed == {"email": ["unsubscribed"]}
    ada.event("customer.subscribed", MONDAY + 2, channel="email")
    assert ada.state.suppressed == {}


def test_a_web_message_is_addressed_to_the_customer() -> None:
    assert address_of(customer().state, "web") == "ada"


def test_fields_of_one_patch_share_its_time() -> None:
    ada = customer(email="ada@example.com", locale="en", consent=["email"])
    assert (ada.state.patched_at, ada.state.profile_at) == (MONDAY - DAY, {})
    update(ada, MONDAY, locale="de")
    assert (ada.state.patched_at, ada.state.profile_at) == (MONDAY - DAY, {"locale": MONDAY})
    update(ada, MONDAY + 1, email="b@example.com", consent=["sms"])
    assert ada.state.patched_at == MONDAY + 1
    assert patch_times(ada.state) == {
        "email": MONDAY + 1,
        "locale": MONDAY,
        "consent": MONDAY + 1,
    }
    update(ada, MONDAY + 2, email=None, consent=[])
    assert patch_times(ada.state) == {
        "locale": MONDAY,
        "email": MONDAY + 2,
        "consent": MONDAY + 2,
    }


def test_consent_by_subscription_alone_is_no_patch() -> None:
    """Any list replaces it, but for the channels with a later subscription."""
    ada = customer(locale="en")
    ada.event("customer.subscribed", MONDAY, channel="sms")
    assert patch_times(ada.state) == {"locale": MONDAY - DAY, "consent.sms": MONDAY}
    update(ada, MONDAY + HOUR, occurred_at=MONDAY - 2 * DAY, consent=["push"])
    assert ada.state.profile["consent"] == ["push", "sms"]
