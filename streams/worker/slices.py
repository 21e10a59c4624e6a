"""Slices: the tasks of a worker run in turn, and commit.

    look_at ──► run a slice ──► more to do ──► run a slice ...
                     │
                     ├── waits for an input ──► cut ────► look_at
                     ├── waits for an answer ─► ask ────► look_at
                     └── a transaction is due ► commit ─► look_at

All of it runs on the event loop, a few milliseconds at a time; a task decides ahead while its one
transaction is under way in a thread.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from streams.engine import Instant
from streams.errors import Unanswered
from streams.runtime.lifecycle import TaskState
from streams.worker.asking import Asking
from streams.worker.background import Background
from streams.worker.fetching import FetchThread
from streams.worker.slot import TaskSlot

SLICE = 200
"""Records and timers of one slice: a few milliseconds, then the loop has its turn."""
PARALLEL = 16
"""So many tasks commit at the same time."""
SWEEP = 0.5
"""Seconds after which every task is looked at, even if nothing was heard of it."""


class Slices:
    """Runs those tasks that have something to do, and commits what they decided."""

    def __init__(
        self,
        slots: Callable[[], Iterable[TaskSlot]],
        clock: Callable[[], Instant],
        background: Background,
        records: FetchThread,
        *,
        want_cut: Callable[[TaskSlot], None],
        failed: Callable[[TaskSlot, Exception], None],
        decide_ahead: int,
    ) -> None:
        """`slots` are those that run. `want_cut` is told of each that waits for an input, `failed`
        of each that can't go on. `decide_ahead`: see TasksOptions."""
        self.flows = False
        """False while the group rebalances: nothing is decided."""
        self._slots = slots
        self._clock = clock
        self._background = background
        self._records = records
        self._want_cut = want_cut
        self._failed = failed
        self._decide_ahead = decide_ahead
        self._ready: set[TaskSlot] = set()
        self._wake = asyncio.Event()
        self._asking = Asking()
        self._committers = ThreadPoolExecutor(PARALLEL, thread_name_prefix="commit")

    def close(self) -> None:
        """Begins no further commit, and waits for no answer any more."""
        self._asking.close()
        self._committers.shutdown(wait=False, cancel_futures=True)

    def look_at(self, slot: TaskSlot) -> None:
        """There may be something to do for it."""
        self._ready.add(slot)
        self._wake.set()

    async def run(self) -> None:
        """Slices of all tasks that have something to do, in turn."""
        while True:
            self._wake.clear()
            wait = SWEEP
            if self.flows:
                ready, self._ready = self._ready, set()
                for slot in ready:
                    if slot.runs and self.flows:
                        self._run_slice(slot)
                        await asyncio.sleep(0)
                wait = self._commit_those_due()
            if not self._ready or not self.flows:
                try:
                    await asyncio.wait_for(self._wake.wait(), wait)
                except TimeoutError:
                    self._ready.update(self._slots())

    def _run_slice(self, slot: TaskSlot) -> None:
        if slot.commit is not None and slot.task.uncommitted >= self._decide_ahead:
            return  # its transaction is slower than it; it's looked at again after that
        if slot.asks is not None:
            return  # the same, after the answer
        try:
            has_more = slot.task.run(self._clock(), SLICE)
        except Exception as error:
            self._failed(slot, error)
            return
        if has_more:
            self._ready.add(slot)
        elif slot.task.unanswered is not None:
            slot.asks = self._background.spawn(self._ask(slot, slot.task.unanswered))
        else:
            self._want_cut(slot)
        if slot.paused:
            for topic in slot.to_resume():
                self._background.spawn(self._records.resume((topic, slot.partition)))

    async def _ask(self, slot: TaskSlot, question: Unanswered) -> None:
        try:
            await self._asking.ask(slot, question)
        except Exception as error:
            self._failed(slot, error)
        finally:
            slot.asks = None
        self.look_at(slot)

    def _commit_those_due(self) -> float:
        """Begins the transactions that are due; returns the seconds until the next is."""
        wall = self._clock()
        wait = SWEEP
        for slot in self._slots():
            due = None if slot.commit is not None else slot.task.commit_due(wall)
            if due is None:
                continue
            if due <= wall:
                self._begin_commit(slot)
            else:
                wait = min(wait, (due - wall) / 1000)
        return wait

    def _begin_commit(self, slot: TaskSlot) -> asyncio.Task[None]:
        commit = slot.commit = self._background.spawn(self._commit(slot))
        return commit

    async def _commit(self, slot: TaskSlot) -> None:
        try:
            await slot.transact(self._committers, self._clock())
        except Exception as error:
            self._failed(slot, error)
        finally:
            slot.commit = None
        self.look_at(slot)

    async def commit_all(self, within: float) -> None:
        """Commits what is decided, in at most `within` seconds."""
        commits = [self._background.spawn(self._last_commit(slot)) for slot in self._slots()]
        if commits:
            await asyncio.wait(commits, timeout=within)

    async def _last_commit(self, slot: TaskSlot) -> None:
        if slot.commit is not None:
            await asyncio.wait([slot.commit])
        if slot.state is TaskState.RUNNING and slot.task.commit_due(self._clock()) is not None:
            await asyncio.wait([self._begin_commit(slot)])
