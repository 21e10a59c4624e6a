"""What happens to customers without a record: their timers, and visits to them.

Both come at a due time, and the clock of the task has been moved to it before. A dead letter is
dated by that clock (`now`), which is past the due time where a late record set the timer.
"""

from streams.engine import LARGE_STATE, CustomerState, Instant, fire, visit
from streams.ports import Record, Rejection
from streams.runtime.audience import Audience, Visited
from streams.runtime.customers import Customers
from streams.runtime.in_force import InForce
from streams.runtime.notices import Notices
from streams.runtime.timers import Timers
from streams.runtime.uncommitted import Uncommitted

TIMER = "timer"
"""Where a dead letter of a timer comes from, in place of a topic."""


class Firing:
    """Fires the timers of a task, and visits its customers."""

    def __init__(
        self,
        in_force: InForce,
        customers: Customers,
        uncommitted: Uncommitted,
        timers: Timers,
        audience: Audience,
        notices: Notices,
    ) -> None:
        self._in_force = in_force
        self._customers = customers
        self._uncommitted = uncommitted
        self._timers = timers
        self._audience = audience
        self._notices = notices

    def fire(self, now: Instant) -> None:
        """The earliest timer, as of its due time (DESIGN 5.4)."""
        due, customer = self._timers.pop()
        pending = self._uncommitted.pending
        state = self._customers.get(customer)
        pending.timers += 1
        if self._notices.poisoned and timer_mark(state, due) in self._notices.poisoned:
            self._set_aside(customer, state, due, now)
            return
        try:
            fire(self._in_force.program, state, due, pending.effects)
            if state.next_due is not None and state.next_due <= due:
                raise RuntimeError(f"a timer that was due at {due} is due again at the same time")
            if pending.touch(customer, state) > LARGE_STATE:
                self._customers.make_room(customer, state, due, None)
        except Exception as error:
            raise self._notices.failed(timer_mark(state, due), error) from error
        self._timers.move(customer, state.next_due)

    def visit_chunk(self, due: Instant, now: Instant) -> int:
        """The customers of the chunks that are due at `due`, and the timers that come in between
        (SEMANTICS 5.2: by due time, then by customer id). Returns how many were visited."""
        chunk = self._audience.next_chunk(self._in_force.program)
        for visited in chunk:
            while self._timers.comes_before(due, visited.customer):
                self.fire(now)
            self._visit(visited, due, now)
        return len(chunk)

    def _visit(self, visited: Visited, due: Instant, now: Instant) -> None:
        pending, customer = self._uncommitted.pending, visited.customer
        state = self._customers.at_hand(customer)
        if state is None:
            # Not cached: most of a million customers are of no further use.
            assert visited.stored is not None
            state = self._customers.decoded(visited.stored)
        before = state.next_due
        if self._notices.poisoned and timer_mark(state, due) in self._notices.poisoned:
            self._set_aside(customer, state, due, now)
        else:
            try:
                has_changed = visit(
                    self._in_force.program, state, visited.visits, due, pending.effects
                )
                if state.next_due is not None and state.next_due <= due:
                    raise RuntimeError(f"a visit at {due} left a timer due at the same time")
                if has_changed and pending.touch(customer, state) > LARGE_STATE:
                    self._customers.make_room(customer, state, due, None)
            except Exception as error:
                raise self._notices.failed(timer_mark(state, due), error) from error
            if not has_changed:
                return
        pending.timers += 1
        if state.next_due != before:
            self._timers.move(customer, state.next_due)

    def _set_aside(self, customer: bytes, state: CustomerState, due: Instant, now: Instant) -> None:
        rejection = Rejection("deciding at this timer failed; the worker's log has the error")
        self._notices.dead_letter(TIMER, Record(due, due, customer, None), rejection, now)
        if state.next_due is not None and state.next_due <= due:
            state.next_due = None  # until the customer's next event
        self._uncommitted.pending.touch(customer, state)


def timer_mark(state: CustomerState, due: Instant) -> tuple[str, int]:
    """What names the timer of a customer that was due at `due`, among the poisoned."""
    return f"{TIMER} of {state.customer_id}", due
