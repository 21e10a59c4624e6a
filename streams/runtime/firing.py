"""Timers and scans: decisions about customers without a record.

Both happen at a due time, and the clock of the task has advanced to it before. A dead letter has
the time of that clock (`now`), which is past the due time if a late record set the timer.
"""

from collections import deque

from streams.engine import DUE, Instant
from streams.runtime.acting import Acting
from streams.runtime.customers import Customers
from streams.runtime.in_force import InForce
from streams.runtime.scans import ScanCandidate, Scans
from streams.runtime.timers import Timers


class Firing:
    """Fires the timers of a task, and scans its customers."""

    def __init__(
        self,
        in_force: InForce,
        customers: Customers,
        timers: Timers,
        scans: Scans,
        acting: Acting,
    ) -> None:
        self._in_force = in_force
        self._customers = customers
        self._timers = timers
        self._scans = scans
        self._acting = acting
        self._chunk_due: Instant = 0
        self._chunk: deque[ScanCandidate] = deque()  # the rest of the current chunk

    @property
    def is_within_chunk(self) -> bool:
        """True while a chunk has begun and isn't complete. Nothing else may happen then, and no
        transaction may begin: the cursor of the scan is past the chunk already."""
        return bool(self._chunk)

    def fire(self, now: Instant) -> None:
        """Fires the earliest timer, as of its due time (DESIGN 5.4)."""
        due, customer = self._timers.pop()
        self._acting.by_time(customer, self._customers.get(customer), DUE, due, now)

    def begin_chunk(self, due: Instant, now: Instant, most: int) -> int:
        """Reads the chunks due at `due` and begins to decide about their candidates; see
        `continue_chunk`. Returns the number of customers read."""
        page = self._scans.next_page(self._in_force.program)
        self._chunk_due, self._chunk = due, deque(page.candidates)
        self.continue_chunk(now, most)
        return page.size

    def continue_chunk(self, now: Instant, most: int | None = None) -> None:
        """Decides about further candidates of the chunk, and fires the timers in between
        (SEMANTICS 5.2: by due time, then by customer id): up to `most` of both; None: all."""
        due, chunk = self._chunk_due, self._chunk
        done = 0
        while chunk and (most is None or done < most):
            if self._timers.comes_before(due, chunk[0].customer):
                self.fire(now)
            else:
                self._act_on(chunk.popleft(), due, now)
            done += 1

    def _act_on(self, candidate: ScanCandidate, due: Instant, now: Instant) -> None:
        # The state is still current: the timers in between are those of other customers. It isn't
        # cached: most of a million customers are not needed again.
        state = self._customers.decoded(candidate.state)
        self._acting.by_time(candidate.customer, state, candidate.cause, due, now)
