from typing import Any

import pytest

from streams.engine import Outcome, read_definitions
from streams.engine.values.identity import send_id
from tests.harness.customer import HOUR, MONDAY, Customer, flow, program_of, send

CALL = {"webhook": "loyalty", "data": {"sku": "$trigger.sku", "points": "10"}}


def test_a_command_goes_out_with_constants_and_references() -> None:
    ada = Customer(program_of(flow(CALL, send())))
    ada.view(MONDAY)
    [command] = ada.effects.webhooks
    assert (command.webhook, command.customer_id) == ("loyalty", "ada")
    assert (command.decided_at, command.step, command.flow) == (MONDAY, "steps[0]", "flow")
    assert command.data == {"sku": "A", "points": "10"}
    assert command.trigger_event_id == "e2"
    [decision, _] = ada.decisions(Outcome.SENT)
    assert decision.evidence == {"webhook_id": command.webhook_id, "webhook": "loyalty"}
    assert ada.sent() == [(MONDAY, "hello")]


def test_what_a_reference_does_not_find_is_left_out() -> None:
    call = {"webhook": "crm", "data": {"city": "$trigger.category", "sku": "$trigger.sku"}}
    ada = Customer(program_of(flow(call)))
    ada.view(MONDAY)
    assert ada.effects.webhooks[0].data == {"sku": "A"}


def test_its_id_is_a_function_of_journey_and_step() -> None:
    steps = ({**CALL, "id": "one"}, {**CALL, "id": "two"})
    twice = [Customer(program_of(flow(*steps))) for _ in range(2)]
    for ada in twice:
        ada.view(MONDAY)
        ada.view(MONDAY + HOUR)
    first, second = ([c.webhook_id for c in ada.effects.webhooks] for ada in twice)
    assert first == second
    assert len(set(first)) == 4
    command = twice[0].effects.webhooks[0]
    assert command.webhook_id == send_id(command.journey_id, "one")


def test_the_profile_filter_is_judged_before_it_and_the_journey_goes_on() -> None:
    german = {"profile": "country", "equals": "DE"}
    steps = ({"wait": "1h", "id": "pause"}, {**CALL, "id": "call"}, {**CALL, "id": "again"})
    ada = Customer(program_of(flow(*steps, filter=german)))
    ada.event("customer.updated", MONDAY, set={"country": "DE"}, unset=[])
    ada.view(MONDAY + 1)
    ada.event("customer.updated", MONDAY + 2, set={"country": "GB"}, unset=[])
    ada.until(MONDAY + 2 * HOUR)
    skipped = ada.decisions(Outcome.SKIPPED, "profile_filter")
    assert [decision.step for decision in skipped] == ["call", "again"]
    assert ada.effects.webhooks == []
    assert ada.outcomes()[-1] == "exited finished"


def test_it_counts_for_nothing_that_messages_obey() -> None:
    store = {"caps": [{"at_most": "1", "in": "7d"}]}
    ada = Customer(program_of(flow(CALL, send()), store=store))
    ada.view(MONDAY)
    assert ada.sent() == [(MONDAY, "hello")]
    assert len(ada.state.recent_sends) == 1


def test_a_paused_flow_calls_all_the_same() -> None:
    """SEMANTICS 6.1: a paused flow holds at the next send; waits run on."""
    steps = ({"wait": "1h", "id": "pause"}, CALL, send())
    ada = Customer(program_of(flow(*steps)))
    ada.view(MONDAY)
    ada.program = program_of(flow(*steps, status="paused"), version="2")
    ada.until(MONDAY + HOUR)
    assert len(ada.effects.webhooks) == 1
    assert ada.outcomes()[-1] == "held flow_paused"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"data": {"sku": "$trigger.skus"}}, "unknown field 'skus'"),
        ({"data": {"items": "$trigger.items"}}, "which has no text form"),
        ({"dat": {}}, "unknown key 'dat'"),
        ({"webhook": None}, "expected"),
    ],
)
def test_what_can_not_be_is_refused(options: dict[str, Any], says: str) -> None:
    problems = read_definitions({"flows": [flow({**CALL, **options}, on="cart.updated")]})
    assert isinstance(problems, list)
    assert any(says in problem.sentence() for problem in problems), problems
