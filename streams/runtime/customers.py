"""The customers of a task: the current state of each.

changed since the last commit ──► in the transaction in progress ──► cached ──► stored ──► new
"""

from collections.abc import Iterator, Mapping

from streams.engine import CustomerState, NewerState, decode_state, new_state
from streams.errors import Refused
from streams.ports import Store
from streams.runtime.cache import StateCache
from streams.runtime.uncommitted import Uncommitted

PAGE = 1_000
"""Customers per read from the store."""


class Customers:
    """The states of a task's customers."""

    def __init__(
        self, partition: int, store: Store, uncommitted: Uncommitted, most_cached: int
    ) -> None:
        self._partition = partition
        self._store = store
        self._uncommitted = uncommitted
        self._cache = StateCache(most_cached)

    def get(self, customer: bytes) -> CustomerState:
        """The current state: changed since the last commit, or cached, or stored. Raises Refused if
        a newer version wrote it."""
        state = self.in_memory(customer)
        if state is None:
            stored = self._store.get(customer)
            state = new_state(customer.decode()) if stored is None else self.decoded(stored)
            self._cache.put(customer, state)
        return state

    def in_memory(self, customer: bytes) -> CustomerState | None:
        """The current state if no read is needed, else None."""
        uncommitted = self._uncommitted
        state = uncommitted.pending.customers.get(customer)
        if state is None and uncommitted.in_flight is not None:
            state = uncommitted.in_flight.customers.get(customer)
        return self._cache.get(customer) if state is None else state

    def cached(self, customer: bytes) -> CustomerState | None:
        """The cached state, if any."""
        return self._cache.get(customer)

    def stored(self) -> Iterator[CustomerState]:
        """All stored states."""
        after = b""
        while page := self._store.customers(after, PAGE):
            for _, stored in page:
                yield self.decoded(stored)
            after = page[-1][0]

    def decoded(self, stored: bytes) -> CustomerState:
        """Decodes a stored state. Raises Refused if a newer version wrote it."""
        try:
            return decode_state(stored)
        except NewerState as error:
            raise Refused(f"task {self._partition}: {error}") from error

    def committed(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Called once the store holds `changes`: drops erased customers from the cache."""
        for customer, change in changes.items():
            if change is None:
                self._cache.drop(customer)
