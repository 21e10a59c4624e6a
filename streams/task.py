"""PartitionTask: the one place where state, time and output meet.

A task owns all input partitions of one number. It merges them by record time, fires the timers
that are due before each record, lets the engine decide, and collects what the next transaction
holds. It knows neither Kafka nor the wall clock: records are fed to it, the wall time is an
argument, and somebody else carries transactions out.

    feed ──► Input ─┐
    feed ──► Input ─┼─► Merge.choose ──► engine.decide ──┐
    cut ──►  bounds ┘        ▲                           ├─► Pending ──► prepare_commit ──► Commit
                             └──── Timers ──► engine.fire┘                                  │
                                                                committed ◄── transaction ◄─┘
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from streams.engine import (
    COUNTED,
    INPUTS,
    LARGE_STATE,
    Backfill,
    Event,
    Instant,
    Interest,
    Product,
    Program,
    backfill,
    decide,
    review,
)
from streams.engine.values import DAY
from streams.errors import LookupNeeded, SendflowError
from streams.ports import CONTROL, CouponCode, Decoded, Ports, Record, Rejection, TaskSettings
from streams.runtime.audience import Audience
from streams.runtime.commit import Commit, Pending, Position, position_in
from streams.runtime.coupons import CouponBook
from streams.runtime.customers import Customers
from streams.runtime.days import Days
from streams.runtime.firing import Firing
from streams.runtime.in_force import InForce
from streams.runtime.inputs import Inputs
from streams.runtime.merge import Input
from streams.runtime.news import News
from streams.runtime.notices import Notices
from streams.runtime.order import LATE, START, TIMERS, Place, place, time_of
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products
from streams.runtime.timers import FAR_FUTURE, Timers
from streams.runtime.uncommitted import Uncommitted

PRODUCTS = "products"
TICK_HEADER = "sendflow-tick"
PAUSE: Instant = 10_000
"""A task that waits is run several times a second. If it wasn't for so long, because the group had
to agree or the machine slept, no input is to blame."""
SUMMED_UP = frozenset({"order.placed", "order.cancelled", "order.refunded", "customer.erased"})
"""The metrics that change what is summed up of a customer who is known already."""


class PartitionTask:
    """All inputs with one partition number, their customers and their decisions."""

    def __init__(
        self,
        partition: int,
        ports: Ports,
        settings: TaskSettings,
        poisoned: frozenset[tuple[str, int]] = frozenset(),
        beginnings: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Opens the task on a store that holds all of its changelog.

        `poisoned` names records (topic, offset) and timers (`firing.timer_mark`) at which deciding
        failed: they become dead letters (PITFALLS 61). `beginnings` holds the first offset that
        there is of inputs that the task has never read (`commit.never_read`). Raises Refused where
        there are customers, but no position.
        """
        self.partition = partition
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self._ports = ports
        self._store = ports.store
        position = position_in(ports.store, partition)
        self._inputs = Inputs(partition, settings, position, beginnings, self.counts)
        self._merge, self._control = self._inputs.merge, self._inputs.control
        self._clock: Place = position.clock
        uncommitted = self._uncommitted = Uncommitted()
        self._customers = Customers(partition, ports.store, uncommitted, settings.cached_customers)
        own = OwnKeys(ports.store, uncommitted.changes, lambda: uncommitted.pending.changes)
        self._coupons = CouponBook(own, partition, self.counts)
        uncommitted.pending = Pending(self._coupons)
        self._waits_for: Input | None = None
        self._unanswered: LookupNeeded | None = None
        self._wall: Instant = 0
        self._timers = Timers(ports.store, uncommitted.due_times)
        self._audience = Audience(
            position.plans, ports.store, uncommitted.states, self._customers.cached
        )
        self._notices = Notices(
            partition, ports.encoder, uncommitted, self.counts, poisoned, position.late_sequence
        )
        self._in_force = InForce(
            self._control,
            ports.control,
            self._audience,
            self._coupons,
            self._notices,
            position.set_aside,
        )
        self._days = Days(
            position.day_end, own, self._customers.stored, waits=settings.is_simulated
        )
        self._products = Products(own)
        self._news = News(
            self._products,
            self._in_force,
            ports.encoder,
            uncommitted,
            is_simulated=settings.is_simulated,
        )
        self._firing = Firing(
            self._in_force,
            self._customers,
            uncommitted,
            self._timers,
            self._audience,
            self._notices,
        )

    # ── What the worker asks ──────────────────────────────────────────────────────────────────

    @property
    def positions(self) -> dict[str, int]:
        """Next offset to process, by topic: where the inputs are sought to."""
        return {topic: self._merge.by_topic[topic].resume_at for topic in INPUTS}

    @property
    def place(self) -> Place:
        """How far it is, more finely than the clock: it goes on with all that is processed."""
        return self._clock

    @property
    def clock(self) -> Instant:
        """The stream clock, ms since the epoch."""
        return time_of(self._clock)

    @property
    def waits_for(self) -> str | None:
        """The topic that holds the task back, or what must be asked first (`unanswered`); None
        while it has something to do."""
        if self._unanswered is not None:
            return self._unanswered.what
        return None if self._waits_for is None else self._waits_for.topic

    @property
    def unanswered(self) -> LookupNeeded | None:
        """What must be asked before the next record can be judged. The task waits at that record,
        as it does for an input; each `run` tries it again."""
        return self._unanswered

    @property
    def next_due(self) -> Instant | None:
        """When the next timer, or the next chunk of a visit, is due; None if there is none."""
        due = min(self._timers.next_due, self._audience.next_due, self._products.next_due)
        return None if due == FAR_FUTURE else due

    @property
    def program(self) -> Program:
        """What decides now: the definitions and the facts that are in force."""
        return self._in_force.program

    @property
    def uncommitted(self) -> int:
        """Records and timers decided since the last `prepare_commit`."""
        return self._uncommitted.pending.events + self._uncommitted.pending.timers

    def buffered(self, topic: str) -> tuple[int, int]:
        """Records and bytes of `topic` that were fed and not yet processed."""
        one = self._merge.by_topic[topic]
        return len(one.records), one.buffered_bytes

    def state_of(self, customer: str) -> bytes | None:
        """The committed state of a customer, never what isn't committed yet (PITFALLS 55)."""
        return self._store.get(customer.encode())

    # ── Records and time ──────────────────────────────────────────────────────────────────────

    def feed(self, topic: str, records: list[Record], next_offset: int, end: int | None) -> None:
        """Adds records of one fetch. `next_offset` follows the last of them; `end` is the end of
        the partition, if the fetch reached it. Raises Poisoned, Refused: see `run`."""
        if topic == CONTROL:
            self._in_force.feed(records)
        self._inputs.feed(topic, records, next_offset, end)
        self._waits_for = None

    def needs_cut(self, wall: Instant) -> list[str]:
        """The topics whose end must be known for the clock to go on (DESIGN 5.2)."""
        if self._waits_for is None or self._unanswered is not None:
            return []
        return self._inputs.of_unknown_end(wall, self._days.awaited, self._in_force.fact_until)

    def cut(self, wall: Instant, ends: dict[str, int]) -> None:
        """The ends of partitions, asked for at or after the wall time `wall`: once a topic has been
        fed up to its end, all that was appended before `wall` less the clock skew is here; where
        time is simulated, all that tasks wrote for each other before the midnight awaited."""
        self._inputs.ask(wall, self._days.awaited, ends)
        self._waits_for = None

    def run(self, wall: Instant, budget: int) -> bool:
        """Processes up to about `budget` records and timers; True if more can be done at once.

        Raises Poisoned when deciding fails; the task must then be thrown away. Where it returns
        False, it waits for an input, or for an answer (`unanswered`).
        """
        if wall - self._wall > PAUSE or self._unanswered is not None:
            self._merge.count_anew()  # while it waited for an answer, it asked for no ends
        self._wall = wall
        self._unanswered = None
        has_more = self._run(wall, budget)
        self._uncommitted.pending.settle(self._ports.encoder)
        return has_more

    def _run(self, wall: Instant, budget: int) -> bool:
        is_simulated = self.settings.is_simulated
        while budget > 0:
            if is_simulated and (beyond := self._merge.beyond(wall)) is not None:
                # Set aside where it stands: it may neither move the clock nor hide what follows.
                self._process(beyond, beyond.pop(), self.clock)
                self._count()
                budget -= 1
                continue
            first, at, limit = self._merge.choose(self._clock)
            timer_due, visit_due = self._timers.next_due, self._audience.next_due
            news_due = self._products.next_due
            next_due = place(min(timer_due, visit_due, news_due), TIMERS)
            days = self._days
            if days.awaited > self._in_force.fact_until:
                self._clock = max(self._clock, place(days.awaited, START))
                self._waits_for = self._control
                return False
            elif is_simulated and (held := self._merge.not_let_in(days.awaited)):
                self._clock = max(self._clock, place(days.awaited, START))
                self._waits_for = held[0]
                return False
            elif (over := days.over(first, at, next_due)) is not None:
                self._close_day(over)
            elif next_due < at and self._pass_over_to(at):
                continue
            elif next_due < at:
                self._clock = max(self._clock, next_due)
                pending = self._uncommitted.pending
                if pending.since is None:
                    pending.since = wall
                if news_due <= min(timer_due, visit_due):
                    budget -= 1 + self._news.tell(news_due)
                elif visit_due <= timer_due:
                    budget -= 1 + self._firing.visit_chunk(visit_due, time_of(self._clock))
                else:
                    self._firing.fire(time_of(self._clock))
                    budget -= 1
            elif first.records:
                # After one of these, a visit or news may come before the next.
                most = 1 if first.topic in (CONTROL, PRODUCTS) else budget
                limit = min(limit, place(min(visit_due, news_due), TIMERS), days.end_place)
                if is_simulated:
                    limit = min(limit, place(wall + 1, START))
                budget -= self._take(first, at, limit, most)
                if self._unanswered is not None:
                    self._waits_for = first
                    return False
            elif not self._inputs.may_go_on_without(first, wall):
                self._clock = max(self._clock, place(time_of(at), START))
                self._waits_for = first
                return False
        return True

    def _pass_over_to(self, at: Place) -> bool:
        """In simulated time, before the first day: were there schedules to be passed over?"""
        if self._days.has_begun or not self.settings.is_simulated:
            return False
        return self._audience.pass_over(self._in_force.program, time_of(at) // DAY * DAY)

    def _close_day(self, now: Instant) -> None:
        """All of the day that ends now, or ended before without anything happening since, is
        decided."""
        pending = self._uncommitted.pending
        if pending.since is None:
            pending.since = self._wall
        report = self._days.close(self.partition, now)
        self._clock = max(self._clock, place(report.day_end, START))
        pending.records.append(self._ports.encoder.day_report(report))
        self.counts["days"] += 1

    def _take(self, source: Input, at: Place, limit: Place, budget: int) -> int:
        """Processes records of `source`, the first of which is at `at`, as long as they come before
        `limit` and before the next timer. Returns how many."""
        taken = 0
        while True:
            record = source.pop()
            before, self._clock = self._clock, at
            try:
                self._process(source, record, at >> 8)
            except LookupNeeded as unanswered:  # as if it hadn't been looked at
                source.put_back(record)
                self._clock, self._unanswered = before, unanswered
                return taken
            except SendflowError:
                raise
            except Exception as error:
                raise self._notices.failed((source.topic, record.offset), error) from error
            taken += 1
            self._count()
            if at & 0xFF == LATE:
                self._notices.late(source, record, time_of(at))
            at = source.place
            if (
                taken >= budget
                or not source.records
                or at >= limit
                or at < self._clock
                or place(self._timers.next_due, TIMERS) < at
            ):
                return taken

    def _process(self, source: Input, record: Record, now: Instant) -> None:
        """One record at its effective time. Raises LookupNeeded before anything has changed."""
        pending = self._uncommitted.pending
        if self.settings.is_simulated and not 0 <= record.time <= self._wall:
            self._notices.dead_letter(source.topic, record, self._impossible(record.time), now)
            return
        if source is self._control:
            self._in_force.take(record, now)
            return
        if record.value is None and is_tick(record):
            source.complete(record.time)
            self.counts["ticks"] += 1
            return
        event = self._event_of(source.topic, record)
        if isinstance(event, Rejection):
            self._notices.dead_letter(source.topic, record, event, now)
            return
        if isinstance(event, CouponCode):
            self._coupons.load(event)
            return
        if isinstance(event, Product | Interest):
            self._news.take(event, now)
            return
        customer = record.key
        assert customer is not None  # the decoder has refused records without a key
        state = self._customers.get(customer)
        due = state.next_due
        if isinstance(event, Event):
            if event.occurred_at > now:  # it can't have happened later than it was recorded
                event.occurred_at = now
                self.counts["clamped"] += 1
            if event.metric in SUMMED_UP or not state.sequence:
                self._days.sums.take(state)
                decide(self._in_force.program, state, event, now, pending.effects)
                self._days.sums.add(state)
            else:
                decide(self._in_force.program, state, event, now, pending.effects)
        elif isinstance(event, Backfill):
            backfill(self._in_force.program, state, event, now, pending.effects)
        else:
            review(self._in_force.program, state, event, now, pending.effects)
        if pending.effects.purchases:
            self._days.learn(pending.effects.purchases)
            pending.effects.purchases.clear()
        if pending.touch(customer, state) > LARGE_STATE:
            self._customers.make_room(customer, state, now, event)
        if state.next_due != due:
            self._timers.move(customer, state.next_due)

    def _count(self) -> None:
        """A record was processed: its position, at least, is to be committed."""
        pending = self._uncommitted.pending
        pending.events += 1
        if pending.since is None:
            pending.since = self._wall

    def _event_of(self, topic: str, record: Record) -> Decoded | Rejection:
        if (topic, record.offset) in self._notices.poisoned:
            return Rejection("deciding on this event failed; the worker's log has the error")
        return self._ports.decoder.decode(topic, record)

    def _impossible(self, time: Instant) -> Rejection:
        return Rejection(
            f"the record's timestamp is {time}, expected ms since the epoch, not later than now "
            f"({self._wall}), because time is simulated (record_time: create)"
        )

    # ── Transactions ──────────────────────────────────────────────────────────────────────────

    def commit_due(self, wall: Instant) -> Instant | None:
        """When the next transaction should begin; None: there is nothing to commit, so an idle
        partition holds none open (PITFALLS 14). At the live edge, as soon as there is output."""
        pending = self._uncommitted.pending
        if pending.since is None:
            return None
        if self.uncommitted >= self.settings.commit_events:
            return wall
        if self._waits_for is not None and pending.has_output():
            return wall
        return pending.since + self.settings.commit_interval

    def prepare_commit(self, wall: Instant) -> Commit:
        """Everything decided so far as one transaction. The task may go on deciding, but only one
        transaction is under way at a time."""
        assert self._uncommitted.in_flight is None, "one transaction at a time"
        self._days.keep()
        position = Position(
            self._merge.positions(),
            self._clock,
            self._notices.late_sequence,
            self._audience.plans,
            self._in_force.set_aside,
            self._days.end,
            self._merge.skipped(),
        )
        commit = self._uncommitted.pending.prepare(position, wall)
        self._uncommitted.in_flight = commit
        effects = self._uncommitted.pending.effects
        self.counts.update(self._uncommitted.pending.counts)
        for name in COUNTED:
            self.counts[name] += getattr(effects, name)
        self.counts["events"] += self._uncommitted.pending.events
        self.counts["timers"] += self._uncommitted.pending.timers
        self._uncommitted.pending = Pending(self._coupons)
        return commit

    def committed(self, commit: Commit, changelog_offset: int) -> None:
        """The transaction was committed, its last record in the changelog comes before
        `changelog_offset`, and the store has been written."""
        assert commit is self._uncommitted.in_flight
        self._uncommitted.in_flight = None
        self._customers.committed(commit.batch.changes)


def is_tick(record: Record) -> bool:
    """Is it a mark of simulated time, which says that all before its timestamp has been written?"""
    return bool(record.headers) and any(name == TICK_HEADER for name, _ in record.headers or ())
