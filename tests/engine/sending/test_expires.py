import pytest

from streams.engine import Outcome
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send


@pytest.mark.parametrize(
    ("expires", "is_sent"), [("9h 59m", False), ("10h", False), ("10h 1m", True)]
)
def test_it_is_over_at_exactly_its_expiry(expires: str, is_sent: bool) -> None:
    """Held at 22:00, judged at 08:00."""
    ada = Customer(program_of(flow(send(channel="sms", expires=expires), send("after"))))
    ada.view(MONDAY + 22 * HOUR)
    ada.until(MONDAY + 2 * DAY)
    assert [template for _, template in ada.sent()] == ["hello"] * is_sent + ["after"]
    if not is_sent:
        (skipped,) = ada.decisions(Outcome.SKIPPED)
        assert skipped.reason == "expired"
        assert skipped.evidence["reached_at"] == MONDAY + 22 * HOUR


def test_what_is_delivered_later_expires_from_the_step_on() -> None:
    ada = Customer(program_of(flow(send(channel="sms"))))
    ada.view(MONDAY + 22 * HOUR)
    ada.until(MONDAY + 2 * DAY)
    (command,) = ada.effects.commands
    assert command.decided_at == MONDAY + 32 * HOUR
    assert command.expires_at == MONDAY + 46 * HOUR


def test_each_step_is_reached_at_its_own_time() -> None:
    """The first message was held; the second, at once after it, is new."""
    steps = (send("one", "sms"), send("two", "sms", smart_sending="false", expires="1h"))
    ada = Customer(program_of(flow(*steps)))
    ada.view(MONDAY + 22 * HOUR)
    ada.until(MONDAY + 2 * DAY)
    assert [template for _, template in ada.sent()] == ["one", "two"]
    assert ada.effects.commands[1].expires_at == MONDAY + 33 * HOUR
