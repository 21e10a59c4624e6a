"""Timers and scans: decisions about customers without a record.

Both happen at a due time, and the clock of the task has advanced to it before. A dead letter has
the time of that clock (`now`), which is past the due time if a late record set the timer.
"""

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

    def fire(self, now: Instant) -> None:
        """Fires the earliest timer, as of its due time (DESIGN 5.4)."""
        due, customer = self._timers.pop()
        self._acting.by_time(customer, self._customers.get(customer), DUE, due, now)

    def scan_chunk(self, due: Instant, now: Instant) -> int:
        """Decides about the candidates of the chunks due at `due`, and fires the timers in between
        (SEMANTICS 5.2: by due time, then by customer id). Returns the number of customers read."""
        page = self._scans.next_page(self._in_force.program)
        for candidate in page.candidates:
            while self._timers.comes_before(due, candidate.customer):
                self.fire(now)
            self._act_on(candidate, due, now)
        return page.size

    def _act_on(self, candidate: ScanCandidate, due: Instant, now: Instant) -> None:
        # The state is still current: the timers in between are those of other customers. It isn't
        # cached: most of a million customers are not needed again.
        state = self._customers.decoded(candidate.state)
        self._acting.by_time(candidate.customer, state, candidate.cause, due, now)
