import pytest

from streams.ports import StoreBatch
from streams.store.memory import MemoryStore
from tests.store.states import state


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_is_new_before_the_first_write(store):
    assert store.changelog_offset() is None
    assert store.written_at() is None
    assert store.get(b"anna") is None


def test_pitfall_46_an_offset_of_zero_is_an_offset(store):
    store.write(StoreBatch({}, 0, 0))
    assert store.changelog_offset() == 0
    assert store.written_at() == 0


def test_a_customer_has_one_timer_that_moves(store):
    store.write(StoreBatch({b"anna": state(100), b"ben": state(200)}, 1, 1))
    store.write(StoreBatch({b"anna": state(300)}, 2, 2))
    assert store.timers(0, 1_000, 10) == [(200, b"ben"), (300, b"anna")]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(100, 101, [b"anna"]), (99, 100, []), (101, 200, []), (100, 200, [b"anna"])],
)
def test_timers_are_due_from_start_until_before_end(store, start, end, expected):
    store.write(StoreBatch({b"anna": state(100)}, 1, 1))
    assert [customer for _, customer in store.timers(start, end, 10)] == expected


def test_keys_of_the_task_are_no_customers_and_have_no_timers(store):
    store.write(StoreBatch({b"\x00position": state(100), b"anna": state(None)}, 1, 1))
    assert store.customers(b"", 10) == [(b"anna", state(None))]
    assert store.timers(0, 1_000, 10) == []
    assert [key for key, _ in store.items()] == [b"\x00position", b"anna"]


def test_customers_go_on_after_the_one_named(store):
    store.write(StoreBatch({name: state(None) for name in (b"a", b"b", b"c")}, 1, 1))
    assert [key for key, _ in store.customers(b"a", 1)] == [b"b"]
    assert [key for key, _ in store.customers(b"aa", 5)] == [b"b", b"c"]
    assert store.customers(b"c", 5) == []


def test_a_deleted_customer_leaves_nothing(store):
    store.write(StoreBatch({b"anna": state(100)}, 1, 1))
    store.write(StoreBatch({b"anna": None}, 2, 2))
    assert list(store.items()) == []
    assert store.timers(0, 1_000, 10) == []
