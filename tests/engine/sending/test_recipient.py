import pytest

from streams.engine import Outcome
from streams.engine.sending.recipient import is_well_formed
from tests.harness.customer import EVERYWHERE, MONDAY, Customer, flow, program_of, send


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "ada@example.com"),
        ("email", "ada.l+shop@mail.example.co.uk"),
        ("email", "ünï@exämple.com"),
        ("sms", "+447700900123"),
        ("sms", "07700 900-123"),
        ("sms", "+1 (415) 555-2671"),
        ("push", "c2VjcmV0:token"),
        ("web", "customer-17"),
    ],
)
def test_what_an_address_looks_like(channel: str, address: str) -> None:
    assert is_well_formed(channel, address)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "ada"),
        ("email", "ada@"),
        ("email", "@example.com"),
        ("email", "ada@example"),
        ("email", "ada@example..com"),
        ("email", "ada@@example.com"),
        ("email", "ada lovelace@example.com"),
        ("email", "ada@example.com, bob@example.com"),
        ("email", "a" * 250 + "@example.com"),
        ("email", 17),
        ("sms", "12345"),
        ("sms", "+4477009001234567"),
        ("sms", "+44 call me"),
        ("sms", "٠٧٧٠٠٩٠٠١٢٣"),
        ("push", "two tokens"),
    ],
)
def test_what_it_does_not_look_like(channel: str, address: object) -> None:
    assert not is_well_formed(channel, address)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"consent": ["email"]}, "no_recipient"),
        ({"consent": ["email"], "email": ""}, "no_recipient"),
        ({"consent": ["email"], "email": "ada"}, "bad_recipient"),
    ],
)
def test_an_unreachable_customer_is_skipped(fields: dict[str, object], reason: str) -> None:
    for transactional in ("true", "false"):
        ada = Customer(program_of(flow(send(), transactional=transactional)), fields)
        ada.view(MONDAY)
        (skipped,) = ada.decisions(Outcome.SKIPPED)
        assert skipped.reason == reason
        assert skipped.evidence["field"] == "email"


def test_a_visitor_can_not_be_written_to() -> None:
    visitor = Customer(program_of(flow(send())), EVERYWHERE, customer_id="anon:17")
    visitor.view(MONDAY)
    assert visitor.decisions(Outcome.SKIPPED)[0].reason == "no_recipient"
