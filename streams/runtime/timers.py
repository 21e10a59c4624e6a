"""The next due times of a task in memory; the others stay in the store.

A window [now, `_until`) of due times is in memory, as a heap. Later ones are in the store's timer
index and in uncommitted changes. So a task with ten million waiting customers keeps only the next
ones in memory (DESIGN 5.9).
"""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from streams.engine import Instant
from streams.ports import Store

FAR_FUTURE: Instant = 1 << 62

MOST_IN_MEMORY = 10_000
"""Due times per task. Reading half of them from the store, beside 20,000 uncommitted ones, blocks
the event loop for 9 ms; twice as many took 24 ms, and as long per timer."""


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
        self._due: dict[bytes, Instant] = {}  # valid entries of the heap; the others were moved
        self._until: Instant = 0
        self.next_due: Instant = 0
        """The earliest due time (FAR_FUTURE: none); stored, because it is read per record."""
        self._refill()

    def move(self, customer: bytes, due: Instant | None) -> None:
        """Sets the earliest timer of `customer` to `due` (None: no timer)."""
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
        """True if a timer precedes one of `customer` at `due`."""
        return self.next_due <= due and self._heap[0] < (due, customer)

    def pop(self) -> tuple[Instant, bytes]:
        """Removes and returns the earliest (due, customer). The caller fires it, and calls `move`
        with the next due time."""
        due, customer = heappop(self._heap)
        del self._due[customer]
        self._advance()
        return due, customer

    def _advance(self) -> None:
        """Drops moved entries from the top and sets `next_due`."""
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
        """Reads the next window; uncommitted due times override the store's."""
        start, limit = self._until, self._most // 2
        while True:
            page = self._store.timers(start, FAR_FUTURE, limit)
            if len(page) < limit:
                until = FAR_FUTURE
                break
            until = page[-1][0]  # exclusive: more may be due in this millisecond
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
        """Drops the later half from memory; the store and uncommitted changes hold it."""
        ordered = sorted((at, key) for key, at in self._due.items())
        if len(ordered) <= self._most // 2:
            self._heap = ordered  # mostly moved entries
            return
        until = ordered[self._most // 2][0]
        if until == ordered[0][0]:
            self._most *= 2  # all due in one millisecond: indivisible
            return
        self._until = until
        self._heap = [entry for entry in ordered if entry[0] < until]
        self._due = {key: at for at, key in self._heap}
