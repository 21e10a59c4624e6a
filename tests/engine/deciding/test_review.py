"""Messages that await review, one customer at a time; the cases M70 to M72 have the rest."""

import msgspec

from streams.engine import Outcome, Review, act
from streams.engine.program.review_queue import KEPT, MOST_WAITING
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

MANUAL = flow(send("manual", status="manual", expires="400d", smart_sending="false"), send("later"))


def say(ada: Customer, at: int, *, is_approved: bool = True, number: int = 0) -> None:
    """A person's answer to the `number`th request."""
    ada.until(at - 1)
    request = ada.effects.reviews[number]
    given = Review(request.send_id, "ada", is_approved, None, at)
    act(ada.program, ada.state, given, at, ada.effects)


def test_the_request_is_what_would_be_sent_now() -> None:
    ada = Customer(program_of(MANUAL))
    ada.view(MONDAY)
    [request] = ada.effects.reviews
    say(ada, MONDAY + HOUR)
    [command] = [one for one in ada.effects.commands if one.template == "manual"]
    assert request.decided_at == MONDAY
    later = MONDAY + HOUR
    assert command == msgspec.structs.replace(request, decided_at=later, not_before=later)


def test_an_address_that_is_no_text_is_not_in_the_request() -> None:
    ada = Customer(program_of(MANUAL))
    ada.state.profile["email"] = 17
    ada.view(MONDAY)
    [request] = ada.effects.reviews
    assert request.recipient is None


def test_a_second_review_and_one_of_an_unknown_message_are_stale() -> None:
    ada = Customer(program_of(MANUAL))
    ada.view(MONDAY)
    say(ada, MONDAY + DAY)
    say(ada, MONDAY + 2 * DAY)
    say(ada, MONDAY + 3 * DAY, is_approved=False)
    unknown = Review("s", "ada", True, None, MONDAY)
    act(ada.program, ada.state, unknown, MONDAY + 4 * DAY, ada.effects)
    assert ada.effects.reviews_stale == 3
    assert len(ada.decisions(Outcome.SENT)) == 2
    assert ada.state.reviews == []


def test_one_that_is_held_has_a_timer_and_is_not_approved_twice() -> None:
    quiet = flow(send("manual", status="manual", quiet_hours=["00:00", "06:00"]))
    ada = Customer(program_of(quiet))
    ada.view(MONDAY)
    due_before = ada.state.next_due
    assert due_before is None
    say(ada, MONDAY + HOUR)
    assert ada.state.next_due == MONDAY + 6 * HOUR
    say(ada, MONDAY + 2 * HOUR)
    assert ada.effects.reviews_stale == 1
    ada.until(MONDAY + 6 * HOUR)
    assert ada.sent() == [(MONDAY + 6 * HOUR, "manual")]
    assert ada.state.next_due is None


def test_the_state_holds_a_bounded_number_of_unanswered_requests() -> None:
    ada = Customer(program_of(flow(send("manual", status="manual"))))
    for number in range(MOST_WAITING + 5):
        ada.view(MONDAY + number)
    assert len(ada.state.reviews) == MOST_WAITING
    say(ada, MONDAY + HOUR, number=4)
    assert ada.effects.reviews_stale == 1
    say(ada, MONDAY + HOUR, number=5)
    assert ada.sent() == [(MONDAY + HOUR, "manual")]
    ada.view(MONDAY + 30 + KEPT)  # numbers 0 to 30 are given up
    assert len(ada.state.reviews) == MOST_WAITING + 5 - 31 + 1


def test_a_flow_with_an_in_flow_condition_does_not_count_itself() -> None:
    alone = {"not": {"in_flow": "flow"}}
    steps = (send("manual", status="manual", only_if=alone), {"wait": "1d", "id": "pause"})
    ada = Customer(program_of(flow(*steps, send("later"))))
    ada.view(MONDAY)
    say(ada, MONDAY + HOUR)
    assert ada.sent() == [(MONDAY + HOUR, "manual")]
