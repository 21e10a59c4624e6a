"""Encoded states of customers in memory, bounded by their bytes."""

ENTRY_OVERHEAD = 150
"""Bytes of an entry beside its key and its state: two objects' headers and rounding (80), and its
place in a dict that is half full (70)."""


class StateCache:
    """The states used last, as bytes: the collector has nothing to traverse, and 300 bytes are held
    where the decoded state takes 5 KB.

    Two generations: a used state moves to the young one; when that has half of the bytes, it
    becomes the old one, and the old one is dropped. So the states used within the last half are
    always cached, at the cost of a dict look-up or two.
    """

    def __init__(self, capacity: int) -> None:
        """`capacity` in bytes, keys and overhead included."""
        self._half = capacity // 2
        self._left = self._half
        """Bytes until the young generation is full."""
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}

    def get(self, customer: bytes) -> bytes | None:
        """The cached state, if any."""
        state = self._young.get(customer)
        if state is None:
            state = self._old.get(customer)
            if state is not None:
                self.put(customer, state)
        return state

    def put(self, customer: bytes, state: bytes) -> None:
        """Caches the state, in place of an older one."""
        before = self._young.get(customer)
        if before is None:
            self._left -= len(customer) + len(state) + ENTRY_OVERHEAD
        else:
            self._left -= len(state) - len(before)
        self._young[customer] = state
        if self._left < 0:
            self._old, self._young, self._left = self._young, {}, self._half

    def drop(self, customer: bytes) -> None:
        """Removes one customer (erased)."""
        state = self._young.pop(customer, None)
        if state is not None:
            self._left += len(customer) + len(state) + ENTRY_OVERHEAD
        self._old.pop(customer, None)
