import pytest

from streams.engine import LARGE_STATE, Effects, Outcome, encode_state
from streams.engine.customer.journey import Journey
from streams.engine.customer.limits import (
    LEAST_PAST,
    MANY_JOURNEYS,
    MOST_JOURNEYS,
    MOST_STATE,
    MOST_TRIGGERS,
    check_fits,
    forget_oldest,
    may_add_journey,
)
from streams.engine.customer.past import Past
from streams.engine.customer.state import CustomerState
from tests.harness.customer import DAY, MONDAY, Customer, flow, program_of, send

VIEW = "view.item"


def with_past(number: int, *, name: str = "x" * 50, beside: int = 0) -> CustomerState:
    """A state with so many views, and other things of `beside` bytes."""
    state = CustomerState("ada", profile={"note": "n" * beside})
    past = state.recent[VIEW] = Past()
    for nth in range(number):
        past.add(MONDAY + nth, nth, {"name": name})
    return state


def room_made(state: CustomerState) -> Effects:
    effects = Effects(decisions=[])
    assert forget_oldest(state, len(encode_state(state)), MONDAY + DAY, "e1", effects)
    return effects


def test_the_oldest_are_forgotten_and_a_decision_says_since_when_the_past_is_whole() -> None:
    state = with_past(6_000)
    size = len(encode_state(state))
    assert size > LARGE_STATE
    (decision,) = room_made(state).decisions
    past = state.recent[VIEW]
    assert len(encode_state(state)) < LARGE_STATE
    assert past.at(-1) == MONDAY + 5_999
    assert past.since == MONDAY + (6_000 - len(past) - 1) + 1
    assert (decision.outcome, decision.reason, decision.flow) == (Outcome.FORGOTTEN, "", "")
    assert (decision.at, decision.customer_id, decision.event_id) == (MONDAY + DAY, "ada", "e1")
    assert decision.evidence == {
        "bytes": size,
        "forgotten": {VIEW: 6_000 - len(past)},
        "history_since": past.since,
    }


def test_so_much_is_forgotten_at_once_that_the_next_events_find_room() -> None:
    state = with_past(6_000)
    room_made(state)
    for nth in range(500):
        state.recent[VIEW].add(MONDAY + DAY + nth, 6_000 + nth, {"name": "x" * 50})
    assert len(encode_state(state)) < LARGE_STATE


def test_the_metric_that_takes_most_room_is_forgotten_first() -> None:
    state = with_past(6_000)
    state.recent["order.placed"] = Past()
    state.recent["order.placed"].add(MONDAY, 1, {"total": 1})
    (decision,) = room_made(state).decisions
    assert list(decision.evidence["forgotten"]) == [VIEW]
    assert len(state.recent["order.placed"]) == 1


def test_a_past_that_takes_little_stays_where_something_else_is_large() -> None:
    state = with_past(LEAST_PAST // 14, name="", beside=2 * LARGE_STATE)
    state.recent[VIEW].data = []
    effects = Effects(decisions=[])
    before = len(state.recent[VIEW])
    assert not forget_oldest(state, len(encode_state(state)), MONDAY, None, effects)
    assert (len(state.recent[VIEW]), effects.decisions) == (before, [])


def test_the_newest_event_stays() -> None:
    state = with_past(1, name="x" * 2 * LARGE_STATE)
    assert not forget_oldest(state, len(encode_state(state)), MONDAY, None, Effects(decisions=[]))
    assert len(state.recent[VIEW]) == 1


def journeys(number: int, trigger: bytes = b"") -> CustomerState:
    state = CustomerState("ada")
    state.journeys = [Journey("f", str(nth), 0, 0, 0, trigger=trigger) for nth in range(number)]
    return state


@pytest.mark.parametrize(
    ("number", "trigger", "leaving", "has_room"),
    [
        (MOST_JOURNEYS - 1, 0, 0, True),
        (MOST_JOURNEYS, 0, 0, False),
        (MOST_JOURNEYS, 0, 1, True),
        (MANY_JOURNEYS, MOST_TRIGGERS // MANY_JOURNEYS - 1, 0, True),
        (MANY_JOURNEYS, MOST_TRIGGERS // MANY_JOURNEYS, 0, False),
        (MANY_JOURNEYS - 1, MOST_TRIGGERS, 0, True),  # few: what is too large is found at once
    ],
)
def test_rule_1_12_running_journeys_are_bounded(
    number: int, trigger: int, leaving: int, has_room: bool
) -> None:
    assert may_add_journey(journeys(number, bytes(trigger)), leaving) is has_room


def test_rule_1_12_no_entry_with_too_many_journeys() -> None:
    program = program_of(flow({"wait": "30d", "id": "pause"}, send()))
    ada = Customer(program)
    for nth in range(MOST_JOURNEYS + 2):
        ada.view(MONDAY + nth)
    refused = ada.decisions(Outcome.NOT_ENTERED, "loop")
    assert [one.evidence for one in refused] == [{"running_journeys": MOST_JOURNEYS}] * 2
    assert ada.effects.loops == 2
    ada.until(MONDAY + 30 * DAY)  # the first has ended
    ada.view(MONDAY + 30 * DAY)
    assert len(ada.decisions(Outcome.ENTERED)) == MOST_JOURNEYS + 1


def test_rule_1_12_a_restart_needs_no_more_room_than_what_it_ends() -> None:
    keys = {"re_entry": "restart"}
    program = program_of(flow({"wait": "30d", "id": "pause"}, send(), **keys))
    ada = Customer(program)
    ada.view(MONDAY)
    ada.state.journeys += journeys(MOST_JOURNEYS - 1).journeys
    for journey in ada.state.journeys[1:]:
        journey.flow = "another"
    ada.view(MONDAY + 1)
    assert len(ada.decisions(Outcome.ENTERED)) == 2


@pytest.mark.parametrize(("size", "fits"), [(MOST_STATE, True), (MOST_STATE + 1, False)])
def test_what_fits_into_no_transaction_is_refused(size: int, fits: bool) -> None:
    if fits:
        check_fits(CustomerState("ada"), size)
    else:
        with pytest.raises(OverflowError, match="state of 'ada' would grow to 900001 bytes"):
            check_fits(CustomerState("ada"), size)
