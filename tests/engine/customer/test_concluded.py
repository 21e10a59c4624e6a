from streams.engine import new_state
from streams.engine.customer.concluded import MOST_CONCLUDED, is_concluded, mark_concluded
from streams.engine.values.identity import send_id
from tests.harness.customer import HOUR, MONDAY, Customer, flow, program_of, send


def test_the_last_ones_are_known_by_journey_and_step() -> None:
    ada = new_state("ada")
    for number in range(MOST_CONCLUDED + 1):
        mark_concluded(ada, send_id(f"j{number}", "s"))
    assert not is_concluded(ada, "j0", "s")
    assert is_concluded(ada, "j1", "s")
    assert is_concluded(ada, f"j{MOST_CONCLUDED}", "s")
    assert not is_concluded(ada, "j1", "t")
    assert len(ada.handled) == 8 * MOST_CONCLUDED


def test_only_of_flows_to_which_somebody_may_be_added_and_not_while_a_message_is_held() -> None:
    by_event = flow(send("one"), send("two", "sms", quiet_hours=["00:00", "06:00"]))
    dated = {"flow": "dated", "trigger": {"date": "profile.birthday"}, "steps": [send("hi")]}
    ada = Customer(program_of(by_event, dated))
    ada.event("customer.updated", MONDAY, set={"birthday": "2026-03-03"}, unset=[])
    ada.view(MONDAY + HOUR)
    journey = ada.journey().journey_id
    assert is_concluded(ada.state, journey, "one")
    assert not is_concluded(ada.state, journey, "two")
    ada.until(MONDAY + 30 * HOUR)
    assert is_concluded(ada.state, journey, "two")
    assert [template for _, template in ada.sent()] == ["one", "two", "hi"]
    assert len(ada.state.handled) == 2 * 8
