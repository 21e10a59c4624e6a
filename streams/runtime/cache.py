"""Decoded states of customers, bounded."""

from streams.engine import CustomerState


class StateCache:
    """The states used last. Two generations: a used state moves to the young one; when that is
    full, it becomes the old one, and the old one is dropped. So the states among the last `size`
    used are always cached, at the cost of one dict look-up."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[bytes, CustomerState] = {}
        self._old: dict[bytes, CustomerState] = {}

    def get(self, customer: bytes) -> CustomerState | None:
        """The cached state, if any."""
        state = self._young.get(customer)
        if state is None:
            state = self._old.get(customer)
            if state is not None:
                self.put(customer, state)
        return state

    def put(self, customer: bytes, state: CustomerState) -> None:
        """Caches the state."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[customer] = state

    def drop(self, customer: bytes) -> None:
        """Removes one customer (erased)."""
        self._young.pop(customer, None)
        self._old.pop(customer, None)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
