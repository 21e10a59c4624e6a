"""The customers of a task: the current state of each.

    get ──► cached ──► changed since the last commit ──► in flight ──► stored ──► new
    put ──► cached, and changed since the last commit

All of these are bytes. A decoded state lives as long as one decision: whatever fails midway leaves
nothing behind.
"""

from streams.engine import (
    CustomerState,
    NewerState,
    decode_state,
    due_header,
    encode_state,
    is_forgotten,
    new_state,
)
from streams.errors import Refused
from streams.ports import Store
from streams.runtime.cache import StateCache
from streams.runtime.uncommitted import Uncommitted


class Customers:
    """The states of a task's customers."""

    def __init__(
        self, partition: int, store: Store, uncommitted: Uncommitted, cache_memory: int
    ) -> None:
        """`cache_memory` in bytes."""
        self._partition = partition
        self._store = store
        self._uncommitted = uncommitted
        self._cache = StateCache(cache_memory)

    def get(self, customer: bytes) -> CustomerState:
        """The current state, the caller's own. Raises Refused if a newer version wrote it."""
        encoded = self._cache.get(customer)
        if encoded is None:
            encoded = self._read(customer)
            if encoded is None:
                return new_state(customer.decode())
            self._cache.put(customer, encoded)
        return self.decoded(encoded)

    def _read(self, customer: bytes) -> bytes | None:
        for changes in reversed(self._uncommitted.changes()):
            if customer in changes:
                return changes[customer]  # None: erased, whatever the store still holds
        return self._store.get(customer)

    def put(self, customer: bytes, state: CustomerState) -> int:
        """Adds a changed state to the next transaction and returns its size in bytes. Encoded at
        once: the size is limited (engine/customer/limits.py), and few customers change twice in a
        transaction."""
        pending = self._uncommitted.pending
        changes = pending.changes
        if customer not in changes:
            before = self._cache.get(customer)
            if before is not None:
                # As the store has it once the transaction in flight is written: it needn't read it.
                pending.due_before[customer] = due_header(before)
        if is_forgotten(state):
            changes[customer] = None
            self._cache.drop(customer)
            return 0
        encoded = changes[customer] = encode_state(state)
        self._cache.put(customer, encoded)
        return len(encoded)

    def decoded(self, stored: bytes) -> CustomerState:
        """Decodes a stored state. Raises Refused if a newer version wrote it."""
        try:
            return decode_state(stored)
        except NewerState as error:
            raise Refused(f"task {self._partition}: {error}") from error
