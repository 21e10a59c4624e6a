import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.customer.past import Occurrence, Past, remember_first

MOMENTS = st.integers(min_value=0, max_value=(1 << 42) - 1)
"""From 1970 to 2109: the moments that are kept."""


@given(st.lists(st.tuples(MOMENTS, st.none() | st.integers(0, 9))))
def test_it_is_the_sorted_list_of_what_was_added(events: list[tuple[int, int | None]]) -> None:
    past, listed = Past(), []
    for sequence, (at, value) in enumerate(events):
        data = None if value is None else {"value": value}
        past.add(at, sequence, data)
        listed.append(Occurrence(at, sequence, data))
    listed.sort(key=lambda event: (event.at, event.sequence))
    assert list(past) == listed
    assert len(past) == len(listed)
    assert [past.at(place) for place in range(len(past))] == [event.at for event in listed]
    assert past[1:-1] == listed[1:-1]
    assert list(reversed(past)) == listed[::-1]


@given(st.integers(0, 5), st.booleans())
def test_the_oldest_are_forgotten(number: int, has_data: bool) -> None:
    past = Past()
    for at in range(5):
        past.add(at, at, {"value": at} if has_data and at % 2 else None)
    kept = list(past)[number:]
    past.forget_first(number)
    assert list(past) == kept


def test_places_count_from_both_ends() -> None:
    past = remember_first(7, 1, {"value": 1})
    past.add(9, 2, None)
    assert past[0] == Occurrence(7, 1, {"value": 1})
    assert past[-1] == Occurrence(9, 2, None)
    assert past.at(-1) == 9
    for outside in (2, -3):
        with pytest.raises(IndexError):
            past[outside]


def test_no_field_is_kept_where_none_is_read() -> None:
    assert remember_first(7, 1, None).data == []
    past = remember_first(7, 1, None)
    past.add(8, 2, {})
    assert past.data == []


def test_a_remembered_event_keeps_its_currency_without_a_rate() -> None:
    past = remember_first(7, 1, {"order_id": "1"}, "USD")
    assert list(msgspec.msgpack.decode(past.data[0] or b"")) == ["\0no_rate", "order_id"]
    assert past[0] == Occurrence(7, 1, {"order_id": "1"}, "USD")
    past.add(9, 2, {}, None)
    assert past.data[1] is None
    past.add(10, 3, None, "EUR")
    assert list(past)[1:] == [Occurrence(9, 2), Occurrence(10, 3, {}, "EUR")]


@pytest.mark.parametrize(("limit", "left"), [(0, 3), (10, 2), (19, 2), (20, 0), (30, 0)])
def test_the_events_after_a_moment_are_without_those_at_it(limit: int, left: int) -> None:
    past = Past()
    assert past.after(limit) == []
    for sequence, at in enumerate([10, 20, 20]):
        past.add(at, sequence, {"n": sequence})
    assert past.after(limit) == past[3 - left :]
