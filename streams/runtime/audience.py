"""Visits to every customer of a task, in chunks with a cursor (SEMANTICS 5.4).

A visit goes over the customers in order of their ids, 500 at a time; chunk k (from 0) is a timer
due k milliseconds after the visit's moment. All that is due at one moment is one visit:

    09:00:00.000   .001   .002   .003
    chunk 0        1      2      3           the schedules of nine o'clock, all of them together
                   chunk 0       1      ...  a set that was published at .001 visits them too
              ●             ●                events and timers in between, by their places

The customers of a chunk are a function of the logs, not of the last commit: the store's pages are
merged with the changes that it doesn't hold yet. Most customers are in no audience: the little of
their state that tells so is all that is decoded (engine.sieve). Cursors and the next moment of each
schedule are part of the position record, so that a crash in the middle goes on where the last
transaction ended.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from streams.engine import (
    CustomerState,
    Instant,
    Program,
    Sieve,
    Visit,
    Visits,
    is_forgotten,
    is_visit_needed,
    sieve,
)
from streams.engine.program import CompiledFlow
from streams.ports import Store
from streams.runtime.timers import FAR_FUTURE

CHUNK = 500
"""So many customers are visited in each millisecond."""

Overlays = Callable[[], Iterable[Mapping[bytes, CustomerState]]]


class UnderWay(msgspec.Struct, array_like=True):
    """A visit that has begun. Fields are only appended."""

    visit: Visit
    chunks: int = 0  # that were visited
    after: bytes = b""  # the last customer of these
    is_over: bool = False

    @property
    def due(self) -> Instant:
        """When the next chunk is due."""
        return self.visit.moment + self.chunks


class Plans(msgspec.Struct, array_like=True):
    """The visits of a task, in its position record. Fields are only appended."""

    under_way: list[UnderWay] = []  # in order of their moments
    schedules: dict[str, Instant] = {}  # flow -> when its schedule is due next
    begun: list[str] = []  # flows that are started once, on publishing, and were


class Visited(msgspec.Struct, gc=False):
    """One customer of a chunk. `known`: their state as it is in the store, or a newer one that
    isn't committed yet."""

    customer: bytes
    known: bytes | CustomerState
    visits: Visits


class Chunk(msgspec.Struct):
    """The customers whose turn has come at one moment."""

    size: int = 0  # how many were looked at
    concerned: list[Visited] = []  # those whom it may concern, in order of their ids


Cached = Callable[[bytes], CustomerState | None]
Row = tuple[bytes, bytes | CustomerState]
"""A customer and their state, as in `Visited`."""


class Audience:
    """The visits of a task: those under way, and those that schedules will begin."""

    def __init__(self, plans: Plans, store: Store, uncommitted: Overlays, cached: Cached) -> None:
        """`uncommitted`: the states of customers that aren't in the store yet as they are now.
        `cached`: the state of a customer, if it is decoded already."""
        self.plans = plans
        self._store = store
        self._uncommitted = uncommitted
        self._cached = cached
        self.next_due: Instant = FAR_FUTURE
        """When the next chunk is due (FAR_FUTURE: none), kept here because every record asks."""
        self._advance()

    def publish(self, previous: Program, current: Program, at: Instant) -> None:
        """From `at` on `current` decides in place of `previous`. A schedule that is new begins
        after `at`; one that is as it was goes on."""
        plans = self.plans
        before = {flow.flow: flow.schedule for flow in previous.scheduled_flows}
        schedules: dict[str, Instant] = {}
        for flow in current.scheduled_flows:
            if flow.schedule is None:
                continue
            if before.get(flow.flow) == flow.schedule:
                moment = plans.schedules.get(flow.flow)
            else:
                moment = flow.schedule.next_after(at)
            if moment is not None:
                schedules[flow.flow] = moment
        plans.schedules = schedules
        starting = [
            flow.flow
            for flow in current.scheduled_flows
            if flow.is_once_on_publish and not flow.is_paused and flow.flow not in plans.begun
        ]
        plans.begun += starting
        needs_visit = is_visit_needed(previous, current)
        if starting or needs_visit:
            self._begin(Visit(at, starting, of_definitions=needs_visit))
        self._advance()

    def change_facts(self, at: Instant) -> None:
        """At `at` store facts have changed that customers are judged by."""
        self._begin(Visit(at, of_facts=True))
        self._advance()

    def may_pass_over(self, until: Instant) -> bool:
        """Are schedules due before `until`, while there is nobody yet? A set that holds since 1970
        would visit nobody on each of fifteen thousand days."""
        return (
            any(moment < until for moment in self.plans.schedules.values())
            and not self._store.customers(b"", 1)
            and not any(self._uncommitted())
        )

    def pass_over(self, program: Program, until: Instant) -> None:
        """Schedules that are due before `until` go on to their first moments from there on."""
        schedules = self.plans.schedules
        for name in [name for name, moment in schedules.items() if moment < until]:
            self._go_on(program.flows[name], until - 1)
        self._advance()

    def next_chunk(self, program: Program) -> Chunk:
        """The customers whose turn comes at `next_due`."""
        due = self.next_due
        self._begin_schedules(program, due)
        chunk = Chunk()
        for one in self.plans.under_way:
            if one.due == due:
                rows = self._rows_of(one)
                visits = Visits((one.visit,))
                concerned = [
                    Visited(customer, known, visits)
                    for customer, known in self._concerned(rows, sieve(program, one.visit, due))
                ]
                chunk.size += len(rows)
                chunk.concerned = _merged(chunk.concerned, concerned)
        self.plans.under_way = [one for one in self.plans.under_way if not one.is_over]
        self._advance()
        return chunk

    def _begin_schedules(self, program: Program, due: Instant) -> None:
        schedules = self.plans.schedules
        starting = []
        for name in [name for name, moment in schedules.items() if moment <= due]:
            flow = program.flows[name]
            if not flow.is_paused:
                starting.append(name)
            self._go_on(flow, due)
        if starting:
            self._begin(Visit(due, starting))

    def _go_on(self, flow: CompiledFlow, after: Instant) -> None:
        """The next moment of the flow's schedule comes after `after`."""
        assert flow.schedule is not None
        moment = flow.schedule.next_after(after)
        if moment is None:
            del self.plans.schedules[flow.flow]
        else:
            self.plans.schedules[flow.flow] = moment

    def _begin(self, visit: Visit) -> None:
        """Starts a visit, or joins the one of the same moment: that has no chunk behind it yet,
        because records come before the timers of their time."""
        under_way = self.plans.under_way
        if under_way and under_way[-1].visit.moment == visit.moment:
            same = under_way[-1].visit
            same.flows += [name for name in visit.flows if name not in same.flows]
            same.of_definitions |= visit.of_definitions
            same.of_facts |= visit.of_facts
        else:
            under_way.append(UnderWay(visit))

    def _rows_of(self, one: UnderWay) -> list[Row]:
        """The next customers of a visit; its cursor is behind them then."""
        rows: list[Row] = []
        after = one.after
        while True:
            page = self._store.customers(after, CHUNK)
            is_last = len(page) < CHUNK
            rows += self._with_uncommitted(page, after, None if is_last else page[-1][0])
            if is_last or len(rows) >= CHUNK:
                break
            after = page[-1][0]
        del rows[CHUNK:]
        one.chunks += 1
        one.is_over = len(rows) < CHUNK
        if not one.is_over:
            one.after = rows[-1][0]
        return rows

    def _concerned(self, rows: list[Row], may_concern: Sieve | None) -> list[Row]:
        """Those whom the visit may concern. Nothing changes them before it's their turn: of their
        own timers only those that are due with the visit are left, and they are part of it."""
        if may_concern is None:
            return rows
        cached = self._cached
        concerned = []
        for row in rows:
            customer, known = row
            try:
                is_concerned = may_concern(cached(customer) or known)
            except Exception:
                is_concerned = True  # the visit fails like this, and says at whom
            if is_concerned:
                concerned.append(row)
        return concerned

    def _with_uncommitted(
        self, page: list[tuple[bytes, bytes]], after: bytes, last: bytes | None
    ) -> Sequence[Row]:
        """The customers behind `after`, up to `last`: those of `page`, those that are new, and
        without those that were erased."""
        changed = {
            customer: state
            for overlay in self._uncommitted()
            for customer, state in overlay.items()
            if after < customer and (last is None or customer <= last)
        }
        if not changed:
            return page
        rows: dict[bytes, bytes | CustomerState] = dict(page)
        for customer, state in changed.items():
            if is_forgotten(state):
                rows.pop(customer, None)
            else:
                rows[customer] = state
        return [(customer, rows[customer]) for customer in sorted(rows)]

    def _advance(self) -> None:
        due = [one.due for one in self.plans.under_way]
        due += self.plans.schedules.values()
        self.next_due = min(due, default=FAR_FUTURE)


def _merged(some: list[Visited], others: list[Visited]) -> list[Visited]:
    """Both in order of the customers' ids; who is in both is visited once, for all reasons."""
    if not some:
        return others
    rows = {one.customer: one for one in some}
    for one in others:
        same = rows.get(one.customer)
        if same is None:
            rows[one.customer] = one
        else:
            same.visits = Visits((*same.visits.of, *one.visits.of))
    return [rows[customer] for customer in sorted(rows)]
