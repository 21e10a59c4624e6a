from typing import Any

import pytest

from streams.engine import DUE, Effects, Outcome, act
from streams.engine.program.turn import MOST_STEPS
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

WAIT = {"wait": "12h", "id": "pause"}
ORDER_ENDS = [{"metric": "order.placed"}]


def test_e27_only_the_journey_of_the_cancelled_order_ends() -> None:
    same = {"metric": "order.cancelled", "where": {"order_id": "$trigger.order_id"}}
    keys: dict[str, Any] = {"key": "order_id", "exit_on": [same]}
    ada = Customer(program_of(flow(WAIT, send(), on="order.placed", **keys)))
    ada.order(MONDAY, "1")
    ada.order(MONDAY + 1, "2")
    ada.event("order.cancelled", MONDAY + HOUR, order_id="1", event_id="why")
    assert ada.journey().key == "2"
    (exited,) = ada.decisions(Outcome.EXITED)
    assert (exited.reason, exited.event_id, exited.step) == ("exit_on", "why", "pause")
    assert exited.evidence["metric"] == "order.cancelled"
    assert exited.evidence["event_id"] == "why"
    assert exited.evidence["occurred_at"] == MONDAY + HOUR


@pytest.mark.parametrize(("later_by", "ends"), [(-1, False), (0, True), (1, True)])
def test_1_9_an_older_event_ends_nothing(later_by: int, ends: bool) -> None:
    """At the same moment, what is processed later happened after it."""
    ada = Customer(program_of(flow(WAIT, send(), exit_on=ORDER_ENDS)))
    ada.view(MONDAY)
    ada.order(MONDAY + HOUR, occurred_at=MONDAY + later_by)
    assert (ada.state.journeys == []) is ends


def test_f81_the_decision_shows_both_times() -> None:
    steps = (WAIT, send("reminder"), {"wait": "1d", "id": "more"}, send("last-call"))
    ada = Customer(program_of(flow(*steps, exit_on=ORDER_ENDS)))
    ada.view(MONDAY)
    ada.order(MONDAY + 12 * HOUR + 1_000)
    assert ada.sent() == [(MONDAY + 12 * HOUR, "reminder")]
    (exited,) = ada.decisions(Outcome.EXITED)
    assert exited.evidence["last_sent_step"] == "reminder"
    assert exited.evidence["last_sent_at"] == MONDAY + 12 * HOUR
    assert exited.evidence["occurred_at"] == MONDAY + 12 * HOUR + 1_000


def test_f82_a_record_comes_before_timers_of_the_same_moment() -> None:
    ada = Customer(program_of(flow(WAIT, send(), exit_on=ORDER_ENDS)))
    ada.view(MONDAY)
    ada.order(MONDAY + 12 * HOUR)
    ada.until(MONDAY + DAY)
    assert ada.sent() == []


def test_an_event_never_ends_the_journey_that_it_starts() -> None:
    ada = Customer(program_of(flow(WAIT, send(), exit_on=[{"metric": "view.item"}])))
    ada.view(MONDAY)
    assert len(ada.state.journeys) == 1
    ada.view(MONDAY + 1)
    assert ada.outcomes() == ["entered", "exited exit_on", "entered"]


def test_f86_coming_back_ends_it_and_does_not_start_it_again() -> None:
    steps = [WAIT, send("one"), {"wait": "2d", "id": "more"}, send("two")]
    keys: dict[str, Any] = {"exit_on": [{"metric": "view.item"}], "re_entry": {"after": "30d"}}
    ada = Customer(program_of(flow(*steps, **keys)))
    ada.view(MONDAY)
    ada.view(MONDAY + 2 * DAY)
    ada.until(MONDAY + 29 * DAY)
    assert [template for _, template in ada.sent()] == ["one"]


def test_unsubscribing_by_a_message_is_unsubscribing() -> None:
    """In triggers and in exits (SEMANTICS 7.3)."""
    ends = [{"metric": "customer.unsubscribed", "where": {"channel": "email"}}]
    program = program_of(
        flow(WAIT, send(), exit_on=ends),
        flow(send("bye", "web"), on="customer.unsubscribed", name="bye"),
    )
    ada = Customer(program)
    ada.view(MONDAY)
    ada.event("message.unsubscribed", MONDAY + 1, send_id="s", channel="sms")
    assert len(ada.state.journeys) == 1
    ada.event("message.unsubscribed", MONDAY + 2, send_id="s", channel="email")
    assert ada.state.journeys == []
    assert ada.sent() == [(MONDAY + 1, "bye"), (MONDAY + 2, "bye")]


def test_journeys_end_and_go_on_by_priority_flow_and_entry() -> None:
    steps = (WAIT, send(smart_sending="false"))
    program = program_of(
        flow(*steps, name="b", exit_on=ORDER_ENDS),
        flow(*steps, name="a", exit_on=ORDER_ENDS),
        flow(*steps, name="z", priority="60", exit_on=ORDER_ENDS),
    )
    ended, went_on = Customer(program), Customer(program)
    for ada in (ended, went_on):
        ada.view(MONDAY)
        ada.view(MONDAY)
    ended.order(MONDAY + 1)
    went_on.until(MONDAY + DAY)
    in_order = ["z", "z", "a", "a", "b", "b"]
    assert [decision.flow for decision in ended.decisions(Outcome.EXITED)] == in_order
    assert [decision.flow for decision in went_on.decisions(Outcome.SENT)] == in_order
    first, second = went_on.decisions(Outcome.SENT)[:2]
    entered = [d.journey_id for d in went_on.decisions(Outcome.ENTERED) if d.flow == "z"]
    assert [first.journey_id, second.journey_id] == entered


def test_a_timer_decides_as_of_its_due_time() -> None:
    ada = Customer(program_of(flow(WAIT, send())))
    ada.view(MONDAY)
    act(ada.program, ada.state, DUE, ada.state.next_due or 0, ada.effects)
    assert ada.sent() == [(MONDAY + 12 * HOUR, "hello")]
    assert ada.decisions(Outcome.SENT)[0].at == MONDAY + 12 * HOUR
    assert ada.state.next_due is None


def test_only_what_is_due_fires() -> None:
    ada = Customer(program_of(flow(WAIT, send(smart_sending="false"))))
    ada.view(MONDAY)
    ada.view(MONDAY + 1)
    act(ada.program, ada.state, DUE, MONDAY + 12 * HOUR, ada.effects)
    assert len(ada.sent()) == 1
    assert ada.state.next_due == MONDAY + 12 * HOUR + 1


def test_a_metric_that_is_not_defined_is_counted() -> None:
    ada = Customer(program_of(flow(send())))
    ada.event("survey.answered", MONDAY, score=7)
    assert ada.state.recent["survey.answered"].total == 1
    assert ada.outcomes() == []


def test_an_erased_customer_is_a_new_one() -> None:
    ada = Customer(program_of(flow(WAIT, send(), re_entry="never")))
    ada.view(MONDAY)
    ada.event("customer.erased", MONDAY + 1, event_id="erase")
    assert ada.outcomes() == ["entered", "exited erased"]
    ada.view(MONDAY + 2)
    assert ada.outcomes() == ["entered", "exited erased", "entered"]
    assert ada.state.profile == {}


def test_1_12_at_most_1000_steps_for_one_moment() -> None:
    """The rest goes on a millisecond later."""
    steps = [send(f"t{n}", smart_sending="false") for n in range(400)]
    ada = Customer(program_of(flow(WAIT, *steps)))
    for _ in range(3):
        ada.view(MONDAY)
    due = MONDAY + 12 * HOUR
    act(ada.program, ada.state, DUE, due, ada.effects)
    assert len(ada.sent()) <= MOST_STEPS
    assert ada.effects.loops == 1
    assert ada.state.next_due == due + 1
    ada.until(due + 1)
    assert len(ada.sent()) == 1_200
    assert len({command.send_id for command in ada.effects.commands}) == 1_200
    assert ada.outcomes()[-1] == "exited finished"


def test_the_same_input_gives_the_same_decisions() -> None:
    program = program_of(flow(WAIT, send(), exit_on=ORDER_ENDS, re_entry="restart"))
    runs: list[Effects] = []
    for _ in range(2):
        ada = Customer(program)
        for hour in range(0, 48, 5):
            ada.view(MONDAY + hour * HOUR)
        ada.order(MONDAY + 3 * DAY)
        runs.append(ada.effects)
    assert runs[0].decisions == runs[1].decisions
    assert runs[0].commands == runs[1].commands
