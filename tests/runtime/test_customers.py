"""The current state of a customer: cached, uncommitted, stored or new."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import CustomerState, due_header, encode_state, new_state
from streams.errors import Refused
from streams.ports import StoreBatch
from streams.runtime.commit import Commit, Pending, Position
from streams.runtime.customers import Customers
from streams.runtime.uncommitted import Uncommitted
from streams.store.memory import MemoryStore

ANY_CACHE = pytest.mark.parametrize("cache_memory", [0, 1_000_000])


class CountingStore(MemoryStore):
    """Counts its reads."""

    reads = 0

    def get(self, key: bytes) -> bytes | None:
        self.reads += 1
        return super().get(key)


class Parts:
    """Customers over a store, with the transactions of a task."""

    def __init__(self, cache_memory: int) -> None:
        self.store = CountingStore()
        self.uncommitted = Uncommitted()
        self.uncommitted.pending = Pending()
        self.customers = Customers(0, self.store, self.uncommitted, cache_memory)

    def put(self, customer: bytes, sequence: int, next_due: int | None = None) -> None:
        state = self.customers.get(customer)
        state.sequence, state.next_due = sequence, next_due
        self.customers.put(customer, state)

    def erase(self, customer: bytes) -> None:
        self.customers.put(customer, new_state(customer.decode()))

    def prepare(self) -> Commit:
        pending = self.uncommitted.pending
        commit = self.uncommitted.in_flight = pending.prepare(Position({}, 0), 0)
        self.uncommitted.pending = Pending()
        return commit

    def end(self) -> None:
        """The store holds the transaction in flight, which names only its own due times."""
        assert self.uncommitted.in_flight is not None
        batch = self.uncommitted.in_flight.batch
        for customer, due in batch.due_before.items():
            stored = super(CountingStore, self.store).get(customer)
            assert stored is not None
            assert due_header(stored) == due
        self.store.write(batch)
        self.uncommitted.in_flight = None

    def commit(self) -> None:
        self.prepare()
        self.end()


@ANY_CACHE
def test_an_erased_customer_is_new_before_during_and_after_the_transaction(
    cache_memory: int,
) -> None:
    """The store and the cache held the state until then."""
    parts = Parts(cache_memory)
    parts.put(b"ada", 3)
    parts.commit()
    parts.erase(b"ada")
    assert parts.customers.get(b"ada") == new_state("ada")
    parts.prepare()
    assert parts.customers.get(b"ada") == new_state("ada")
    parts.end()
    assert parts.customers.get(b"ada") == new_state("ada")


@ANY_CACHE
def test_a_customer_who_returns_after_the_erasure_is_known_again(cache_memory: int) -> None:
    parts = Parts(cache_memory)
    parts.put(b"ada", 3)
    parts.commit()
    parts.erase(b"ada")
    parts.prepare()
    parts.put(b"ada", 1)
    assert parts.customers.get(b"ada").sequence == 1
    parts.end()
    assert parts.customers.get(b"ada").sequence == 1


@ANY_CACHE
def test_a_decision_that_fails_midway_leaves_nothing_behind(cache_memory: int) -> None:
    parts = Parts(cache_memory)
    parts.put(b"ada", 1)
    state = parts.customers.get(b"ada")
    state.sequence = 2
    state.profile["half"] = "done"
    assert parts.customers.get(b"ada").sequence == 1
    assert parts.customers.get(b"ada").profile == {}


def test_a_customer_who_comes_again_is_read_from_the_store_once() -> None:
    parts = Parts(1_000_000)
    parts.put(b"ada", 1)
    assert parts.store.reads == 1
    for sequence in (2, 3):
        parts.commit()
        parts.put(b"ada", sequence)
    assert parts.store.reads == 1
    assert parts.customers.get(b"ada").sequence == 3


def test_uncommitted_due_times_are_those_of_customers_newest_last() -> None:
    parts = Parts(0)
    for customer, due in ((b"ada", 5), (b"bob", 6), (b"cyd", None)):
        parts.put(customer, 1, due)
    parts.prepare()
    parts.put(b"ada", 2, 7)
    parts.erase(b"bob")
    parts.uncommitted.pending.changes[b"\x00own"] = b"123456789"
    assert list(parts.uncommitted.due_times()) == [
        (b"ada", 5),
        (b"bob", 6),
        (b"cyd", None),
        (b"ada", 7),
        (b"bob", None),
    ]


@ANY_CACHE
def test_a_state_of_a_newer_version_is_refused_with_the_task(cache_memory: int) -> None:
    parts = Parts(cache_memory)
    parts.store.write(StoreBatch({b"ada": b"\xfe" + encode_state(new_state("ada"))[1:]}, 1, 0))
    for _ in range(2):
        with pytest.raises(Refused, match=r"task 0: .*newer version"):
            parts.customers.get(b"ada")


_ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["put", "erase", "get"]), st.sampled_from([b"a", b"b", b"c"])),
        st.tuples(st.sampled_from(["prepare", "end"]), st.none()),
    ),
    max_size=40,
)


@given(_ACTS, st.sampled_from([0, 500, 1_000, 1_000_000]))
def test_whatever_is_cached_in_flight_or_stored_the_newest_state_is_returned(
    acts: list[tuple[str, Any]], cache_memory: int
) -> None:
    parts = Parts(cache_memory)
    newest: dict[bytes, CustomerState] = {}
    for number, (act, customer) in enumerate(acts, 1):
        if act == "put":
            parts.put(customer, number, number)
            newest[customer] = CustomerState(customer.decode(), number, number)
        elif act == "erase":
            parts.erase(customer)
            newest.pop(customer, None)
        elif act == "get":
            expected = newest.get(customer, new_state(customer.decode()))
            assert parts.customers.get(customer) == expected
        elif act == "prepare" and parts.uncommitted.in_flight is None:
            parts.prepare()
        elif act == "end" and parts.uncommitted.in_flight is not None:
            parts.end()
    for customer in (b"a", b"b", b"c"):
        expected = newest.get(customer, new_state(customer.decode()))
        assert parts.customers.get(customer) == expected
