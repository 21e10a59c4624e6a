import pytest

from streams.engine import Outcome
from tests.harness.customer import EVERYWHERE, MONDAY, Customer, flow, program_of, send


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
