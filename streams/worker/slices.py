"""Slices: the tasks of a worker run in turns.

    mark_ready ──► run a slice ──► more to do ──► run a slice ...
                        │
                        ├── waits for an input ──► end-offset request ──► mark_ready
                        ├── needs a lookup ──────► lookup ──────────────► mark_ready
                        └── a commit is due ─────► transaction ─────────► mark_ready

All of it runs on the event loop, a few milliseconds at a time. A task decides ahead while its one
transaction runs in a thread (committing.py).
"""

import asyncio
import time
from collections.abc import Callable

from streams.errors import LookupNeeded
from streams.worker.committing import Commits
from streams.worker.fetching import FetchThread
from streams.worker.lookups import Lookups
from streams.worker.slot import RunningTasks, TaskSlot

SWEEP_INTERVAL = 0.5
"""Seconds after which every task runs, marked or not."""


class Slices:
    """Runs the ready tasks, and begins due transactions."""

    def __init__(
        self,
        running: RunningTasks,
        records: FetchThread,
        commits: Commits,
        *,
        request_end_offsets: Callable[[TaskSlot], None],
        decide_ahead: int,
    ) -> None:
        """`request_end_offsets` is called for each task that waits for an input. `decide_ahead`:
        see TasksOptions."""
        self.is_enabled = False
        """False while the group rebalances: no task decides."""
        self._running = running
        self._records = records
        self._commits = commits
        self._request_end_offsets = request_end_offsets
        self._decide_ahead = decide_ahead
        self._ready: set[TaskSlot] = set()
        self._wake = asyncio.Event()
        self._lookups = Lookups()

    def close(self) -> None:
        """Stops waiting for lookups."""
        self._lookups.close()

    def mark_ready(self, slot: TaskSlot) -> None:
        """Marks a task that may have work."""
        self._ready.add(slot)
        self._wake.set()

    async def run(self) -> None:
        """Runs slices of the ready tasks in turns, until cancelled."""
        while True:
            self._wake.clear()
            wait = SWEEP_INTERVAL
            if self.is_enabled:
                ready, self._ready = self._ready, set()
                for slot in ready:
                    if slot.runs and self.is_enabled:
                        self._run_slice(slot)
                        await asyncio.sleep(0)
                wait = min(SWEEP_INTERVAL, self._commits.begin_due())
            if not self._ready or not self.is_enabled:
                try:
                    async with asyncio.timeout(wait):  # wait_for would create an asyncio task
                        await self._wake.wait()
                except TimeoutError:
                    self._ready.update(self._running.slots())

    def _run_slice(self, slot: TaskSlot) -> None:
        if slot.commit is not None and slot.task.uncommitted >= self._decide_ahead:
            return  # its transaction lags behind; the end of that marks it ready
        if slot.lookup is not None:
            return  # the end of the lookup marks it ready
        began, uncommitted = time.thread_time(), slot.task.uncommitted
        try:
            has_more = slot.task.run(self._running.clock(), slot.budget.records)
        except Exception as error:
            self._running.failed(slot, error)
            return
        slot.budget.adapt(time.thread_time() - began, slot.task.uncommitted - uncommitted)
        if slot.task.lookup_needed is not None:
            slot.lookup = self._running.spawn(self._look_up(slot, slot.task.lookup_needed))
        else:
            if slot.task.waits_for is not None:
                self._request_end_offsets(slot)
            if has_more:
                self._ready.add(slot)
        if slot.paused:
            for topic in slot.to_resume():
                self._running.spawn(self._records.resume((topic, slot.partition)))

    async def _look_up(self, slot: TaskSlot, needed: LookupNeeded) -> None:
        try:
            await self._lookups.complete(slot, needed)
        except Exception as error:
            self._running.failed(slot, error)
        finally:
            slot.lookup = None
        self.mark_ready(slot)
