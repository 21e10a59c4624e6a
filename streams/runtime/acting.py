"""Decisions about a customer: every cause goes through here.

record ──┐                        ┌─► purchases of the day; valuation of midnight, if in progress
timer ───┼─► state ──► engine ──► ┼─► encoded state ──► too large? oldest events dropped
scan ────┘                │       └─► the customer's next timer
                          └─ exception in our code ──► Poisoned
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
from streams.errors import SendflowError
from streams.ports import Record, Rejection
from streams.runtime.coupon_uses import CouponUses
from streams.runtime.customers import Customers
from streams.runtime.days import Days
from streams.runtime.in_force import InForce
from streams.runtime.side_outputs import TIMER_TOPIC, PoisonId, SideOutputs, timer_id
from streams.runtime.timers import Timers
from streams.runtime.uncommitted import Uncommitted
from streams.runtime.valuation import Valuation

RecordCause = Event | Review | Backfill
"""The causes that come as records."""


OF_COUPONS = frozenset({"coupon.redeemed", "order.placed", "customer.erased"})
"""Metrics that end given codes, or forget to whom they were given (SEMANTICS 7.1)."""


class Acting:
    """Runs the engine on the customers of a task, and applies the results."""

    def __init__(
        self,
        in_force: InForce,
        customers: Customers,
        uncommitted: Uncommitted,
        timers: Timers,
        days: Days,
        valuation: Valuation,
        coupon_uses: CouponUses,
        side_outputs: SideOutputs,
    ) -> None:
        self._in_force = in_force
        self._customers = customers
        self._uncommitted = uncommitted
        self._timers = timers
        self._days = days
        self._valuation = valuation
        self._coupon_uses = coupon_uses
        self._side_outputs = side_outputs

    def by_record(
        self, cause: RecordCause, record: Record, now: Instant, poison_id: PoisonId
    ) -> None:
        """Acts on a record at its effective time. Raises Poisoned with `poison_id`, Refused."""
        customer = record.key
        assert customer is not None  # the decoder rejects records without a key
        state = self._customers.get(customer)
        if isinstance(cause, Event) and cause.occurred_at > now:  # not after its record time
            cause.occurred_at = now
            self._uncommitted.pending.counts["clamped"] += 1
        self._act(customer, state, cause, now, poison_id)
        if isinstance(cause, Event) and cause.metric in OF_COUPONS:
            self._note_coupons(cause)

    def _note_coupons(self, event: Event) -> None:
        """Counts the use of a code, which an order may tell, too."""
        if event.metric == "customer.erased":
            self._coupon_uses.forget(event.customer_id)
        elif code := event.data.get("coupon_code") or event.data.get("code"):
            self._coupon_uses.redeem(event.customer_id, code)

    def by_time(
        self,
        customer: bytes,
        state: CustomerState,
        cause: Due | Scanned,
        due: Instant,
        now: Instant,
    ) -> None:
        """Acts on a timer or a scan as of `due`. `now` is stream time, the time of dead letters.
        Raises Poisoned."""
        poisoned = self._side_outputs.poisoned
        if poisoned and timer_id(state, due) in poisoned:
            self._reject_timer(customer, state, due, now)
        elif not self._act(customer, state, cause, due, None):
            return
        self._uncommitted.pending.timers += 1

    def _reject_timer(
        self, customer: bytes, state: CustomerState, due: Instant, now: Instant
    ) -> None:
        """Writes a dead letter in place of acting; the customer's due timers are off until the next
        event."""
        rejection = Rejection("processing this timer failed; see the worker's log")
        self._side_outputs.dead_letter(
            TIMER_TOPIC, Record(due, due, customer, None), rejection, now
        )
        before = state.next_due
        if before is not None and before <= due:
            state.next_due = None
        self._customers.put(customer, state)
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
        """Returns True if the state has changed. `poison_id` is that of a record; None: a timer."""
        if customer <= self._valuation.after:
            return self._decide(customer, state, cause, at, poison_id)
        self._valuation.changes(state)
        has_changed = self._decide(customer, state, cause, at, poison_id)
        self._valuation.changed(state)
        return has_changed

    def _decide(
        self,
        customer: bytes,
        state: CustomerState,
        cause: Cause,
        at: Instant,
        poison_id: PoisonId | None,
    ) -> bool:
        before, effects = state.next_due, self._uncommitted.pending.effects
        try:
            has_changed = act(self._in_force.program, state, cause, at, effects)
            if poison_id is None and state.next_due is not None and state.next_due <= at:
                raise RuntimeError(f"timer due at {at} is due again at {at}")
            if not has_changed:
                return False
            self._days.is_quiet = False
            if effects.purchases:
                self._days.learn(effects.purchases)
                effects.purchases.clear()
            size = self._customers.put(customer, state)
            if size > LARGE_STATE:
                self._shrink(customer, state, size, cause, at)
        except SendflowError:  # of the store, say: the record or timer is not to blame
            raise
        except Exception as error:
            raise self._side_outputs.failed(poison_id or timer_id(state, at), error) from error
        if state.next_due != before:
            self._timers.move(customer, state.next_due)
        return True

    def _shrink(
        self, customer: bytes, state: CustomerState, size: int, cause: Cause, at: Instant
    ) -> None:
        """Drops the oldest past events of a state of `size` bytes (DESIGN 6.2). Raises
        OverflowError if it still fits into no transaction: its cause becomes a dead letter."""
        effects = self._uncommitted.pending.effects
        event_id = cause.event_id if isinstance(cause, Event) else None
        if forget_oldest(state, size, at, event_id, effects):
            size = self._customers.put(customer, state)
        check_fits(state, size)
