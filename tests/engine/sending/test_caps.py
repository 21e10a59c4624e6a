from typing import Any

import pytest

from streams.engine import Outcome, Program
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, Customer, flow, program_of, send

OFF = {"smart_sending": "false", "quiet_hours": "false"}


def capped(*caps: dict[str, Any], **keys: Any) -> Program:
    emails, texts = send(**OFF), send("text", "sms", **OFF)
    return program_of(
        flow(emails, **keys),
        flow(texts, on="view.list", name="texts"),
        store={"caps": list(caps)},
    )


def test_m60_per_calendar_day() -> None:
    ada = Customer(capped({"at_most": "1", "channels": ["email"], "in": "calendar_day"}))
    ada.view(MONDAY + 23 * HOUR)
    ada.view(MONDAY + 24 * HOUR - 1)
    ada.view(MONDAY + 24 * HOUR)
    assert [at for at, _ in ada.sent()] == [MONDAY + 23 * HOUR, MONDAY + 24 * HOUR]
    (skipped,) = ada.decisions(Outcome.SKIPPED)
    assert skipped.reason == "frequency_cap"
    assert skipped.evidence["sent_at"] == [MONDAY + 23 * HOUR]


def test_m60_the_day_is_the_customers() -> None:
    program = capped({"at_most": "1", "channels": ["email"], "in": "calendar_day"})
    ada = Customer(program, {**EVERYWHERE, "timezone": "Asia/Tokyo"})
    ada.view(MONDAY + 23 * HOUR)
    ada.view(MONDAY + 24 * HOUR)  # 08:00 and 09:00 in Tokyo
    assert len(ada.sent()) == 1


@pytest.mark.parametrize(("after", "number"), [(DAY - 1, 1), (DAY, 2), (DAY + 1, 2)])
def test_m60_rolling(after: int, number: int) -> None:
    ada = Customer(capped({"at_most": "1", "channels": ["email"], "in": "24h"}))
    ada.view(MONDAY)
    ada.view(MONDAY + after)
    assert len(ada.sent()) == number


def test_all_caps_hold_together() -> None:
    program = capped(
        {"at_most": "2", "in": "7d"}, {"at_most": "1", "channels": ["sms"], "in": "1h"}
    )
    ada = Customer(program)
    ada.event("view.list", MONDAY, category="hats")
    ada.event("view.list", MONDAY + 1, category="hats")
    ada.view(MONDAY + 2)
    ada.view(MONDAY + 3)
    assert [template for _, template in ada.sent()] == ["text", "hello"]
    reasons = [decision.evidence["channels"] for decision in ada.decisions(Outcome.SKIPPED)]
    assert reasons == [["sms"], ["email", "push", "sms", "web"]]


def test_other_channels_do_not_count() -> None:
    ada = Customer(capped({"at_most": "1", "channels": ["email"], "in": "7d"}))
    ada.event("view.list", MONDAY, category="hats")
    ada.view(MONDAY + 1)
    assert len(ada.sent()) == 2


def test_transactional_messages_neither_obey_nor_count() -> None:
    program = program_of(
        flow(send(**OFF)),
        flow(send("receipt"), on="order.placed", name="receipt", transactional="true"),
        store={"caps": [{"at_most": "1", "in": "7d"}]},
    )
    ada = Customer(program)
    ada.order(MONDAY)
    ada.view(MONDAY + 1)
    ada.order(MONDAY + 2, "2")
    assert [template for _, template in ada.sent()] == ["receipt", "hello", "receipt"]


def test_what_no_cap_can_count_is_forgotten() -> None:
    ada = Customer(capped({"at_most": "100", "in": "30d"}))
    for day in range(40):
        ada.view(MONDAY + day * DAY)
    assert [sent.at for sent in ada.state.recent_sends] == [
        MONDAY + day * DAY for day in range(10, 40)
    ]
