from streams.engine import Outcome
from tests.harness.customer import MONDAY, Customer, flow, program_of, send


def test_it_ends_the_journey_with_its_own_words() -> None:
    leave = {"exit": None, "reason": "has seen enough", "id": "leave"}
    ada = Customer(program_of(flow(leave, send())))
    ada.view(MONDAY)
    (exited,) = ada.decisions(Outcome.EXITED)
    assert (exited.reason, exited.step) == ("exit", "leave")
    assert exited.evidence == {"reason": "has seen enough"}
    assert ada.sent() == []
    assert ada.state.journeys == []


def test_words_are_not_needed() -> None:
    ada = Customer(program_of(flow(send(), "exit")))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "sent", "exited exit"]
    assert ada.decisions(Outcome.EXITED)[0].evidence == {}
