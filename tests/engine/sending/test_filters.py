from streams.engine import Outcome
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

NO_ORDER = {"count": "order.placed", "since": "flow_start", "equals": "0"}
WAIT = {"wait": "4h", "id": "pause"}


def test_e4_e5_the_profile_filter_is_judged_before_every_message() -> None:
    steps = (WAIT, send("one"), {"wait": "1d", "id": "more"}, send("two"))
    ada = Customer(program_of(flow(*steps, filter=NO_ORDER)))
    ada.view(MONDAY)
    ada.order(MONDAY + HOUR)
    ada.until(MONDAY + 3 * DAY)
    assert ada.sent() == []
    skipped = ada.decisions(Outcome.SKIPPED, "profile_filter")
    assert [decision.step for decision in skipped] == ["one", "two"]
    assert ada.outcomes()[-1] == "exited finished"


def test_e7_what_came_before_the_trigger_does_not_count() -> None:
    ada = Customer(program_of(flow(WAIT, send(), filter=NO_ORDER)))
    ada.order(MONDAY - HOUR)
    ada.view(MONDAY)
    ada.until(MONDAY + DAY)
    assert ada.sent() == [(MONDAY + 4 * HOUR, "hello")]


def test_it_is_judged_afresh_at_the_next_step() -> None:
    """Out at the first message, in again at the second."""
    steps = (WAIT, send("one"), {"wait": "1d", "id": "more"}, send("two"))
    ada = Customer(program_of(flow(*steps, filter={"profile": "country", "equals": "GB"})))
    ada.event("customer.updated", MONDAY, set={"country": "GB"}, unset=[])
    ada.view(MONDAY + 1)
    ada.event("customer.updated", MONDAY + 2, set={"country": "DE"}, unset=[])
    ada.event("customer.updated", MONDAY + DAY, set={"country": "GB"}, unset=[])
    ada.until(MONDAY + 3 * DAY)
    assert [template for _, template in ada.sent()] == ["two"]


def test_the_messages_own_condition_comes_second() -> None:
    german = {"profile": "country", "equals": "DE"}
    steps = (send("one", only_if=german), send("two"))
    ada = Customer(program_of(flow(*steps)))
    ada.view(MONDAY)
    assert [template for _, template in ada.sent()] == ["two"]
    assert ada.decisions(Outcome.SKIPPED, "message_filter")[0].step == "one"
    both = flow(WAIT, send("one", only_if=german), filter=NO_ORDER)
    ada = Customer(program_of(both))
    ada.view(MONDAY)
    ada.order(MONDAY + 1)
    ada.until(MONDAY + DAY)
    assert [d.reason for d in ada.decisions(Outcome.SKIPPED)] == ["profile_filter"]
