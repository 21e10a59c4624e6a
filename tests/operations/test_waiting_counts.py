"""Waiting customers by step, from the newest changelog record of each."""

from collections.abc import Iterator

from streams.engine import CustomerState, Journey, JourneyState, encode_state, new_state
from streams.operations.waiting_counts import count_waiting

Records = list[tuple[bytes, bytes | None]]


def journey(flow: str, step: str, number: int = 1) -> Journey:
    return Journey(flow, f"{flow}-{number}", 0, 0, 0, step=step, state=JourneyState.WAITING)


def state(customer: str, *journeys: Journey, reviews: tuple[Journey, ...] = ()) -> CustomerState:
    made = new_state(customer)
    made.journeys, made.reviews = list(journeys), list(reviews)
    return made


def records(*states: CustomerState) -> Iterator[tuple[bytes, bytes | None]]:
    return ((one.customer_id.encode(), encode_state(one)) for one in states)


def test_customers_are_counted_by_step_and_by_flow() -> None:
    waiting = count_waiting(
        records(
            state("ada", journey("f", "w"), journey("g", "x")),
            state("bob", journey("f", "w")),
            state("cleo", journey("f", "v")),
            state("dora"),
        )
    )
    assert waiting.at_step == {("f", "w"): 2, ("f", "v"): 1, ("g", "x"): 1}
    assert waiting.in_flow == {"f": 3, "g": 1}


def test_one_customer_with_two_journeys_at_a_step_is_one() -> None:
    waiting = count_waiting(records(state("ada", journey("f", "w", 1), journey("f", "w", 2))))
    assert (waiting.at_step, waiting.in_flow) == ({("f", "w"): 1}, {"f": 1})


def test_messages_that_wait_for_a_person_count() -> None:
    waiting = count_waiting(records(state("ada", reviews=(journey("f", "mail"),))))
    assert waiting.at_step == {("f", "mail"): 1}


def test_the_newest_record_of_a_customer_is_the_one_that_counts() -> None:
    moved: Records = list(records(state("ada", journey("f", "w")), state("ada", journey("f", "v"))))
    assert count_waiting(moved).at_step == {("f", "v"): 1}
    done: Records = [*moved, *records(state("ada"))]
    assert count_waiting(done).at_step == {}
    erased: Records = [*moved, (b"ada", None)]
    assert count_waiting(erased).in_flow == {}
