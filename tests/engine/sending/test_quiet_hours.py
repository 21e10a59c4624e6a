from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.engine import Outcome
from tests.harness.customer import (
    DAY,
    EVERYWHERE,
    HOUR,
    MINUTE,
    MONDAY,
    Customer,
    flow,
    program_of,
    send,
)

TEXT = send(channel="sms")


@pytest.mark.parametrize(
    ("reached", "sent"),
    [
        (21 * HOUR - 1, 21 * HOUR - 1),
        (21 * HOUR, 32 * HOUR),
        (22 * HOUR + 30 * MINUTE, 32 * HOUR),
        (24 * HOUR, 32 * HOUR),
        (32 * HOUR - 1, 32 * HOUR),
        (32 * HOUR, 32 * HOUR),
    ],
)
def test_from_21_until_8_it_is_quiet(reached: int, sent: int) -> None:
    ada = Customer(program_of(flow(TEXT)))
    ada.view(MONDAY + reached)
    ada.until(MONDAY + 3 * DAY)
    assert ada.sent() == [(MONDAY + sent, "hello")]


def test_m63_the_next_wait_starts_when_the_message_has_gone() -> None:
    steps = (TEXT, {"wait": "1h", "id": "pause"}, send("next"))
    ada = Customer(program_of(flow(*steps)))
    ada.view(MONDAY + 22 * HOUR + 30 * MINUTE)
    (held,) = ada.decisions(Outcome.HELD)
    assert held.reason == "quiet_hours"
    assert held.evidence["until"] == MONDAY + 32 * HOUR
    ada.until(MONDAY + 3 * DAY)
    assert ada.sent() == [(MONDAY + 32 * HOUR, "hello"), (MONDAY + 33 * HOUR, "next")]


def test_m65_an_email_is_never_held() -> None:
    ada = Customer(program_of(flow(send())))
    ada.view(MONDAY + 22 * HOUR)
    assert ada.sent() == [(MONDAY + 22 * HOUR, "hello")]


def test_m66_a_transactional_text_is_sent_unless_quiet_hours_are_set() -> None:
    ada = Customer(program_of(flow(TEXT, transactional="true")))
    ada.view(MONDAY + 22 * HOUR)
    assert ada.sent() == [(MONDAY + 22 * HOUR, "hello")]
    asked = flow(send(channel="sms", quiet_hours="true"), transactional="true")
    ada = Customer(program_of(asked))
    ada.view(MONDAY + 22 * HOUR)
    ada.until(MONDAY + 2 * DAY)
    assert ada.sent() == [(MONDAY + 32 * HOUR, "hello")]


def test_a_message_may_have_its_own_or_none() -> None:
    own = program_of(flow(send(channel="email", quiet_hours=["12:00", "13:00"])))
    ada = Customer(own)
    ada.view(MONDAY + 12 * HOUR)
    ada.until(MONDAY + DAY)
    assert ada.sent() == [(MONDAY + 13 * HOUR, "hello")]
    ada = Customer(program_of(flow(send(channel="sms", quiet_hours="false"))))
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "hello")]


def test_equal_ends_are_none() -> None:
    ada = Customer(program_of(flow(TEXT), store={"quiet_hours": {"sms": ["09:00", "09:00"]}}))
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "hello")]


def test_it_is_quiet_where_the_customer_is() -> None:
    ada = Customer(program_of(flow(TEXT)), {**EVERYWHERE, "timezone": "Asia/Tokyo"})
    ada.view(MONDAY + 12 * HOUR)  # 21:00 in Tokyo
    ada.until(MONDAY + 2 * DAY)
    assert ada.sent() == [(MONDAY + 23 * HOUR, "hello")]


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_quiet_hours_end_by_the_wall_also_when_clocks_change(day: str) -> None:
    zone = ZoneInfo("Europe/London")
    evening = datetime.fromisoformat(f"{day} 23:00").replace(tzinfo=zone)
    morning = datetime(evening.year, evening.month, evening.day + 1, 8, tzinfo=zone)
    ada = Customer(program_of(flow(TEXT)), {**EVERYWHERE, "timezone": zone.key})
    ada.view(int(evening.timestamp() * 1000))
    ada.until(int(evening.timestamp() * 1000) + 2 * DAY)
    assert ada.sent() == [(int(morning.timestamp() * 1000), "hello")]


def test_everything_below_is_judged_when_they_end() -> None:
    ada = Customer(program_of(flow(TEXT, filter={"count": "order.placed", "equals": "0"})))
    ada.view(MONDAY + 22 * HOUR)
    ada.order(MONDAY + 23 * HOUR)
    ada.until(MONDAY + 2 * DAY)
    assert ada.sent() == []
    (skipped,) = ada.decisions(Outcome.SKIPPED)
    assert (skipped.at, skipped.reason) == (MONDAY + 32 * HOUR, "profile_filter")
