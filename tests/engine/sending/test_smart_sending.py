import pytest

from streams.engine import Outcome
from tests.harness.customer import HOUR, MONDAY, Customer, flow, program_of, send

NOON = MONDAY + 12 * HOUR


@pytest.mark.parametrize(
    ("channel", "hours"), [("email", 16), ("sms", 24), ("push", 24), ("web", 0)]
)
def test_the_window_of_each_channel(channel: str, hours: int) -> None:
    program = program_of(flow(send(channel=channel, quiet_hours="false")))
    for after, is_sent in ((hours * HOUR - 1, hours == 0), (hours * HOUR, True)):
        ada = Customer(program)
        ada.view(NOON)
        ada.view(NOON + max(after, 0))
        assert len(ada.sent()) == 1 + is_sent


def test_the_evidence_names_the_earlier_message_and_when_it_would_have_been_free() -> None:
    ada = Customer(program_of(flow(send("one"), name="first"), flow(send("two"), on="view.list")))
    ada.view(MONDAY)
    ada.event("view.list", MONDAY + HOUR, category="hats")
    (skipped,) = ada.decisions(Outcome.SKIPPED)
    (sent,) = ada.effects.commands
    assert skipped.evidence == {
        "channel": "email",
        "earlier_send_id": sent.send_id,
        "earlier_flow": "first",
        "earlier_step": "one",
        "earlier_sent_at": MONDAY,
        "window_ms": 16 * HOUR,
        "free_at": MONDAY + 16 * HOUR,
    }


def test_m54_off_is_sent_and_starts_the_clock_again() -> None:
    off = flow(send("off", smart_sending="false"), on="view.list", name="off")
    ada = Customer(program_of(flow(send()), off))
    ada.view(MONDAY)
    ada.event("view.list", MONDAY + HOUR, category="hats")
    ada.view(MONDAY + 17 * HOUR - 1)
    ada.view(MONDAY + 17 * HOUR)
    assert [at for at, _ in ada.sent()] == [MONDAY, MONDAY + HOUR, MONDAY + 17 * HOUR]


def test_off_for_a_whole_flow_and_on_again_for_one_message() -> None:
    steps = (send("one"), send("two"), send("three", smart_sending="true"))
    ada = Customer(program_of(flow(*steps, smart_sending="false")))
    ada.view(MONDAY)
    assert [template for _, template in ada.sent()] == ["one", "two"]


def test_m59_transactional_messages_neither_obey_it_nor_start_it() -> None:
    receipt = flow(send("receipt"), on="order.placed", name="receipt", transactional="true")
    ada = Customer(program_of(flow(send()), receipt))
    ada.order(MONDAY)
    ada.view(MONDAY + 1)
    ada.order(MONDAY + 2, "2")
    assert [template for _, template in ada.sent()] == ["receipt", "hello", "receipt"]


def test_m57_what_was_skipped_does_not_start_the_clock() -> None:
    ada = Customer(program_of(flow(send())))
    ada.view(MONDAY)
    ada.view(MONDAY + 15 * HOUR)
    ada.view(MONDAY + 16 * HOUR)
    assert [at for at, _ in ada.sent()] == [MONDAY, MONDAY + 16 * HOUR]
