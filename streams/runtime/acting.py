"""Acts: all that is decided about a customer goes through here, whatever the cause.

record ──┐                        ┌─► what is summed up and learnt of the day
timer ───┼─► state ──► engine ──► ┼─► the state's bytes ──► too large? room is made
visit ───┘                │       └─► the customer's timer is moved
                          └─ our own code fails ──► Poisoned
"""

from streams.engine import (
    LARGE_STATE,
    Backfill,
    Cause,
    CustomerState,
    Due,
    Event,
    Instant,
    Review,
    Scanned,
    act,
    check_fits,
    forget_oldest,
)
from streams.ports import Record, Rejection
from streams.runtime.customers import Customers
from streams.runtime.days import Days
from streams.runtime.in_force import InForce
from streams.runtime.side_outputs import TIMER_TOPIC, PoisonId, SideOutputs, timer_id
from streams.runtime.timers import Timers
from streams.runtime.uncommitted import Uncommitted

RecordCause = Event | Review | Backfill
"""What a record says of a customer."""

SUMMED_UP = frozenset({"order.placed", "order.cancelled", "order.refunded", "customer.erased"})
"""The metrics that change what is summed up of a customer who is known already."""


class Acting:
    """Lets the engine act on the customers of a task, and takes over what comes of it."""

    def __init__(
        self,
        in_force: InForce,
        customers: Customers,
        uncommitted: Uncommitted,
        timers: Timers,
        days: Days,
        side_outputs: SideOutputs,
    ) -> None:
        self._in_force = in_force
        self._customers = customers
        self._uncommitted = uncommitted
        self._timers = timers
        self._days = days
        self._side_outputs = side_outputs

    def by_record(
        self, cause: RecordCause, record: Record, now: Instant, poison_id: PoisonId
    ) -> None:
        """Acts on what a record says of a customer, at its effective time. Raises Poisoned with
        `poison_id`, Refused."""
        customer = record.key
        assert customer is not None  # the decoder has refused records without a key
        state = self._customers.get(customer)
        if isinstance(cause, Event):
            if cause.occurred_at > now:  # it can't have happened later than it was recorded
                cause.occurred_at = now
                self._uncommitted.pending.counts["clamped"] += 1
            if cause.metric in SUMMED_UP or not state.sequence:
                self._days.sums.take(state)
                self._act(customer, state, cause, now, poison_id)
                self._days.sums.add(state)
                return
        self._act(customer, state, cause, now, poison_id)

    def by_time(
        self,
        customer: bytes,
        state: CustomerState,
        cause: Due | Scanned,
        due: Instant,
        now: Instant,
    ) -> None:
        """Acts on a timer or a visit as of `due`. `now` is the stream clock, which dates dead
        letters. Raises Poisoned."""
        poisoned = self._side_outputs.poisoned
        if poisoned and timer_id(state, due) in poisoned:
            self._reject_timer(customer, state, due, now)
        elif not self._act(customer, state, cause, due, None):
            return
        self._uncommitted.pending.timers += 1

    def _reject_timer(
        self, customer: bytes, state: CustomerState, due: Instant, now: Instant
    ) -> None:
        """Writes a dead letter in place of acting: what was due is so no more until the customer's
        next event."""
        rejection = Rejection("deciding at this timer failed; the worker's log has the error")
        self._side_outputs.dead_letter(
            TIMER_TOPIC, Record(due, due, customer, None), rejection, now
        )
        before = state.next_due
        if before is not None and before <= due:
            state.next_due = None
        self._uncommitted.pending.touch(customer, state)
        if state.next_due != before:
            self._timers.move(customer, None)

    def _act(
        self,
        customer: bytes,
        state: CustomerState,
        cause: Cause,
        at: Instant,
        poison_id: PoisonId | None,
    ) -> bool:
        """Returns whether the state has changed. `poison_id` is that of a record; None: a timer."""
        pending, before = self._uncommitted.pending, state.next_due
        effects = pending.effects
        try:
            has_changed = act(self._in_force.program, state, cause, at, effects)
            if poison_id is None and state.next_due is not None and state.next_due <= at:
                raise RuntimeError(f"what was due at {at} left a timer due at the same time")
            if not has_changed:
                return False
            size = pending.touch(customer, state)
            if size > LARGE_STATE:
                self._shrink(customer, state, size, cause, at)
        except Exception as error:
            raise self._side_outputs.failed(poison_id or timer_id(state, at), error) from error
        if effects.purchases:
            self._days.learn(effects.purchases)
            effects.purchases.clear()
        if state.next_due != before:
            self._timers.move(customer, state.next_due)
        return True

    def _shrink(
        self, customer: bytes, state: CustomerState, size: int, cause: Cause, at: Instant
    ) -> None:
        """The state takes `size` bytes, which is large: its oldest past events are forgotten
        (DESIGN 6.2). Raises OverflowError where it still fits into no transaction: what made it so
        becomes a dead letter."""
        pending = self._uncommitted.pending
        event_id = cause.event_id if isinstance(cause, Event) else None
        if forget_oldest(state, size, at, event_id, pending.effects):
            size = pending.touch(customer, state)
        check_fits(state, size)
