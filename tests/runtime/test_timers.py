"""The window of due times in memory, over a store that knows the rest."""

from hypothesis import given
from hypothesis import strategies as st

from streams.engine import encode_state, new_state
from streams.ports import StoreBatch
from streams.runtime.timers import FAR_FUTURE, Timers
from streams.store.memory import MemoryStore


def state_due(customer: str, due: int | None) -> bytes:
    state = new_state(customer)
    state.next_due = due
    return encode_state(state)


def store_with(due: dict[str, int]) -> MemoryStore:
    store = MemoryStore()
    changes: dict[bytes, bytes | None] = {
        customer.encode(): state_due(customer, at) for customer, at in due.items()
    }
    store.write(StoreBatch(changes, 1, 0))
    return store


def fired(timers: Timers) -> list[tuple[int, bytes]]:
    order = []
    while timers.next_due < FAR_FUTURE:
        order.append(timers.pop())
    return order


def test_earliest_first_then_by_customer() -> None:
    timers = Timers(store_with({"b": 5, "a": 5, "c": 3}), list)
    assert fired(timers) == [(3, b"c"), (5, b"a"), (5, b"b")]


def test_a_timer_that_is_moved_or_dropped_in_the_same_transaction_fires_as_the_later_says() -> None:
    """PITFALLS 27."""
    timers = Timers(store_with({"a": 5, "b": 6}), list)
    timers.move(b"a", 9)
    timers.move(b"b", None)
    timers.move(b"c", 7)
    timers.move(b"c", 8)
    assert fired(timers) == [(8, b"c"), (9, b"a")]


def test_moved_there_and_back_fires_once() -> None:
    timers = Timers(store_with({"a": 5}), list)
    timers.move(b"a", 9)
    timers.move(b"a", 5)
    assert fired(timers) == [(5, b"a")]


def test_moved_again_and_again_while_exactly_half_of_the_most_wait() -> None:
    timers = Timers(MemoryStore(), list, most_in_memory=4)
    for due in (9, 8, 7, 6):
        timers.move(b"a", due)
    timers.move(b"b", 5)
    assert fired(timers) == [(5, b"b"), (6, b"a")]


def test_overdue_timers_fire_once_with_their_own_due_time() -> None:
    """PITFALLS 28."""
    timers = Timers(store_with({"a": 1}), list)
    assert timers.next_due == 1
    assert fired(timers) == [(1, b"a")]


def test_many_that_are_due_in_one_millisecond_stay_together() -> None:
    customers = {f"{number:03}": 7 for number in range(50)}
    timers = Timers(store_with(customers), list, most_in_memory=4)
    assert fired(timers) == [(7, one.encode()) for one in customers]


@given(
    stored=st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(1, 12)),
    moves=st.lists(
        st.tuples(st.sampled_from("abcdefghijklmnop"), st.none() | st.integers(1, 12)),
        max_size=30,
    ),
)
def test_a_window_of_any_size_gives_the_same_order_as_a_sorted_list(
    stored: dict[str, int], moves: list[tuple[str, int | None]]
) -> None:
    uncommitted: dict[bytes, int | None] = {}
    expected = {one.encode(): at for one, at in stored.items()}
    timers = Timers(store_with(stored), lambda: uncommitted.items(), most_in_memory=4)
    order: list[tuple[int, bytes]] = []
    reference: list[tuple[int, bytes]] = []
    for customer, due in moves:
        key = customer.encode()
        # Time doesn't run backwards: a new due time is never before what has fired.
        if order and due is not None:
            due = max(due, order[-1][0])
        uncommitted[key] = due
        timers.move(key, due)
        if due is None:
            expected.pop(key, None)
        else:
            expected[key] = due
        if expected:
            key = min(expected, key=lambda one: (expected[one], one))
            reference.append((expected.pop(key), key))
            assert timers.next_due == reference[-1][0]
            order.append(timers.pop())
            uncommitted[order[-1][1]] = None
    order += fired(timers)
    reference += sorted((at, key) for key, at in expected.items())
    assert order == reference
