"""Runs the transactions of the tasks when `PartitionTask.commit_due` says so: at most one per task
at a time, in a thread. No transaction is open before: `TransactionalProducer.commit` begins it.

due ──► prepared, on the loop ──► transaction and store, in a thread ──► committed, on the loop
 │      TaskSlot.transact         KafkaTask.commit                       PartitionTask.committed
 └ PartitionTask.commit_due
"""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from streams.runtime.lifecycle import TaskState
from streams.worker.slot import RunningTasks, TaskSlot

PARALLEL_COMMITS = 16
"""Maximum number of simultaneous commits."""


class Commits:
    """The transactions of the tasks of a worker."""

    def __init__(self, running: RunningTasks, done: Callable[[TaskSlot], None]) -> None:
        """`done` is called for each task whose transaction has ended, successfully or not."""
        self._running = running
        self._done = done
        self._threads = ThreadPoolExecutor(PARALLEL_COMMITS, thread_name_prefix="commit")

    def close(self) -> None:
        """Stops beginning transactions."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def begin_due(self) -> float:
        """Begins the due transactions; returns the seconds until the next is due."""
        wall = self._running.clock()
        wait = math.inf
        for slot in self._running.slots():
            if slot.commit is not None or slot.task.is_within_chunk:
                continue
            due = slot.task.commit_due(wall)
            if due is None:
                continue
            if due <= wall:
                self._begin(slot)
            else:
                wait = min(wait, (due - wall) / 1000)
        return wait

    def _begin(self, slot: TaskSlot) -> asyncio.Task[None]:
        commit = slot.commit = self._running.spawn(self._commit(slot))
        return commit

    async def _commit(self, slot: TaskSlot) -> None:
        try:
            await slot.transact(self._threads, self._running.clock())
        except Exception as error:
            self._running.failed(slot, error)
        finally:
            slot.commit = None
        self._done(slot)

    async def commit_all(self, within: float) -> None:
        """Commits all decisions, in at most `within` seconds."""
        commits = [self._running.spawn(self._last_commit(slot)) for slot in self._running.slots()]
        if commits:
            await asyncio.wait(commits, timeout=within)

    async def _last_commit(self, slot: TaskSlot) -> None:
        if slot.commit is not None:
            await asyncio.wait([slot.commit])
        if slot.state is not TaskState.RUNNING:
            return
        if slot.task.commit_due(self._running.clock()) is not None:
            await asyncio.wait([self._begin(slot)])
