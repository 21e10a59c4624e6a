"""Scans over all customers of a task, in chunks with a cursor (SEMANTICS 5.4).

A scan reads the customers in order of their ids, 500 at a time; chunk k (from 0) is a timer due
k milliseconds after the scan's moment. Everything due at one moment is one scan:

    09:00:00.000   .001   .002   .003
    chunk 0        1      2      3           all schedules of nine o'clock
                   chunk 0       1      ...  a set published at .001
              ●             ●                events and timers in between, by their order keys

The content of a chunk depends on the logs, not on commits: pages of the store are merged with
uncommitted changes. Most customers are in no audience: only the part of their state that proves it
is decoded (engine.prefilter). Cursors and the next moment of each schedule are part of the position
record, so after a crash a scan resumes where the last transaction ended.
"""

import msgspec

from streams.engine import (
    Instant,
    Prefilter,
    Program,
    Scan,
    Scanned,
    is_scan_needed,
    prefilter,
)
from streams.engine.program import CompiledFlow
from streams.ports import FIRST_CUSTOMER, Store
from streams.runtime.customer_rows import CustomerRow, CustomerRows, Overlays
from streams.runtime.timers import FAR_FUTURE

SCAN_CHUNK = 500
"""Customers per millisecond of a scan."""


class ScanInProgress(msgspec.Struct, array_like=True):
    """A scan that has begun. Fields are only appended."""

    scan: Scan
    chunks: int = 0  # done
    after: bytes = b""  # last customer scanned
    is_over: bool = False

    @property
    def due(self) -> Instant:
        """Due time of the next chunk."""
        return self.scan.moment + self.chunks


class ScanPlans(msgspec.Struct, array_like=True):
    """Scans and schedules of a task, in its position record. Fields are only appended."""

    in_progress: list[ScanInProgress] = []  # in order of their moments
    schedules: dict[str, Instant] = {}  # flow -> next moment of its schedule
    begun: list[str] = []  # once-on-publish flows that were started


class ScanCandidate(msgspec.Struct, gc=False):
    """One customer of a chunk, with the current state."""

    customer: bytes
    state: bytes
    cause: Scanned


class ScanPage(msgspec.Struct):
    """The customers of the chunks that are due at one moment."""

    size: int = 0  # customers read
    candidates: list[ScanCandidate] = []  # those that pass the prefilter, by id


class Scans:
    """The scans of a task: those in progress, and those that schedules will begin."""

    def __init__(self, plans: ScanPlans, store: Store, uncommitted: Overlays) -> None:
        """`uncommitted`: changed keys that the store doesn't hold yet, older changes first."""
        self.plans = plans
        self._store = store
        self._uncommitted = uncommitted
        self._rows = CustomerRows(store, uncommitted)
        self.next_due: Instant = FAR_FUTURE
        """Due time of the next chunk (FAR_FUTURE: none); stored, because it is read per record."""
        self._advance()

    def on_publish(self, previous: Program, current: Program, at: Instant) -> None:
        """`current` replaces `previous` at `at`. A new schedule begins after `at`; an unchanged one
        keeps its next moment."""
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
        needs_scan = is_scan_needed(previous, current)
        if starting or needs_scan:
            self._begin(Scan(at, starting, of_definitions=needs_scan))
        self._advance()

    def on_facts_changed(self, at: Instant) -> None:
        """Begins a scan at `at`: store facts that decisions depend on have changed."""
        self._begin(Scan(at, of_facts=True))
        self._advance()

    def may_skip_schedules(self, until: Instant) -> bool:
        """True if schedules are due before `until` and there are no customers yet: a set in force
        since 1970 would scan nothing on each of fifteen thousand days."""
        return (
            any(moment < until for moment in self.plans.schedules.values())
            and not self._store.customers(b"", 1)
            and not any(key >= FIRST_CUSTOMER for keys in self._uncommitted() for key in keys)
        )

    def skip_schedules(self, program: Program, until: Instant) -> None:
        """Moves schedules due before `until` to their first moments from there on."""
        schedules = self.plans.schedules
        for name in [name for name, moment in schedules.items() if moment < until]:
            self._set_next_moment(program.flows[name], until - 1)
        self._advance()

    def next_page(self, program: Program) -> ScanPage:
        """The customers of the chunks due at `next_due`."""
        due = self.next_due
        self._begin_schedules(program, due)
        page = ScanPage()
        for one in self.plans.in_progress:
            if one.due == due:
                rows = self._rows_of(one)
                cause = Scanned((one.scan,))
                candidates = [
                    ScanCandidate(customer, state, cause)
                    for customer, state in self._candidates(rows, prefilter(program, one.scan, due))
                ]
                page.size += len(rows)
                page.candidates = _merged(page.candidates, candidates)
        self.plans.in_progress = [one for one in self.plans.in_progress if not one.is_over]
        self._advance()
        return page

    def _begin_schedules(self, program: Program, due: Instant) -> None:
        schedules = self.plans.schedules
        starting = []
        for name in [name for name, moment in schedules.items() if moment <= due]:
            flow = program.flows[name]
            if not flow.is_paused:
                starting.append(name)
            self._set_next_moment(flow, due)
        if starting:
            self._begin(Scan(due, starting))

    def _set_next_moment(self, flow: CompiledFlow, after: Instant) -> None:
        """Sets the next moment of the flow's schedule, after `after`."""
        assert flow.schedule is not None
        moment = flow.schedule.next_after(after)
        if moment is None:
            del self.plans.schedules[flow.flow]
        else:
            self.plans.schedules[flow.flow] = moment

    def _begin(self, scan: Scan) -> None:
        """Begins a scan, or joins one of the same moment: that has no chunk done yet, because
        records precede the timers of their time."""
        in_progress = self.plans.in_progress
        if in_progress and in_progress[-1].scan.moment == scan.moment:
            same = in_progress[-1].scan
            same.flows += [name for name in scan.flows if name not in same.flows]
            same.of_definitions |= scan.of_definitions
            same.of_facts |= scan.of_facts
        else:
            in_progress.append(ScanInProgress(scan))

    def _rows_of(self, one: ScanInProgress) -> list[CustomerRow]:
        """Reads the next customers of a scan and moves its cursor past them."""
        rows = self._rows.after(one.after, SCAN_CHUNK)
        one.chunks += 1
        one.is_over = len(rows) < SCAN_CHUNK
        if not one.is_over:
            one.after = rows[-1][0]
        return rows

    def _candidates(
        self, rows: list[CustomerRow], may_concern: Prefilter | None
    ) -> list[CustomerRow]:
        """The rows that pass the prefilter. Their states don't change before they are scanned: the
        only timers left are those due with the scan, which are part of it."""
        if may_concern is None:
            return rows
        candidates = []
        for row in rows:
            try:
                is_concerned = may_concern(row[1])
            except Exception:
                is_concerned = True  # the scan fails likewise, and names the customer
            if is_concerned:
                candidates.append(row)
        return candidates

    def _advance(self) -> None:
        due = [one.due for one in self.plans.in_progress]
        due += self.plans.schedules.values()
        self.next_due = min(due, default=FAR_FUTURE)


def _merged(some: list[ScanCandidate], others: list[ScanCandidate]) -> list[ScanCandidate]:
    """Both, by customer id; a customer in both is scanned once, for all causes."""
    if not some:
        return others
    rows = {one.customer: one for one in some}
    for one in others:
        same = rows.get(one.customer)
        if same is None:
            rows[one.customer] = one
        else:
            same.cause = Scanned((*same.cause.scans, *one.cause.scans))
    return [rows[customer] for customer in sorted(rows)]
