import pytest

from streams.engine import Outcome
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

NOON = MONDAY + 12 * HOUR


def customer() -> Customer:
    """Has got a message on each channel at noon."""
    options = {"smart_sending": "false", "quiet_hours": "false"}
    steps = [
        send(f"by-{channel}", channel, **options) for channel in ("email", "sms", "push", "web")
    ]
    ada = Customer(program_of(flow(*steps)))
    ada.view(NOON)
    return ada


def touch(
    ada: Customer, at: int, metric: str, channel: str, occurred_at: int | None = None
) -> None:
    (send_id,) = [c.send_id for c in ada.effects.commands if c.channel == channel]
    ada.event(f"message.{metric}", at, occurred_at=occurred_at, send_id=send_id, channel=channel)


@pytest.mark.parametrize(
    ("metric", "channel", "window"),
    [
        ("opened", "email", 5 * DAY),
        ("clicked", "email", 5 * DAY),
        ("clicked", "sms", 5 * DAY),
        ("opened", "push", DAY),
    ],
)
def test_an_order_within_the_window(metric: str, channel: str, window: int) -> None:
    for after, converts in ((0, True), (window - 1, True), (window, False)):
        ada = customer()
        touch(ada, NOON + HOUR, metric, channel)
        ada.order(NOON + HOUR + after, "17", 5_000)
        converted = ada.decisions(Outcome.CONVERTED)
        assert bool(converted) is converts
        if converts:
            evidence = converted[0].evidence
            assert converted[0].step == f"by-{channel}"
            assert (evidence["order_id"], evidence["revenue"]) == ("17", 5_000)
            assert evidence["touched_at"] == NOON + HOUR
            assert evidence["send_id"] in [c.send_id for c in ada.effects.commands]


@pytest.mark.parametrize(
    ("metric", "channel"), [("opened", "sms"), ("clicked", "push"), ("opened", "web")]
)
def test_what_is_no_touch(metric: str, channel: str) -> None:
    ada = customer()
    touch(ada, NOON + HOUR, metric, channel)
    ada.order(NOON + 2 * HOUR)
    assert ada.decisions(Outcome.CONVERTED) == []


def test_an_order_before_the_touch_is_none() -> None:
    ada = customer()
    touch(ada, NOON + HOUR, "opened", "email")
    ada.order(NOON + 2 * HOUR, occurred_at=NOON + HOUR - 1)
    assert ada.decisions(Outcome.CONVERTED) == []


def test_the_last_touch_takes_it() -> None:
    ada = customer()
    touch(ada, NOON + 2 * HOUR, "opened", "email")
    touch(ada, NOON + 3 * HOUR, "clicked", "sms", occurred_at=NOON + HOUR)  # reported late
    ada.order(NOON + DAY)
    (converted,) = ada.decisions(Outcome.CONVERTED)
    assert converted.evidence["channel"] == "email"


def test_an_older_touch_takes_it_if_the_last_ones_window_is_over() -> None:
    ada = customer()
    touch(ada, NOON + HOUR, "opened", "email")
    touch(ada, NOON + 2 * HOUR, "opened", "push")
    ada.order(NOON + 2 * DAY)
    (converted,) = ada.decisions(Outcome.CONVERTED)
    assert converted.evidence["channel"] == "email"


def test_once_per_order() -> None:
    ada = customer()
    touch(ada, NOON + HOUR, "opened", "email")
    ada.order(NOON + 2 * HOUR, "1")
    ada.order(NOON + 3 * HOUR, "1")
    ada.order(NOON + 4 * HOUR, "2")
    orders = [decision.evidence["order_id"] for decision in ada.decisions(Outcome.CONVERTED)]
    assert orders == ["1", "2"]


def test_an_unknown_message_makes_no_touch() -> None:
    ada = customer()
    ada.event("message.opened", NOON + HOUR, send_id="somebody's", channel="email")
    ada.order(NOON + 2 * HOUR)
    assert ada.decisions(Outcome.CONVERTED) == []


def test_a_transactional_message_may_lead_to_an_order_too() -> None:
    ada = Customer(program_of(flow(send(), transactional="true")))
    ada.view(NOON)
    touch(ada, NOON + HOUR, "clicked", "email")
    ada.order(NOON + 2 * HOUR)
    assert len(ada.decisions(Outcome.CONVERTED)) == 1
