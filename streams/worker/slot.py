"""The slot of one task on this worker, from its assignment to its end.

    open (thread) ──► read its partitions ──► commit (thread), one at a time ──► close (thread)

What a task does in between is decided in `tasks.py`. Everything here runs on the event loop, except
what blocks: that runs in threads (PITFALLS 67).
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
from streams.runtime.order import Place
from streams.task import PartitionTask
from streams.worker.fetching import Fetched, FetchThread

HIGH_RECORDS, HIGH_BYTES = 50_000, 16_000_000
"""More than this in the buffer of an input: its partition is paused. Resumed below a quarter."""

Poison = frozenset[tuple[str, int]]
"""See PartitionTask."""
T = TypeVar("T")


class OpenTask(Protocol):
    """A task with its producer and its store (kafka_task.py)."""

    @property
    def task(self) -> PartitionTask:
        """The task, on a store that holds all of its changelog."""

    def commit(self, commit: Commit) -> int:
        """One transaction, then the store; blocks. The next offset of the changelog. Raises
        Fenced, Aborted, OutcomeUnknown, StoreUnusable, Refused."""

    def close(self) -> None:
        """Frees everything, the store's lock too; blocks."""


class Opening(msgspec.Struct):
    """What it takes to open a task."""

    partition: int
    poisoned: Poison
    cancelled: threading.Event
    is_store_unusable: bool = False


Opener = Callable[[Opening], OpenTask]
"""Opens a task in a thread: fences, restores. Raises, and soon after `cancelled` was set too."""


async def in_thread(pool: Executor, work: Callable[..., T], *arguments: object) -> T:
    """What `work` returns, called in a thread of `pool`."""
    return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)


class TaskSlot:
    """One task, where it stands, and what is known about its inputs."""

    def __init__(self, partition: int, before: "TaskSlot | None" = None) -> None:
        """`before`: whom this one follows after a failure."""
        self.partition = partition
        self.state = TaskState.ASSIGNED
        self.poisoned: Poison = frozenset() if before is None else before.poisoned
        self.failures: int = 0 if before is None else before.failures + 1
        """How often in a row this partition's task failed and committed nothing."""
        self.is_store_unusable = False
        self.commits = 0
        self.commit_seconds = 0.0
        self.fed: dict[str, int] = {}
        """Next offset to be fed, by topic."""
        self.positions: dict[str, int] = {} if before is None else before.positions
        """Committed positions, by topic, as far as they're known."""
        self._processed_to: Place = 0 if before is None else before._processed_to
        """How far the clock was committed, as far as it's known."""
        self.ends: dict[str, int] = {}
        """The last known ends of its inputs, by topic."""
        self.paused: set[str] = set()
        self.commit: asyncio.Task[None] | None = None
        """The transaction that is under way."""
        self.lookup: asyncio.Task[None] | None = None
        """Its task waits for an answer (see lookups.py)."""
        self.left = asyncio.Event()
        """Set when the task is given up."""
        self._cancelled = threading.Event()
        self._open: OpenTask | None = None

    @property
    def runs(self) -> bool:
        """May its task be fed, run and committed?"""
        return self.state in (TaskState.RUNNING, TaskState.COMMITTING)

    @property
    def task(self) -> PartitionTask:
        """The task; there is one while it `runs`."""
        assert self._open is not None
        return self._open.task

    @property
    def partition_ids(self) -> list[PartitionId]:
        """The partitions that it reads."""
        return [(topic, self.partition) for topic in INPUTS]

    def move(self, to: TaskState) -> None:
        """Goes to the state `to`. Raises WrongTransition."""
        self.state = moved(self.partition, self.state, to)

    def leave(self, through: TaskState = TaskState.REVOKING) -> None:
        """From now on it decides and commits nothing, and it's closed as soon as it can be."""
        if self.left.is_set():
            return
        self.left.set()
        self._cancelled.set()
        if self.state is not TaskState.ASSIGNED:
            self.move(through)

    async def open(self, pool: Executor, opener: Opener) -> None:
        """Fences and restores. Raises whatever `opener` does."""
        self.move(TaskState.RESTORING)
        opening = Opening(self.partition, self.poisoned, self._cancelled, self.is_store_unusable)
        self._open = await in_thread(pool, opener, opening)
        task = self.task
        self.fed = dict(task.positions)
        if self._is_ahead(task):
            # What seemed to have failed was committed: slow brokers are no reason to give up.
            self.failures = 0
        self.positions, self._processed_to = dict(self.fed), task.place

    def _is_ahead(self, task: PartitionTask) -> bool:
        """Does it stand further on than where its partition's task was known to be?"""
        known = self.positions
        return bool(known) and (
            task.place > self._processed_to
            or any(offset > known[topic] for topic, offset in task.positions.items())
        )

    async def close(self, pool: Executor, records: FetchThread) -> None:
        """After `leave`: waits for the transaction under way, frees everything."""
        await records.unassign(self.partition_ids)
        if self.commit is not None:
            await asyncio.wait([self.commit])
        if self._open is not None:
            await in_thread(pool, self._open.close)
        self.move(TaskState.CLOSED)

    async def transact(self, pool: Executor, wall: Instant) -> None:
        """One transaction with all that is decided. Raises whatever OpenTask.commit does."""
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
        """Is there something between what was fed and this batch? It must be fetched again then."""
        return fetched.start > self.fed[fetched.batch.topic]

    def feed(self, fetched: Fetched) -> bool:
        """Hands a batch on that follows what was fed before; of one that overlaps with it, as it
        comes from before the task was opened anew, the rest. Returns whether the input should be
        paused now."""
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
        """The paused inputs that have room again."""
        ready = []
        for topic in self.paused:
            records, size = self.task.buffered(topic)
            if records < HIGH_RECORDS // 4 and size < HIGH_BYTES // 4:
                ready.append(topic)
        self.paused.difference_update(ready)
        return ready

    @property
    def knows_ends(self) -> bool:
        """Is the end of every input known?"""
        return self.ends.keys() >= self.task.positions.keys()

    def lag(self) -> dict[str, int]:
        """Records that aren't processed yet, by topic, as far as the ends are known."""
        return {
            topic: max(0, self.ends.get(topic, position) - position)
            for topic, position in self.task.positions.items()
        }


class RunningTasks(msgspec.Struct, frozen=True):
    """The tasks that run here, for the parts of a worker that move them along."""

    slots: Callable[[], Iterable[TaskSlot]]
    clock: Callable[[], Instant]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    """Runs beside the others."""
    failed: Callable[[TaskSlot, Exception], None]
    """Is told of each that can't go on."""
