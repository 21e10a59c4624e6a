import pytest

from streams.engine import Outcome
from tests.harness.customer import ADDRESSES, HOUR, MONDAY, Customer, flow, program_of, send


@pytest.mark.parametrize("channel", ["email", "sms", "push", "web"])
def test_m99_marketing_needs_consent_on_its_channel(channel: str) -> None:
    others = [other for other in ("email", "sms", "push", "web") if other != channel]
    program = program_of(flow(send(channel=channel)))
    ada = Customer(program, {**ADDRESSES, "consent": others})
    ada.view(MONDAY + 12 * HOUR)
    (skipped,) = ada.decisions(Outcome.SKIPPED)
    assert skipped.reason == "no_consent"
    assert skipped.evidence == {"channel": channel, "consent": others}
    assert ada.outcomes()[-1] == "exited finished"
    ada = Customer(program, {**ADDRESSES, "consent": [channel]})
    ada.view(MONDAY + 12 * HOUR)
    assert len(ada.sent()) == 1


def test_unknown_is_no() -> None:
    ada = Customer(program_of(flow(send())), ADDRESSES)
    ada.view(MONDAY)
    assert ada.decisions(Outcome.SKIPPED)[0].reason == "no_consent"


def test_a_transactional_message_needs_none() -> None:
    ada = Customer(program_of(flow(send(), transactional="true")), ADDRESSES)
    ada.view(MONDAY)
    assert len(ada.sent()) == 1


@pytest.mark.parametrize(
    ("metric", "kind", "marketing", "transactional"),
    [
        ("customer.unsubscribed", None, False, True),
        ("message.unsubscribed", None, False, True),
        ("message.complained", None, False, False),
        ("message.bounced", "hard", False, False),
        ("message.bounced", "soft", True, True),
    ],
)
def test_m98_what_forbids_which_messages(
    metric: str, kind: str | None, marketing: bool, transactional: bool
) -> None:
    for is_transactional, is_sent in (("false", marketing), ("true", transactional)):
        ada = Customer(program_of(flow(send(), transactional=is_transactional)))
        ada.event(metric, MONDAY, channel="email", send_id="s", kind=kind)
        ada.view(MONDAY + 1)
        assert bool(ada.sent()) is is_sent
        if not is_sent:
            (skipped,) = ada.decisions(Outcome.SKIPPED)
            assert skipped.reason == "suppressed"
            assert skipped.evidence["causes"]


def test_only_the_channel_is_suppressed() -> None:
    ada = Customer(program_of(flow(send("text", "sms"), send())))
    ada.event("customer.unsubscribed", MONDAY, channel="sms")
    ada.view(MONDAY + 12 * HOUR)
    assert [template for _, template in ada.sent()] == ["hello"]
