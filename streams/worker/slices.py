"""Slices: the tasks of a worker run in turn.

    mark_ready ──► run a slice ──► more to do ──► run a slice ...
                     │
                     ├── waits for an input ──► cut ────► mark_ready
                     ├── waits for an answer ─► ask ────► mark_ready
                     └── a transaction is due ► commit ─► mark_ready        (committing.py)

All of it runs on the event loop, a few milliseconds at a time; a task decides ahead while its one
transaction is under way in a thread.
"""

import asyncio
from collections.abc import Callable

from streams.errors import LookupNeeded
from streams.worker.committing import Commits
from streams.worker.fetching import FetchThread
from streams.worker.lookups import Lookups
from streams.worker.slot import RunningTasks, TaskSlot

SLICE = 200
"""Records and timers of one slice: a few milliseconds, then the loop has its turn."""
SWEEP_INTERVAL = 0.5
"""Seconds after which every task is looked at, even if nothing was heard of it."""


class Slices:
    """Runs those tasks that have something to do, and begins the transactions that are due."""

    def __init__(
        self,
        running: RunningTasks,
        records: FetchThread,
        commits: Commits,
        *,
        request_end_offsets: Callable[[TaskSlot], None],
        decide_ahead: int,
    ) -> None:
        """`request_end_offsets` is told of each task that waits for an input. `decide_ahead`: see
        TasksOptions."""
        self.is_enabled = False
        """False while the group rebalances: nothing is decided."""
        self._running = running
        self._records = records
        self._commits = commits
        self._request_end_offsets = request_end_offsets
        self._decide_ahead = decide_ahead
        self._ready: set[TaskSlot] = set()
        self._wake = asyncio.Event()
        self._lookups = Lookups()

    def close(self) -> None:
        """Waits for no answer any more."""
        self._lookups.close()

    def mark_ready(self, slot: TaskSlot) -> None:
        """There may be something to do for it."""
        self._ready.add(slot)
        self._wake.set()

    async def run(self) -> None:
        """Slices of all tasks that have something to do, in turn."""
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
                    await asyncio.wait_for(self._wake.wait(), wait)
                except TimeoutError:
                    self._ready.update(self._running.slots())

    def _run_slice(self, slot: TaskSlot) -> None:
        if slot.commit is not None and slot.task.uncommitted >= self._decide_ahead:
            return  # its transaction is slower than it; it's looked at again after that
        if slot.lookup is not None:
            return  # the same, after the answer
        try:
            has_more = slot.task.run(self._running.clock(), SLICE)
        except Exception as error:
            self._running.failed(slot, error)
            return
        if has_more:
            self._ready.add(slot)
        elif slot.task.unanswered is not None:
            slot.lookup = self._running.spawn(self._look_up(slot, slot.task.unanswered))
        else:
            self._request_end_offsets(slot)
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
