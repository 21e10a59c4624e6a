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

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from streams.engine import (
    BETWEEN_TASKS,
    COUNTED,
    INPUTS,
    LARGE_STATE,
    TOPIC_ORDER,
    Backfill,
    CustomerState,
    Event,
    Instant,
    Interest,
    NewerState,
    Product,
    Program,
    are_concerned_by,
    backfill,
    check_fits,
    decide,
    decode_state,
    fire,
    make_room,
    new_state,
    news,
    next_midnight,
    review,
    visit,
)
from streams.engine.duration import DAY
from streams.errors import Poisoned, Refused, SendflowError, Unanswered
from streams.ports import (
    DAY_FACTS_KEY,
    ControlReader,
    CouponCode,
    Decoded,
    Decoder,
    Encoder,
    Facts,
    Record,
    Rejection,
    Store,
)
from streams.runtime.audience import Audience, Visited
from streams.runtime.cache import StateCache
from streams.runtime.commit import (
    CHANGELOG,
    POSITION_KEY,
    Commit,
    Pending,
    Position,
    decode_position,
)
from streams.runtime.coupons import CouponBook
from streams.runtime.days import Days
from streams.runtime.merge import Input, Merge
from streams.runtime.order import LATE, START, TIMERS, Place, place, time_of
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products, Told
from streams.runtime.timers import FAR_FUTURE, Timers

logger = logging.getLogger(__name__)

CONTROL = "control"
PRODUCTS = "products"
TICK_HEADER = "sendflow-tick"
PAUSE: Instant = 10_000
"""A task that waits is run several times a second. If it wasn't for so long, because the group had
to agree or the machine slept, no input is to blame."""
SUMMED_UP = frozenset({"order.placed", "order.cancelled", "order.refunded", "customer.erased"})
"""The metrics that change what is summed up of a customer who is known already."""
PAGE = 1_000
"""Customers that are read from the store at once."""
TIMER = "timer"
"""Where a dead letter of a timer comes from, in place of a topic."""


class TaskSettings(msgspec.Struct, frozen=True):
    """What of the settings a task depends on; durations in milliseconds."""

    clock_skew: int = 20
    max_idle: int = 60_000
    commit_interval: int = 100
    commit_events: int = 10_000
    is_simulated: bool = False  # record_time: create (DESIGN 5.7)
    cached_customers: int = 50_000


class Ports(msgspec.Struct):
    """What a task is given to work with."""

    store: Store
    decoder: Decoder
    encoder: Encoder
    control: ControlReader


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

        `poisoned` names records (topic, offset) and timers (`timer_mark`) at which deciding failed:
        they become dead letters (PITFALLS 61). `beginnings` holds the first offset that there is of
        inputs that the task has never read (see `never_read`). Raises Refused where there are
        customers, but no position.
        """
        self.partition = partition
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self._ports = ports
        self._store = ports.store
        self._poisoned = poisoned
        position = position_in(ports.store, partition)
        self._merge = Merge(
            (CONTROL, *TOPIC_ORDER),
            {**beginnings, **position.inputs},
            {CONTROL: (), **position.skipped} if settings.is_simulated else {},
            BETWEEN_TASKS if settings.is_simulated else (),
        )
        self._control = self._merge.by_topic[CONTROL]
        # A worker reads `control` whole: what the task has been through already is fed to it again.
        self._control.next_offset = 0
        self._clock: Place = position.clock
        self._late_sequence = position.late_sequence
        self._set_aside = list(position.set_aside)
        self._program = ports.control.initial()
        self._cache = StateCache(settings.cached_customers)
        self._own = OwnKeys(ports.store, self._uncommitted_changes, lambda: self._pending.changes)
        self._coupons = CouponBook(self._own, partition, self.counts)
        self._pending = Pending(self._coupons)
        self._in_flight: Commit | None = None
        self._waits_for: Input | None = None
        self._unanswered: Unanswered | None = None
        self._wall: Instant = 0
        self._timers = Timers(ports.store, self._uncommitted_due_times)
        self._audience = Audience(position.plans, ports.store, self._uncommitted, self._cache.get)
        self._days = Days(
            position.day_end, self._own, self._stored_states, waits=settings.is_simulated
        )
        self._fact_until: Instant = 0  # the newest fact of a day that was fed: of this midnight
        self._products = Products(self._own)
        if not settings.is_simulated:
            # What tasks tell each other holds no clock up: a transaction open elsewhere would hold
            # up all. It's late then, and `late-records` says where it was placed (DESIGN 5.2).
            for topic in BETWEEN_TASKS:
                self._merge.by_topic[topic].complete(FAR_FUTURE)

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
    def unanswered(self) -> Unanswered | None:
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
        return self._program

    @property
    def uncommitted(self) -> int:
        """Records and timers decided since the last `prepare_commit`."""
        return self._pending.events + self._pending.timers

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
        one = self._merge.by_topic[topic]
        if one is self._control:
            for record in self._in_their_order(records):
                if record.key == DAY_FACTS_KEY:
                    self._fact_until = max(self._fact_until, record.time)
                if one.is_done(record):
                    self._take_control_again(record)
        one.feed(records, next_offset, end)
        if one is self._control and self.settings.is_simulated and end is not None:
            # Nobody ticks `control`: in simulated time it holds back only until it's read.
            one.complete(FAR_FUTURE)
        self._waits_for = None

    def _in_their_order(self, records: list[Record]) -> list[Record]:
        """Records of `control` as they are taken: in simulated time by time (SortedInput)."""
        if not self.settings.is_simulated:
            return records
        return sorted(records, key=lambda record: (record.time, record.offset))

    def needs_cut(self, wall: Instant) -> list[str]:
        """The topics whose end must be known for the clock to go on (DESIGN 5.2)."""
        if self._waits_for is None or self._unanswered is not None:
            return []
        if self.settings.is_simulated:
            # Before the facts of the day, other tasks may still be at it.
            midnight = self._days.awaited
            held = self._merge.not_let_in(midnight) if midnight <= self._fact_until else []
            return [one.topic for one in held if one.asked_end is None]
        until = wall - self.settings.clock_skew
        return [
            one.topic
            for one in self._merge.inputs
            if one.asked_end is None and one.tail_time() < until
        ]

    def cut(self, wall: Instant, ends: dict[str, int]) -> None:
        """The ends of partitions, asked for at or after the wall time `wall`: once a topic has been
        fed up to its end, all that was appended before `wall` less the clock skew is here; where
        time is simulated, all that tasks wrote for each other before the midnight awaited."""
        is_simulated = self.settings.is_simulated
        until = self._days.awaited if is_simulated else wall - self.settings.clock_skew
        for topic, end in ends.items():
            self._merge.by_topic[topic].ask(until, end)
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
        self._pending.settle(self._ports.encoder)
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
            if days.awaited > self._fact_until:
                self._clock = max(self._clock, place(days.awaited, START))
                self._waits_for = self._control
                return False
            elif is_simulated and (held := self._merge.not_let_in(days.awaited)):
                self._clock = max(self._clock, place(days.awaited, START))
                self._waits_for = held[0]
                return False
            elif (over := self._day_over(first, at, next_due)) is not None:
                self._close_day(over)
            elif next_due < at:
                if news_due <= min(timer_due, visit_due):
                    budget -= 1 + self._tell(news_due)
                elif visit_due <= timer_due:
                    budget -= 1 + self._visit_chunk(visit_due)
                else:
                    self._fire()
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
            elif not self._may_go_on_without(first, wall):
                self._clock = max(self._clock, place(time_of(at), START))
                self._waits_for = first
                return False
        return True

    def _day_over(self, first: Input, at: Place, next_due: Place) -> Instant | None:
        """A moment after the day under way, if that is over: `first` is next, at `at`, or a timer.

        In simulated time each day ends by itself, since what other tasks write for this one may
        come on a day without anything else; and the first day is that of the first record, or a
        schedule would wait for the facts of every day since 1970."""
        days = self._days
        if min(at, next_due) < days.end_place:
            return None
        if not self.settings.is_simulated:
            return time_of(min(at, next_due))
        if days.has_begun:
            return days.end if next_due < at or first.records else None
        if first is self._control or not first.records:
            return None
        begun = time_of(at) // DAY * DAY
        return begun if next_due >= place(begun, START) else None

    def _close_day(self, now: Instant) -> None:
        """All of the day that ends now, or ended before without anything happening since, is
        decided."""
        pending = self._pending
        if pending.since is None:
            pending.since = self._wall
        report = self._days.close(self.partition, now)
        self._clock = max(self._clock, place(report.day_end, START))
        pending.records.append(self._ports.encoder.day_report(report))
        self.counts["days"] += 1

    def _may_go_on_without(self, one: Input, wall: Instant) -> bool:
        """Has an input that can't be read held the task back for `max_idle` (DESIGN 5.2)?"""
        if self.settings.is_simulated:
            return False
        until = wall - self.settings.clock_skew
        for empty in self._merge.inputs:  # those behind it may be hidden as well, and as long
            if empty.blocking_since is None and not empty.records:
                empty.blocking_since = wall
        since = one.blocking_since
        if since is None or wall - since < self.settings.max_idle or one.complete_before >= until:
            return False
        if one.next_offset < one.position:
            return False  # `control`: without what decided so far, nothing can be decided
        if not one.is_given_up:
            self.counts["inputs_given_up"] += 1
            logger.warning(
                "task %d: %s could not be read to its end for %d ms; going on without it, "
                "its records will be late",
                self.partition,
                one.topic,
                wall - since,
            )
        one.give_up(until)
        return True

    def _take(self, source: Input, at: Place, limit: Place, budget: int) -> int:
        """Processes records of `source`, the first of which is at `at`, as long as they come before
        `limit` and before the next timer. Returns how many."""
        taken = 0
        while True:
            record = source.pop()
            before, self._clock = self._clock, at
            try:
                self._process(source, record, at >> 8)
            except Unanswered as unanswered:  # as if it hadn't been looked at
                source.put_back(record)
                self._clock, self._unanswered = before, unanswered
                return taken
            except SendflowError:
                raise
            except Exception as error:
                raise self._poisoned_by((source.topic, record.offset), error) from error
            taken += 1
            self._count()
            if at & 0xFF == LATE:
                self._note_late(source, record)
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
        """One record at its effective time. Raises Unanswered before anything has changed."""
        pending = self._pending
        if self.settings.is_simulated and not 0 <= record.time <= self._wall:
            self._dead_letter(source.topic, record, self._impossible(record.time))
            return
        if source is self._control:
            self._take_control(record, now)
            return
        if record.value is None and is_tick(record):
            source.complete(record.time)
            self.counts["ticks"] += 1
            return
        event = self._event_of(source.topic, record)
        if isinstance(event, Rejection):
            self._dead_letter(source.topic, record, event)
            return
        if isinstance(event, CouponCode):
            self._coupons.load(event)
            return
        if isinstance(event, Product | Interest):
            self._take_product(event, now)
            return
        customer = record.key
        assert customer is not None  # the decoder has refused records without a key
        state = self._customer(customer)
        due = state.next_due
        if isinstance(event, Event):
            if event.occurred_at > now:  # it can't have happened later than it was recorded
                event.occurred_at = now
                self.counts["clamped"] += 1
            if event.metric in SUMMED_UP or not state.sequence:
                self._days.sums.take(state)
                decide(self._program, state, event, now, pending.effects)
                self._days.sums.add(state)
            else:
                decide(self._program, state, event, now, pending.effects)
        elif isinstance(event, Backfill):
            backfill(self._program, state, event, now, pending.effects)
        else:
            review(self._program, state, event, now, pending.effects)
        if pending.effects.purchases:
            self._days.learn(pending.effects.purchases)
            pending.effects.purchases.clear()
        if pending.touch(customer, state) > LARGE_STATE:
            self._make_room(customer, state, now, event)
        if state.next_due != due:
            self._timers.move(customer, state.next_due)

    def _count(self) -> None:
        """A record was processed: its position, at least, is to be committed."""
        pending = self._pending
        pending.events += 1
        if pending.since is None:
            pending.since = self._wall

    def _take_product(self, said: Product | Interest, now: Instant) -> None:
        """What the shop says of an article, or a customer who waits for its news."""
        if isinstance(said, Interest):
            self._products.watch(said, now)
            return
        said.occurred_at = min(said.occurred_at, now)
        changes = self._products.update(said)
        if changes and self._program.wants_news:
            self._send_news(self._products.tell(said.sku, changes, now), now)

    def _tell(self, due: Instant) -> int:
        """The next of those who wait for an article. Returns how many there were."""
        if self._pending.since is None:
            self._pending.since = self._wall
        self._clock = max(self._clock, place(due, TIMERS))
        told = self._products.next_chunk()
        self._send_news(told, due)
        return len(told)

    def _send_news(self, told: list[Told], now: Instant) -> None:
        midnight = next_midnight(now)
        encoder, records = self._ports.encoder, self._pending.records
        for one in told:
            event = news(one.change, one.customer, one.interest)
            if self.settings.is_simulated:
                event = {**event, "occurred_at": midnight}
            records.append(encoder.news(one.change.metric, event, midnight))
        self._pending.counts["news"] += len(told)

    def _event_of(self, topic: str, record: Record) -> Decoded | Rejection:
        if (topic, record.offset) in self._poisoned:
            return Rejection("deciding on this event failed; the worker's log has the error")
        return self._ports.decoder.decode(topic, record)

    def _impossible(self, time: Instant) -> Rejection:
        return Rejection(
            f"the record's timestamp is {time}, expected ms since the epoch, not later than now "
            f"({self._wall}), because time is simulated (record_time: create)"
        )

    def _fire(self) -> None:
        """The earliest timer, as of its due time (DESIGN 5.4)."""
        due, customer = self._timers.pop()
        pending = self._pending
        if pending.since is None:
            pending.since = self._wall
        self._clock = max(self._clock, place(due, TIMERS))
        state = self._customer(customer)
        pending.timers += 1
        if self._poisoned and timer_mark(state, due) in self._poisoned:
            self._set_timer_aside(customer, state, due)
            return
        try:
            fire(self._program, state, due, pending.effects)
            if state.next_due is not None and state.next_due <= due:
                raise RuntimeError(f"a timer that was due at {due} is due again at the same time")
            if pending.touch(customer, state) > LARGE_STATE:
                self._make_room(customer, state, due, None)
        except Exception as error:
            raise self._poisoned_by(timer_mark(state, due), error) from error
        self._timers.move(customer, state.next_due)

    def _visit_chunk(self, due: Instant) -> int:
        """The customers whom the chunks concern that are due at `due`, and the timers that come in
        between (SEMANTICS 5.2: by due time, then by customer id). Returns how many were looked at.
        """
        if self._pending.since is None:
            self._pending.since = self._wall
        self._clock = max(self._clock, place(due, TIMERS))
        chunk = self._audience.next_chunk(self._program)
        for visited in chunk.concerned:
            while self._timers.comes_before(due, visited.customer):
                self._fire()
            self._visit(visited, due)
        return chunk.size

    def _visit(self, visited: Visited, due: Instant) -> None:
        pending, customer = self._pending, visited.customer
        state = self._state_at_hand(customer)
        if state is None:
            # Not cached: most of a million customers are of no further use.
            assert isinstance(visited.known, bytes)
            state = self._decoded(visited.known)
        before = state.next_due
        if self._poisoned and timer_mark(state, due) in self._poisoned:
            self._set_timer_aside(customer, state, due)
        else:
            try:
                has_changed = visit(self._program, state, visited.visits, due, pending.effects)
                if state.next_due is not None and state.next_due <= due:
                    raise RuntimeError(f"a visit at {due} left a timer due at the same time")
                if has_changed and pending.touch(customer, state) > LARGE_STATE:
                    self._make_room(customer, state, due, None)
            except Exception as error:
                raise self._poisoned_by(timer_mark(state, due), error) from error
            if not has_changed:
                return
        pending.timers += 1
        if state.next_due != before:
            self._timers.move(customer, state.next_due)

    def _set_timer_aside(self, customer: bytes, state: CustomerState, due: Instant) -> None:
        rejection = Rejection("deciding at this timer failed; the worker's log has the error")
        self._dead_letter(TIMER, Record(due, due, customer, None), rejection)
        if state.next_due is not None and state.next_due <= due:
            state.next_due = None  # until the customer's next event
        self._pending.touch(customer, state)

    def _make_room(
        self, customer: bytes, state: CustomerState, now: Instant, event: Decoded | None
    ) -> None:
        """The state is large: its oldest past events are forgotten (DESIGN 4). Raises OverflowError
        where it still fits into no transaction: what made it so becomes a dead letter."""
        pending = self._pending
        size = len(pending.changes[customer] or b"")
        event_id = event.event_id if isinstance(event, Event) else None
        if make_room(state, size, now, event_id, pending.effects):
            size = pending.touch(customer, state)
        check_fits(state, size)

    def _poisoned_by(self, mark: tuple[str, int], error: Exception) -> Poisoned:
        where = f"{mark[0]}[{self.partition}]@{mark[1]}"
        logger.exception("%s: deciding failed: %s", where, error)
        return Poisoned(mark, f"{where}: deciding failed: {error!r}")

    def _note_late(self, source: Input, record: Record) -> None:
        """A replay must place this record where we do (DESIGN 5.2)."""
        self._late_sequence += 1
        self.counts["late_between_tasks" if source.is_between_tasks else "late"] += 1
        self._pending.records.append(
            self._ports.encoder.late_record(
                source.topic,
                self.partition,
                record.offset,
                time_of(self._clock),
                self._late_sequence,
            )
        )

    def _dead_letter(self, topic: str, record: Record, rejection: Rejection) -> None:
        self.counts["dead_letters"] += 1
        logger.warning(
            "%s[%d]@%d: %s; written to dead-letters",
            topic,
            self.partition,
            record.offset,
            rejection.reason,
        )
        self._pending.records.append(
            self._ports.encoder.dead_letter(
                topic, self.partition, record, rejection, time_of(self._clock)
            )
        )

    def _take_control(self, record: Record, now: Instant) -> None:
        if (CONTROL, record.offset) in self._poisoned:
            # What was in force stays in force, after a restart too.
            self._set_aside.append(record.offset)
            rejection = Rejection("taking this over failed; the worker's log has the error")
            self._dead_letter(CONTROL, record, rejection)
            return
        change = self._ports.control.read(record)
        if isinstance(change, Rejection):
            self._dead_letter(CONTROL, record, change)
            return
        before = self._program
        self._apply(change)
        if isinstance(change, Program):
            self._audience.publish(before, self._program, now)
        else:
            changed = [
                name for name, value in change.values.items() if before.facts.get(name) != value
            ]
            if are_concerned_by(self._program, changed):
                self._audience.change_facts(now)

    def _take_control_again(self, record: Record) -> None:
        """What decided before the task was opened decides again; its visits are in the plans."""
        mark = CONTROL, record.offset
        if record.offset in self._set_aside:
            return
        if mark in self._poisoned:  # an older version could take it over
            self._set_aside.append(record.offset)
            return
        try:
            self._apply(self._ports.control.read(record))
        except SendflowError:
            raise
        except Exception as error:
            raise self._poisoned_by(mark, error) from error

    def _apply(self, change: Program | Facts | Rejection) -> None:
        """From here on, these definitions or these facts decide."""
        if isinstance(change, Program):
            self._program = change.with_facts(self._program.facts)
            self._coupons.learn(change.coupon_key)
        elif isinstance(change, Facts):
            self._program = self._program.with_facts({**self._program.facts, **change.values})

    def _customer(self, customer: bytes) -> CustomerState:
        """The state that decides: changed since the last commit, or cached, or stored."""
        state = self._state_at_hand(customer)
        if state is None:
            stored = self._store.get(customer)
            state = new_state(customer.decode()) if stored is None else self._decoded(stored)
            self._cache.put(customer, state)
        return state

    def _state_at_hand(self, customer: bytes) -> CustomerState | None:
        state = self._pending.customers.get(customer)
        if state is None and self._in_flight is not None:
            state = self._in_flight.customers.get(customer)
        return self._cache.get(customer) if state is None else state

    def _stored_states(self) -> Iterator[CustomerState]:
        after = b""
        while page := self._store.customers(after, PAGE):
            for _, stored in page:
                yield self._decoded(stored)
            after = page[-1][0]

    def _uncommitted(self) -> Iterator[Mapping[bytes, CustomerState]]:
        if self._in_flight is not None:
            yield self._in_flight.customers
        yield self._pending.customers

    def _uncommitted_changes(self) -> list[Mapping[bytes, bytes | None]]:
        in_flight = [] if self._in_flight is None else [self._in_flight.batch.changes]
        return [*in_flight, self._pending.changes]

    def _decoded(self, stored: bytes) -> CustomerState:
        try:
            return decode_state(stored)
        except NewerState as error:
            raise Refused(f"task {self.partition}: {error}") from error

    def _uncommitted_due_times(self) -> Iterator[tuple[bytes, Instant | None]]:
        if self._in_flight is not None:
            for customer, state in self._in_flight.customers.items():
                yield customer, state.next_due
        yield from self._pending.due_times()

    # ── Transactions ──────────────────────────────────────────────────────────────────────────

    def commit_due(self, wall: Instant) -> Instant | None:
        """When the next transaction should begin; None: there is nothing to commit, so an idle
        partition holds none open (PITFALLS 14). At the live edge, as soon as there is output."""
        pending = self._pending
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
        assert self._in_flight is None, "one transaction at a time"
        self._days.keep()
        position = Position(
            self._merge.positions(),
            self._clock,
            self._late_sequence,
            self._audience.plans,
            self._set_aside,
            self._days.end,
            self._merge.skipped(),
        )
        commit = self._pending.prepare(position, wall)
        self._in_flight = commit
        effects = self._pending.effects
        self.counts.update(self._pending.counts)
        for name in COUNTED:
            self.counts[name] += getattr(effects, name)
        self.counts["events"] += self._pending.events
        self.counts["timers"] += self._pending.timers
        self._pending = Pending(self._coupons)
        return commit

    def committed(self, commit: Commit, changelog_offset: int) -> None:
        """The transaction was committed, its last record in the changelog comes before
        `changelog_offset`, and the store has been written."""
        assert commit is self._in_flight
        self._in_flight = None
        for customer, change in commit.batch.changes.items():
            if change is None:
                self._cache.drop(customer)


def position_in(store: Store, partition: int) -> Position:
    """Where the task stands. Raises Refused where that is lost, though there is state: beginning
    anywhere else would lose events or apply them twice (PITFALLS 49)."""
    position = decode_position(store.get(POSITION_KEY))
    if position is not None:
        return position
    if store.customers(b"", 1):
        raise Refused(
            f"task {partition}: its changelog holds customers, but not how far the inputs were "
            f"read for them (the key {POSITION_KEY!r}); restore {CHANGELOG} from a copy, or make "
            "it anew and begin without what is known of customers"
        )
    return Position({}, 0)


def never_read(store: Store, partition: int) -> list[str]:
    """The inputs that the task whose store this is has never read: all of a new task, and those
    that came with a new version. They're read from the first record that there is. Raises Refused:
    see `position_in`."""
    known = position_in(store, partition).inputs
    return [topic for topic in INPUTS if topic not in known]


def timer_mark(state: CustomerState, due: Instant) -> tuple[str, int]:
    """What names the timer of a customer that was due at `due`, among the poisoned."""
    return f"{TIMER} of {state.customer_id}", due


def is_tick(record: Record) -> bool:
    """Is it a mark of simulated time, which says that all before its timestamp has been written?"""
    return bool(record.headers) and any(name == TICK_HEADER for name, _ in record.headers or ())
