"""The store in memory, for flow tests and replay."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import islice, takewhile

from streams.engine import Instant, due_header
from streams.ports import FIRST_CUSTOMER, OWN_KEY_PREFIX, StoreBatch
from streams.store.layout import NO_DUE


class MemoryStore:
    """ports.Store in a dict."""

    def __init__(self) -> None:
        self._states: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []  # of _states, in order
        self._timers: list[tuple[Instant, bytes]] = []  # (due, customer), in order
        self._changelog_offset: int | None = None
        self._written_at: Instant | None = None

    def get(self, key: bytes) -> bytes | None:
        return self._states.get(key)

    def write(self, batch: StoreBatch) -> None:
        for key, state in batch.changes.items():
            before = self._states.get(key)
            if not key.startswith(OWN_KEY_PREFIX):
                self._move_timer(key, _due_of(before), _due_of(state))
            if state is not None:
                if before is None:
                    insort(self._keys, key)
                self._states[key] = state
            elif before is not None:
                del self._states[key]
                del self._keys[bisect_left(self._keys, key)]
        self._changelog_offset = batch.changelog_offset
        self._written_at = batch.written_at

    def changelog_offset(self) -> int | None:
        return self._changelog_offset

    def written_at(self) -> Instant | None:
        return self._written_at

    def timers(self, start: Instant, end: Instant, limit: int) -> list[tuple[Instant, bytes]]:
        first = bisect_left(self._timers, (start, b""))
        after = bisect_left(self._timers, (end, b""))
        return self._timers[first : min(after, first + limit)]

    def customers(self, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        first = max(bisect_right(self._keys, after), bisect_left(self._keys, FIRST_CUSTOMER))
        return [(key, self._states[key]) for key in self._keys[first : first + limit]]

    def own(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        first = max(bisect_right(self._keys, after), bisect_left(self._keys, prefix))
        keys = takewhile(lambda key: key.startswith(prefix), islice(self._keys, first, None))
        return [(key, self._states[key]) for key in islice(keys, limit)]

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        for key in list(self._keys):
            yield key, self._states[key]

    def clear(self) -> None:
        self._states.clear()
        self._keys.clear()
        self._timers.clear()
        self._changelog_offset = None
        self._written_at = None

    def close(self) -> None:
        pass

    def _move_timer(self, customer: bytes, before: Instant | None, after: Instant | None) -> None:
        if before == after:
            return
        if before is not None:
            del self._timers[bisect_left(self._timers, (before, customer))]
        if after is not None:
            insort(self._timers, (after, customer))


def _due_of(state: bytes | None) -> Instant | None:
    if state is None or due_header(state) == NO_DUE:
        return None
    return int.from_bytes(due_header(state), "big")
