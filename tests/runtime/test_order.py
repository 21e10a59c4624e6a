"""Places: the one order in which a task does things."""

import pytest

from streams.runtime.order import (
    FIRST_TOPIC,
    LATE,
    START,
    TIMERS,
    late_order_key,
    order_key,
    time_of,
)


def test_records_come_before_timers_of_the_same_time_and_late_ones_first() -> None:
    phases = [START, LATE, FIRST_TOPIC, FIRST_TOPIC + 1, TIMERS]
    places = [order_key(5, phase) for phase in phases]
    assert places == sorted(places)
    assert places[-1] < order_key(6, START)
    assert {time_of(one) for one in places} == {5}


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (START, order_key(7, LATE)),  # a cut brought the clock to 7: nothing of 7 was done yet
        (LATE, order_key(7, LATE)),  # another late one was
        (FIRST_TOPIC, order_key(8, LATE)),  # one on time was: a replay puts late ones before it
        (TIMERS, order_key(8, LATE)),
    ],
)
def test_a_late_record_goes_to_the_first_place_that_a_replay_can_repeat(
    phase: int, expected: int
) -> None:
    assert late_order_key(order_key(7, phase)) == expected
