from typing import Any

import pytest

from streams.engine import Outcome, Program
from tests.harness.code_source import ListedCodes
from tests.harness.customer import EVERYWHERE, HOUR, MONDAY, Customer, flow, program_of, send

POOLS = [{"coupons": "ten"}, {"coupons": "made", "rule": {"prefix": "M-", "length": "4"}}]


def program(*steps: Any, **keys: Any) -> Program:
    return program_of(flow(*steps, **keys), coupons=POOLS)


def test_the_command_carries_the_code() -> None:
    ada = Customer(program(send(coupon="made", variables={"code": "$coupon.code"})))
    ada.effects.codes = ListedCodes()
    ada.view(MONDAY)
    (command,) = ada.effects.commands
    assert (command.coupon, command.variables) == ("M-0001", {"code": "M-0001"})
    assert ada.outcomes() == ["entered", "coupon given", "sent", "exited finished"]


def test_without_a_code_it_is_skipped_and_counts_for_nothing() -> None:
    ada = Customer(program(send(coupon="ten"), send("other")))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "skipped no_coupon", "sent", "exited finished"]
    assert ada.sent() == [(MONDAY, "other")]
    (skipped,) = ada.decisions(Outcome.SKIPPED)
    assert skipped.evidence == {"pool": "ten", "left": 0}


@pytest.mark.parametrize(
    ("profile", "options", "reason"),
    [
        ({**EVERYWHERE, "email": None}, {}, "no_recipient"),
        ({**EVERYWHERE, "consent": []}, {}, "no_consent"),
        (EVERYWHERE, {"only_if": {"profile": "country", "equals": "DE"}}, "message_filter"),
    ],
)
def test_a_message_skipped_for_another_reason_takes_no_code(
    profile: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    ada = Customer(program(send(coupon="ten", **options)), profile)
    ada.effects.codes = source = ListedCodes(ten=["A1"])
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", f"skipped {reason}", "exited finished"]
    assert source.codes == {"ten": ["A1"]}


def test_smart_sending_and_caps_come_before_it() -> None:
    capped = {"caps": [{"at_most": "1", "in": "7d"}]}
    for keys in ({}, {"smart_sending": "false"}):
        messages = flow(send(coupon="ten", **keys))
        ada = Customer(program_of(messages, coupons=POOLS, store=capped))
        ada.effects.codes = source = ListedCodes(ten=["A1", "A2"])
        ada.view(MONDAY)
        del ada.state.coupons["ten"]
        ada.view(MONDAY + HOUR)
        assert len(ada.decisions(Outcome.SKIPPED)) == 1
        assert source.codes == {"ten": ["A2"]}
