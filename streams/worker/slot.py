"""The slot of one task on this worker, from its assignment to its end.

    open (thread) ──► read its partitions ──► commit (thread), one at a time ──► close (thread)

`tasks.py` decides what happens in between. Everything here runs on the event loop, except for
blocking calls, which run in threads (PITFALLS 67).
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from typing import Any, Protocol, TypeVar

import msgspec

from streams.engine import INPUTS, Instant
from streams.ports import PartitionId
from streams.runtime.commit import Commit
from streams.runtime.lifecycle import TaskState, moved
from streams.runtime.order import OrderKey
from streams.task import PartitionTask
from streams.worker.fetching import Fetched, FetchThread
from streams.worker.slice_budget import SliceBudget

HIGH_RECORDS, HIGH_BYTES = 12_500, 4_000_000
"""Buffer limits of an input: above, its partition is paused; below a quarter, it is resumed."""

Poison = frozenset[tuple[str, int]]
"""Poison marks; see PartitionTask."""
T = TypeVar("T")


class OpenTask(Protocol):
    """A task with its producer and its store (kafka_task.py)."""

    @property
    def task(self) -> PartitionTask:
        """The task, on a store that holds its whole changelog."""

    def commit(self, commit: Commit) -> int:
        """Commits one transaction, then the store; blocks. Returns the next offset of the
        changelog. Raises Fenced, Aborted, OutcomeUnknown, StoreUnusable, Refused."""

    def close(self) -> None:
        """Releases everything, the store's lock too; blocks."""


class Opening(msgspec.Struct):
    """Request to open a task."""

    partition: int
    poisoned: Poison
    cancelled: threading.Event
    is_store_unusable: bool = False


Opener = Callable[[Opening], OpenTask]
"""Opens a task in a thread: fences, restores. Raises, also soon after `cancelled` was set."""


async def in_thread(pool: Executor, work: Callable[..., T], *arguments: object) -> T:
    """Calls `work` in a thread of `pool` and returns its result."""
    return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)


class TaskSlot:
    """One task on this worker: its state, its inputs, its transaction."""

    def __init__(self, partition: int, before: "TaskSlot | None" = None) -> None:
        """`before`: the slot that this one replaces after a failure."""
        self.partition = partition
        self.state = TaskState.ASSIGNED
        self.poisoned: Poison = frozenset() if before is None else before.poisoned
        self.failures: int = 0 if before is None else before.failures + 1
        """Consecutive failures of this partition's task without a commit."""
        self.is_store_unusable = False
        self.commits = 0
        self.commit_seconds = 0.0
        self.fed: dict[str, int] = {}
        """Next offset to feed, by topic."""
        self.positions: dict[str, int] = {} if before is None else before.positions
        """Committed positions by topic, as far as known."""
        self._processed_to: OrderKey = 0 if before is None else before._processed_to
        """Committed clock, as far as known."""
        self.ends: dict[str, int] = {}
        """Last known end offsets of its inputs, by topic."""
        self.paused: set[str] = set()
        self.commit: asyncio.Task[None] | None = None
        """The running transaction."""
        self.lookup: asyncio.Task[None] | None = None
        """The lookup that the task waits for (lookups.py)."""
        self.budget = SliceBudget()
        self.left = asyncio.Event()
        """Set when the worker stops running the task."""
        self._cancelled = threading.Event()
        self._open: OpenTask | None = None

    @property
    def runs(self) -> bool:
        """True while its task may be fed, run and committed."""
        return self.state in (TaskState.RUNNING, TaskState.COMMITTING)

    @property
    def task(self) -> PartitionTask:
        """The task, which exists while the slot `runs`."""
        assert self._open is not None
        return self._open.task

    @property
    def partition_ids(self) -> list[PartitionId]:
        """Partitions that the task reads."""
        return [(topic, self.partition) for topic in INPUTS]

    def move(self, to: TaskState) -> None:
        """Changes the state to `to`. Raises WrongTransition."""
        self.state = moved(self.partition, self.state, to)

    def leave(self, through: TaskState = TaskState.REVOKING) -> None:
        """Stops deciding and committing; the slot is closed as soon as possible."""
        if self.left.is_set():
            return
        self.left.set()
        self._cancelled.set()
        if self.state is not TaskState.ASSIGNED:
            self.move(through)

    async def open(self, pool: Executor, opener: Opener) -> None:
        """Fences and restores. Raises the errors of `opener`."""
        self.move(TaskState.RESTORING)
        opening = Opening(self.partition, self.poisoned, self._cancelled, self.is_store_unusable)
        self._open = await in_thread(pool, opener, opening)
        task = self.task
        self.fed = dict(task.positions)
        if self._is_ahead(task):
            # The transaction that seemed to fail was committed: slow brokers are no failure.
            self.failures = 0
        self.positions, self._processed_to = dict(self.fed), task.processed_to

    def _is_ahead(self, task: PartitionTask) -> bool:
        """True if the task is ahead of the last known commit of its partition."""
        known = self.positions
        return bool(known) and (
            task.processed_to > self._processed_to
            or any(offset > known[topic] for topic, offset in task.positions.items())
        )

    async def close(self, pool: Executor, records: FetchThread) -> None:
        """Closes the slot after `leave`: waits for the running transaction, releases everything."""
        await records.unassign(self.partition_ids)
        if self.commit is not None:
            await asyncio.wait([self.commit])
        if self._open is not None:
            await in_thread(pool, self._open.close)
        self.move(TaskState.CLOSED)

    async def transact(self, pool: Executor, wall: Instant) -> None:
        """Commits all decisions in one transaction. Raises the errors of OpenTask.commit."""
        assert self._open is not None
        self.move(TaskState.COMMITTING)
        commit = self.task.prepare_commit(wall)
        began = time.monotonic()
        offset = await in_thread(pool, self._open.commit, commit)
        self.commit_seconds += time.monotonic() - began
        self.commits += 1
        self.positions, self._processed_to = commit.position.inputs, commit.position.clock
        self.failures = 0
        if not self.left.is_set():
            self.task.committed(commit, offset)
            self.move(TaskState.RUNNING)

    def has_gap_before(self, fetched: Fetched) -> bool:
        """True if records between the last fed one and this batch are missing and must be
        fetched."""
        return fetched.start > self.fed[fetched.batch.topic]

    def feed(self, fetched: Fetched) -> bool:
        """Feeds a batch to the task, without records fed before: a batch fetched before a restart
        of the task may overlap. Returns True if the input should be paused now."""
        batch = fetched.batch
        topic, records, fed = batch.topic, batch.records, self.fed[batch.topic]
        if batch.next_offset < fed:
            return False
        if fetched.start < fed:
            records = [record for record in records if record.offset >= fed]
        self.fed[topic] = batch.next_offset
        if batch.end is not None:
            self.ends[topic] = batch.end
        self.task.feed(topic, records, batch.next_offset, batch.end)
        buffered, size = self.task.buffered(topic)
        if topic in self.paused or (buffered <= HIGH_RECORDS and size <= HIGH_BYTES):
            return False
        self.paused.add(topic)
        return True

    def to_resume(self) -> list[str]:
        """Paused inputs below the limits for resuming."""
        ready = []
        for topic in self.paused:
            records, size = self.task.buffered(topic)
            if records < HIGH_RECORDS // 4 and size < HIGH_BYTES // 4:
                ready.append(topic)
        self.paused.difference_update(ready)
        return ready

    @property
    def knows_ends(self) -> bool:
        """True if the end offset of every input is known."""
        return self.ends.keys() >= self.task.positions.keys()

    def lag(self) -> dict[str, int]:
        """Unprocessed records by topic, as far as the end offsets are known."""
        return {
            topic: max(0, self.ends.get(topic, position) - position)
            for topic, position in self.task.positions.items()
        }


class RunningTasks(msgspec.Struct, frozen=True):
    """Access to the running tasks, for the parts of a worker that advance them."""

    slots: Callable[[], Iterable[TaskSlot]]
    clock: Callable[[], Instant]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    """Starts a background coroutine."""
    failed: Callable[[TaskSlot, Exception], None]
    """Called for each task that failed."""
