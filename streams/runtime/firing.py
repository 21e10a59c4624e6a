"""What happens to customers without a record: their timers, and visits to them.

Both come at a due time, and the clock of the task has been moved to it before. A dead letter is
dated by that clock (`now`), which is past the due time where a late record set the timer.
"""

from streams.engine import DUE, Instant
from streams.runtime.acting import Acting
from streams.runtime.customers import Customers
from streams.runtime.in_force import InForce
from streams.runtime.scans import ScanCandidate, Scans
from streams.runtime.timers import Timers


class Firing:
    """Fires the timers of a task, and visits its customers."""

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
        """The earliest timer, as of its due time (DESIGN 5.4)."""
        due, customer = self._timers.pop()
        self._acting.by_time(customer, self._customers.get(customer), DUE, due, now)

    def scan_chunk(self, due: Instant, now: Instant) -> int:
        """The customers whom the chunks concern that are due at `due`, and the timers that come in
        between (SEMANTICS 5.2: by due time, then by customer id). Returns how many were looked at.
        """
        page = self._scans.next_page(self._in_force.program)
        for candidate in page.candidates:
            while self._timers.comes_before(due, candidate.customer):
                self.fire(now)
            self._act_on(candidate, due, now)
        return page.size

    def _act_on(self, candidate: ScanCandidate, due: Instant, now: Instant) -> None:
        customer = candidate.customer
        state = self._customers.in_memory(customer)
        if state is None:
            # Not cached: most of a million customers are of no further use.
            assert isinstance(candidate.known, bytes)
            state = self._customers.decoded(candidate.known)
        self._acting.by_time(customer, state, candidate.cause, due, now)
