"""The near future of a task's due times; the far future stays in the store.

A window [now, `_until`) of due times is in memory, as a heap. Beyond it the store's timer index
and what isn't committed yet know more. So a task with ten million waiting customers keeps
only the next ones in memory (DESIGN 5.9).
"""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from streams.engine import Instant
from streams.ports import Store

FAR_FUTURE: Instant = 1 << 62

MOST_IN_MEMORY = 20_000
"""Due times of one task. Reading half as many from the store takes 10 ms, in which the event loop
stands still; ten times as many took a tenth of a second, and longer per timer."""


class Timers:
    """Due times of customers, earliest first, then by customer key (SEMANTICS 5.2)."""

    def __init__(
        self,
        store: Store,
        uncommitted: Callable[[], Iterable[tuple[bytes, Instant | None]]],
        most_in_memory: int = MOST_IN_MEMORY,
    ) -> None:
        self._store = store
        self._uncommitted = uncommitted
        self._most = most_in_memory
        self._heap: list[tuple[Instant, bytes]] = []
        self._due: dict[bytes, Instant] = {}  # what of the heap is valid; the rest was moved
        self._until: Instant = 0
        self.next_due: Instant = 0
        """The earliest due time (FAR_FUTURE: none), kept here because every record asks."""
        self._refill()

    def move(self, customer: bytes, due: Instant | None) -> None:
        """The earliest timer of `customer` is now due at `due` (None: there is none)."""
        if due is None or due >= self._until:
            if self._due.pop(customer, None) is not None:
                self._advance()
            return
        self._due[customer] = due
        heappush(self._heap, (due, customer))
        self._advance()
        if len(self._heap) > self._most:
            self._shrink()

    def comes_before(self, due: Instant, customer: bytes) -> bool:
        """Is a timer due before one of `customer` at `due` would be?"""
        return self.next_due <= due and self._heap[0] < (due, customer)

    def pop(self) -> tuple[Instant, bytes]:
        """The earliest (due, customer). The caller fires it and says when the next is due."""
        due, customer = heappop(self._heap)
        del self._due[customer]
        self._advance()
        return due, customer

    def _advance(self) -> None:
        """Drops what was moved from the top and says what is next."""
        heap, current = self._heap, self._due
        while heap and current.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        if heap:
            self.next_due = heap[0][0]
        elif self._until < FAR_FUTURE:
            self._refill()
        else:
            self.next_due = FAR_FUTURE

    def _refill(self) -> None:
        """Reads the next stretch of the future; what isn't committed yet replaces what the store
        says of the same customer."""
        start, limit = self._until, self._most // 2
        while True:
            page = self._store.timers(start, FAR_FUTURE, limit)
            if len(page) < limit:
                until = FAR_FUTURE
                break
            until = page[-1][0]  # others may be due in this very millisecond: exclusive
            if until > page[0][0]:
                break
            limit *= 2
        moved = dict(self._uncommitted())
        due = {key: at for at, key in page if at < until and key not in moved}
        due |= {key: at for key, at in moved.items() if at is not None and start <= at < until}
        self._due |= due
        self._heap = [(at, key) for key, at in self._due.items()]
        heapify(self._heap)
        self._until = until
        self.next_due = self._heap[0][0] if self._heap else FAR_FUTURE
        if not self._heap and until < FAR_FUTURE:
            self._refill()

    def _shrink(self) -> None:
        """Forgets the later half; the store and the uncommitted changes still know it."""
        ordered = sorted((at, key) for key, at in self._due.items())
        if len(ordered) < self._most // 2:
            self._heap = ordered  # it was mostly moved entries
            return
        until = ordered[self._most // 2][0]
        if until == ordered[0][0]:
            self._most *= 2  # all due in one millisecond: they belong together
            return
        self._until = until
        self._heap = [entry for entry in ordered if entry[0] < until]
        self._due = {key: at for at, key in self._heap}
