"""PartitionTask: the one place where state, time and output meet.

A task owns all input partitions of one number. It merges them by record time, fires the timers
that are due before each record, lets the engine decide, and collects the content of the next
transaction. It knows neither Kafka nor the wall clock: records are fed to it, the wall time is an
argument. `commit_due` decides when a transaction begins, `prepare_commit` returns its content, and
the worker carries it out (worker/committing.py).

    feed ──► Input ─┐             ┌─► Records ─┐
    feed ──► Input ─┼─► Agenda ──►│            ├─► Acting ──► Pending ──► prepare_commit ──► Commit
    end offsets ────┘     ▲       └─► Firing ──┘      │                                         │
                          └─── timers, scans, days ◄──┘            committed ◄── transaction ◄──┘

    TimePolicy   live or simulated: how far inputs are known, when a day ends     time_policy/
    Agenda       the next thing to do                                             agenda.py
    Records      dispatch of a record by its type                                 records.py
    Firing       timers, and scans of the customers                               firing.py
    Acting       decisions about a customer, for every cause                      acting.py
    InForce      the definitions and store facts in force                         in_force.py
    Pending      content of the next transaction                                  commit.py
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from streams.engine import INPUTS, Instant, Program
from streams.engine.customer import MODEL
from streams.errors import LookupNeeded
from streams.ports import CONTROL, Ports, Record, TaskSettings
from streams.runtime.acting import Acting
from streams.runtime.agenda import (
    Agenda,
    DayEnd,
    FanOut,
    FireTimer,
    RejectRecord,
    ReportArticles,
    ReportCoupons,
    ScanChunk,
    SkipSchedules,
    TakeRecords,
    ValueCustomers,
    WaitFor,
)
from streams.runtime.article_reports import ArticleReports
from streams.runtime.commit import Commit, Pending, Position, position_in
from streams.runtime.coupon_book import CouponBook
from streams.runtime.coupon_moves import CouponMoves
from streams.runtime.customer_rows import CustomerRows
from streams.runtime.customers import Customers
from streams.runtime.days import Days
from streams.runtime.firing import Firing
from streams.runtime.in_force import InForce
from streams.runtime.merge import Input
from streams.runtime.news import News
from streams.runtime.order import LATE, START, TIMERS, OrderKey, order_key, time_of
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products
from streams.runtime.records import Records, handlers_by_type
from streams.runtime.scans import Scans
from streams.runtime.side_outputs import SideOutputs
from streams.runtime.time_policy import TimePolicy, open_time
from streams.runtime.timers import FAR_FUTURE, Timers
from streams.runtime.uncommitted import Uncommitted
from streams.runtime.valuation import PAGE, PER_SLICE, Valuation

LONGEST_IDLE: Instant = 10_000
"""A waiting task runs several times a second. A longer gap comes from a rebalance or a sleeping
machine, not from an input."""


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

        `poisoned` names records (topic, offset) and timers (`side_outputs.timer_id`) at which
        deciding failed: they become dead letters (PITFALLS 61). `beginnings` holds the first
        existing offset of inputs that the task has never read (`commit.never_read`). Raises Refused
        for a store with customers, but without a position.
        """
        self.partition = partition
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self._ports = ports
        self._waits_for: Input | None = None
        self._lookup_needed: LookupNeeded | None = None
        self._wall: Instant = 0
        position = position_in(ports.store, partition)
        position.inputs = {**beginnings, **position.inputs}
        self._clock: OrderKey = position.clock
        self.time: TimePolicy = open_time(partition, settings, position, self.counts)
        self._merge = self.time.merge
        control = self._merge.by_topic[CONTROL]
        # A worker reads `control` whole: records that the task has processed are fed again.
        control.next_offset = 0
        uncommitted = self._uncommitted = Uncommitted()
        uncommitted.pending = Pending()
        own = OwnKeys(ports.store, uncommitted.changes, lambda: uncommitted.pending.changes)
        coupons = self._coupons = CouponBook(own, partition, self.counts, self.time.reports_due)
        uncommitted.pending.effects.codes = coupons
        coupons.begin_reports(self.clock)
        coupon_moves = self._coupon_moves = CouponMoves(
            partition, coupons, ports.encoder, uncommitted
        )
        customers = Customers(partition, ports.store, uncommitted, settings.cache_memory)
        timers = self._timers = Timers(ports.store, uncommitted.due_times)
        scans = self._scans = Scans(position.plans, ports.store, uncommitted.changes)
        side_outputs = self._side_outputs = SideOutputs(
            partition, ports.encoder, uncommitted, self.counts, poisoned, position.late_sequence
        )
        in_force = self._in_force = InForce(
            control,
            ports.control,
            scans,
            coupons,
            coupon_moves,
            side_outputs,
            position.rejected_offsets,
        )
        days = self._days = Days(position.day_end, own, is_quiet=position.is_quiet)
        rows = CustomerRows(ports.store, uncommitted.changes)
        valuation = self._valuation = Valuation(own, rows, customers.decoded)
        products = Products(own)
        reports = self._reports = ArticleReports(own, products, self.time)
        news = self._news = News(products, reports, in_force, ports.encoder, uncommitted, self.time)
        acting = Acting(
            in_force, customers, uncommitted, timers, days, valuation, coupons.uses, side_outputs
        )
        self._firing = Firing(in_force, customers, timers, scans, acting)
        handlers = handlers_by_type(acting, coupons, news)
        self._records = Records(
            self.time, in_force, ports.decoder, handlers, reports, side_outputs, self.counts
        )
        self._agenda = Agenda(
            self.time, days, valuation, in_force, timers, scans, products, reports, coupons
        )

    # ── Queries by the worker ─────────────────────────────────────────────────────────────────

    @property
    def positions(self) -> dict[str, int]:
        """Next offset to process, by topic: the start of fetching."""
        return {topic: self._merge.by_topic[topic].resume_at for topic in INPUTS}

    @property
    def processed_to(self) -> OrderKey:
        """Order key up to which everything is processed: finer than `clock`."""
        return self._clock

    @property
    def clock(self) -> Instant:
        """Stream time, ms since the epoch."""
        return time_of(self._clock)

    @property
    def waits_for(self) -> str | None:
        """The topic or lookup (`lookup_needed`) that the task waits for; None while it has work."""
        if self._lookup_needed is not None:
            return self._lookup_needed.what
        return None if self._waits_for is None else self._waits_for.topic

    @property
    def lookup_needed(self) -> LookupNeeded | None:
        """The lookup that the next record needs. The task waits at that record, as for an input;
        each `run` retries it."""
        return self._lookup_needed

    @property
    def waits_for_facts(self) -> bool:
        """True if the task waits for the facts of the day that is over."""
        return self.waits_for == CONTROL and (
            self.time.awaited_at_midnight(self._days, self._in_force.fact_until) is self._waits_for
        )

    @property
    def next_due(self) -> Instant | None:
        """Due time of the next timer, scan chunk, fan-out chunk or report; None if there is
        none."""
        return self._agenda.next_due

    @property
    def reports_due(self) -> Instant:
        """Due time of the next report of articles or coupon pools; FAR_FUTURE if there is none."""
        return min(self._reports.next_due, self._coupons.next_report)

    @property
    def coupons_left(self) -> dict[str, int]:
        """The codes left in this task, by pool of loaded codes."""
        return self._coupons.left_by_pool

    @property
    def is_within_chunk(self) -> bool:
        """True if the last slice ended within a chunk of a scan: the next ones continue it, and a
        transaction should wait for its end, a few slices away."""
        return self._firing.is_within_chunk

    @property
    def program(self) -> Program:
        """The definitions and store facts in force."""
        return self._in_force.program

    @property
    def uncommitted(self) -> int:
        """Records and timers processed since the last `prepare_commit`."""
        return self._uncommitted.pending.events + self._uncommitted.pending.timers

    def buffered(self, topic: str) -> tuple[int, int]:
        """Records and bytes of `topic` that were fed and not yet processed."""
        one = self._merge.by_topic[topic]
        return len(one.records), one.buffered_bytes

    def state_of(self, customer: str) -> bytes | None:
        """Committed state of a customer, without uncommitted changes (PITFALLS 55)."""
        return self._ports.store.get(customer.encode())

    # ── Records and time ──────────────────────────────────────────────────────────────────────

    def feed(self, topic: str, records: list[Record], next_offset: int, end: int | None) -> None:
        """Adds records of one fetch. `next_offset` follows the last of them; `end` is the end of
        the partition, if the fetch reached it. A task that waits for another input goes on waiting,
        unless the record is late. Raises Poisoned, Refused: see `run`."""
        if topic == CONTROL:
            self._in_force.feed(records)
        fed, blocking = self._merge.by_topic[topic], self._waits_for
        fed.feed(records, next_offset, end)
        if blocking is not None and (fed is blocking or fed.order_key < blocking.order_key):
            self._waits_for = None

    def needs_end_offsets(self, wall: Instant) -> list[str]:
        """Topics whose end offset the clock needs (DESIGN 5.2)."""
        if self._waits_for is None or self._lookup_needed is not None:
            return []
        return self.time.unknown_ends(wall, self._days, self._in_force.fact_until)

    def set_end_offsets(self, wall: Instant, ends: dict[str, int]) -> None:
        """End offsets of partitions, requested at or after the wall time `wall`. A topic that has
        been fed up to its end offset is complete up to a time that `time_policy` defines."""
        self.time.set_end_offsets(wall, self._days, ends)
        self._waits_for = None

    def run(self, wall: Instant, budget: int) -> bool:
        """Processes up to about `budget` records and timers; True if more can be done at once.

        False: the task waits for an input or a lookup (`lookup_needed`). A task that waits may have
        customers to value meanwhile: True, and `waits_for` names the input. Raises Poisoned if
        processing fails; the task must then be closed.
        """
        if wall - self._wall > LONGEST_IDLE or self._lookup_needed is not None:
            self._merge.restart_waits()  # no end offsets are requested during a lookup
        self._wall = wall
        self._lookup_needed = None
        if self._firing.is_within_chunk:
            self._firing.continue_chunk(self.clock, budget)
            has_more = True
        else:
            has_more = self._run(wall, budget)
        if not self._firing.is_within_chunk:  # its decisions share their output records
            if self._valuation.is_in_progress:
                self._value(PER_SLICE)
                has_more = has_more or self._valuation.is_in_progress
            self._uncommitted.pending.settle(self._ports.encoder)
        return has_more

    def _run(self, wall: Instant, budget: int) -> bool:
        pending = self._uncommitted.pending
        self._in_force.read_articles()
        while budget > 0:
            match self._agenda.next(self._clock, wall, budget):
                case TakeRecords() as taking:
                    budget -= self._take(taking)
                    if self._lookup_needed is not None:
                        self._waits_for = taking.source
                        return False
                case FireTimer(due):
                    self._firing.fire(self._reach(due))
                    budget -= 1
                case ScanChunk(due):
                    budget -= 1 + self._firing.begin_chunk(due, self._reach(due), budget)
                    if self._firing.is_within_chunk:
                        return True
                case FanOut(due):
                    self._reach(due)
                    budget -= 1 + self._news.fan_out(due)
                case ReportArticles(due):
                    self._report_articles(self._reach(due))
                    budget -= 1
                case ReportCoupons(due):
                    self._coupon_moves.report(self._reach(due), self.program.coupon_lows)
                    budget -= 1
                case DayEnd(now):
                    self._close_day(now)
                case ValueCustomers():
                    self._value(min(budget, PAGE))
                    budget -= PAGE
                case SkipSchedules(until):
                    self._scans.skip_schedules(self._in_force.program, until)
                case RejectRecord(source):
                    self._records.take(source, source.pop(), self.clock, wall)
                    pending.events += 1
                    pending.mark_changed(wall)
                    budget -= 1
                case WaitFor(source, clock):
                    self._clock = max(self._clock, clock)
                    self._waits_for = source
                    return False
                case item:
                    assert_never(item)
        return True

    def _reach(self, due: Instant) -> Instant:
        """Advances the clock to `due` and returns it. A timer set by a late record may be due
        before the clock."""
        self._clock = max(self._clock, order_key(due, TIMERS))
        self._uncommitted.pending.mark_changed(self._wall)
        return self.clock

    def _close_day(self, now: Instant) -> None:
        """Closes the day that ends at `now`, or that ended before without any event since."""
        pending = self._uncommitted.pending
        pending.mark_changed(self._wall)
        if self.time.reports_due(now) == FAR_FUTURE:
            self._report_articles(now - 1)  # of the day that ends
        self._coupon_moves.close_day(now, self.program.coupon_lows)
        learned = self._days.close(now, one_by_one=MODEL in self.program.facts)
        self._clock = max(self._clock, order_key(self._days.began, START))
        self._valuation.begin(self._days.began, learned, self.program)

    def _value(self, most: int) -> None:
        """Values up to `most` customers, and reports the day once all are valued."""
        pending = self._uncommitted.pending
        pending.mark_changed(self._wall)
        report = self._valuation.advance(self.partition, most)
        if report is not None:
            pending.records.append(self._ports.encoder.day_report(report))
            self.counts["days"] += 1

    def _report_articles(self, now: Instant) -> None:
        encode = self._ports.encoder.article_report
        for report in self._reports.take_due(self.partition, now):
            self._uncommitted.pending.records.append(encode(report))

    def _take(self, taking: TakeRecords) -> int:
        """Processes the records of `taking` one by one. Returns their number."""
        source, at, limit, most = taking.source, taking.at, taking.limit, taking.most
        records, timers, pending = self._records, self._timers, self._uncommitted.pending
        taken = 0
        while True:
            record = source.pop()
            before, self._clock = self._clock, at
            try:
                records.take(source, record, at >> 8, self._wall)
            except LookupNeeded as needed:  # as if the record had not been read
                source.put_back(record)
                self._clock, self._lookup_needed = before, needed
                return taken
            taken += 1
            pending.events += 1
            if pending.since is None:  # at least its position must be committed
                pending.since = self._wall
            if at & 0xFF == LATE:
                self._side_outputs.late(source, record, at >> 8)
            at = source.order_key
            if (
                taken >= most
                or not source.records
                or at >= limit
                or at < self._clock
                or order_key(timers.next_due, TIMERS) < at
            ):
                return taken

    # ── Transactions ──────────────────────────────────────────────────────────────────────────

    def commit_due(self, wall: Instant) -> Instant | None:
        """Wall time at which the next transaction should begin; at the live edge, as soon as there
        is output. None: nothing to commit, so an idle partition keeps no transaction open
        (PITFALLS 14)."""
        pending = self._uncommitted.pending
        if pending.since is None:
            return None
        if self.uncommitted >= self.settings.commit_events:
            return wall
        if self._waits_for is not None and pending.has_output():
            return wall
        return pending.since + self.settings.commit_interval

    def prepare_commit(self, wall: Instant) -> Commit:
        """Everything decided so far as one transaction. The task may continue processing, but only
        one transaction is in progress at a time. Completes a chunk of a scan first
        (`is_within_chunk`), and so raises what `run` raises."""
        assert self._uncommitted.in_flight is None, "one transaction at a time"
        if self._firing.is_within_chunk:
            self._firing.continue_chunk(self.clock)
            self._uncommitted.pending.settle(self._ports.encoder)
        self._days.keep()
        self._valuation.keep()
        position = Position(
            inputs=self._merge.positions(),
            clock=self._clock,
            late_sequence=self._side_outputs.late_sequence,
            plans=self._scans.plans,
            rejected_offsets=self._in_force.rejected_offsets,
            day_end=self._days.end,
            skipped=self.time.skipped(),
            is_quiet=self._days.is_quiet,
        )
        pending = self._uncommitted.pending
        commit = self._uncommitted.in_flight = pending.prepare(position, wall)
        self.counts.update(pending.all_counts())
        self._uncommitted.pending = Pending(self._coupons)
        return commit

    def committed(self, commit: Commit, changelog_offset: int) -> None:
        """Called once the transaction is committed and the store is written. `changelog_offset`
        follows its last record in the changelog."""
        assert commit is self._uncommitted.in_flight
        self._uncommitted.in_flight = None
