"""The tasks of this worker, from assignment to revocation.

    group assigns ──► open ──► feed ──► run in slices ──► commit ──► run ...
                       ▲ end offsets ──►     │               │
                       └─────── reopen ◄── anything unexpected
    group revokes ──► last commit within a budget; tasks not assigned again are closed

Tasks run in slices.py and commit in committing.py; end_offsets.py advances their clocks.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from streams.engine import Instant
from streams.errors import Fenced, Poisoned, Refused, SendflowError, StoreUnusable
from streams.ports import CONTROL, PartitionId, Record
from streams.runtime.lifecycle import TaskState
from streams.worker.background import Background
from streams.worker.clock import wall_clock
from streams.worker.committing import Commits
from streams.worker.end_offsets import EndOffsetRequests, ReadEndOffsets
from streams.worker.fetching import Fetched, FetchThread
from streams.worker.group import NotHere
from streams.worker.slices import Slices
from streams.worker.slot import Opener, RunningTasks, TaskSlot, in_thread

logger = logging.getLogger(__name__)

PARALLEL_OPENINGS = 16
"""Maximum number of tasks opened at the same time."""
POSITIONS_INTERVAL = 1.0
"""Seconds between two commits of the tasks' positions to the group."""


class TasksOptions(msgspec.Struct, frozen=True):
    """Times in seconds."""

    revoke_budget: float = 10.0
    reopen_delay: float = 1.0  # after a failure; doubled with each further one
    reopen_after_fenced: float = 10.0
    failures_allowed: int = 5
    broker_patience: float = 60.0  # maximum time without an answer of any broker
    decide_ahead: int = 20_000  # records, during a transaction


class TaskPorts(msgspec.Struct):
    """Dependencies of the tasks of a worker."""

    opener: Opener
    records: FetchThread
    read_end_offsets: ReadEndOffsets
    partition_of: Callable[[bytes], int]
    write_positions: Callable[[Mapping[PartitionId, int]], Awaitable[None]]
    read_control: Callable[[Record], object]
    """Reads a record of `control` and keeps the result for the tasks; called in a thread."""
    set_facts_owner: Callable[[bool], None] = lambda is_owner: None
    """Called with True where this worker owns task 0 and so adds up the store facts."""


class Tasks:
    """The tasks of this worker: a GroupMember of the group (group.py)."""

    def __init__(
        self,
        ports: TaskPorts,
        options: TasksOptions,
        clock: Callable[[], Instant] = wall_clock,
    ) -> None:
        self.failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        """Resolves when the worker has failed."""
        self._ports = ports
        self._options = options
        self._clock = clock
        self._slots: dict[int, TaskSlot] = {}
        self._lifetimes: dict[int, asyncio.Task[None]] = {}
        """The newest coroutine of each partition; it ends when its slot is closed."""
        self._owned: set[int] = set()
        self._generation: int | None = None
        """Generation of the newest assignment; None: other workers may own its tasks already."""
        self._is_stopping = False
        self._control_fetched: asyncio.Queue[Fetched] = asyncio.Queue()
        """Not read yet."""
        self._control: list[Record] = []
        self._control_next = 0
        self._control_end: int | None = None
        self._background = Background(self.fail)
        running = RunningTasks(self._running, clock, self._background.spawn, self._failed)
        self._commits = Commits(running, done=lambda slot: self._slices.mark_ready(slot))
        self._slices = Slices(
            running,
            ports.records,
            self._commits,
            request_end_offsets=lambda slot: self._end_offsets.request(slot),
            decide_ahead=options.decide_ahead,
        )
        self._end_offsets = EndOffsetRequests(
            running,
            ports.read_end_offsets,
            done=self._slices.mark_ready,
            patience=options.broker_patience,
        )
        self._openers = ThreadPoolExecutor(PARALLEL_OPENINGS, thread_name_prefix="open")
        self._control_thread = ThreadPoolExecutor(1, thread_name_prefix="control")

    # ── Start, stop, assignment ───────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Begins to read `control`; decides from the first assignment on."""
        await self._ports.records.assign({(CONTROL, 0): 0})
        self._background.spawn(self._slices.run())
        self._background.spawn(self._end_offsets.run())
        self._background.spawn(self._report_positions())
        self._background.spawn(self._read_control())

    async def revoked(self) -> None:
        """See GroupMember: stops deciding and commits what is decided, within the budget."""
        self._slices.is_enabled = False
        await self._commits.commit_all(self._options.revoke_budget)

    async def lost(self) -> None:
        """See GroupMember: stops deciding, and commits nothing (PITFALLS 35)."""
        self._slices.is_enabled = False
        self._generation = None

    async def assigned(self, numbers: set[int], generation: int) -> None:
        """Takes these tasks. Tasks owned before are kept, unless another worker could have owned
        them in between: these restart from the last commit. A stopping worker takes none: opening
        one would fence the next owner."""
        if self._is_stopping:
            return
        may_keep = self._generation is not None and generation == self._generation + 1
        kept = numbers & self._slots.keys() if may_keep else set()
        logger.info(
            "generation %d: assigned %d tasks (%s), %d kept",
            generation,
            len(numbers),
            ranges(numbers),
            len(kept),
        )
        self._generation = generation
        self._owned = set(numbers)
        self._ports.set_facts_owner(0 in numbers)
        for number in self._slots.keys() - kept:
            self._slots.pop(number).leave()
        going_on = [self._slots[number] for number in kept]
        await self._ports.records.seek_back(
            {
                (topic, slot.partition): offset
                for slot in going_on
                if slot.runs
                for topic, offset in slot.fed.items()
            }
        )
        self._slices.is_enabled = True
        for number in sorted(numbers - kept):
            self._begin(TaskSlot(number))
        for slot in going_on:
            self._slices.mark_ready(slot)

    async def stop(self, within: float) -> None:
        """Commits all decisions and closes everything, in about `within` seconds. The transaction
        timeout and the next owner's fence handle anything that takes longer."""
        deadline = time.monotonic() + within
        self._is_stopping = True
        self._ports.set_facts_owner(False)
        flowed, self._slices.is_enabled = self._slices.is_enabled, False
        self._owned = set()
        if flowed:
            await self._commits.commit_all(within / 2)
        for slot in self._slots.values():
            slot.leave()
        self._slots.clear()
        if self._lifetimes:
            await asyncio.wait(
                list(self._lifetimes.values()), timeout=max(0.1, deadline - time.monotonic())
            )
        self._background.cancel()
        self._end_offsets.close()
        self._slices.close()
        self._commits.close()
        self._openers.shutdown(wait=False, cancel_futures=True)
        self._control_thread.shutdown(wait=False, cancel_futures=True)

    # ── Life cycle of a task ──────────────────────────────────────────────────────────────────

    def _begin(self, slot: TaskSlot, delay: float = 0.0) -> None:
        """Starts a slot, after `delay` seconds if the worker still owns the task then."""
        self._slots[slot.partition] = slot
        before = self._lifetimes.get(slot.partition)
        life = self._lifetimes[slot.partition] = self._background.spawn(
            self._run_slot(slot, before, delay)
        )

        def forget(_: object) -> None:
            if self._lifetimes.get(slot.partition) is life:
                del self._lifetimes[slot.partition]

        life.add_done_callback(forget)

    async def _run_slot(
        self, slot: TaskSlot, before: asyncio.Task[None] | None, delay: float
    ) -> None:
        if before is not None:
            await asyncio.wait([before])  # it holds the store's lock
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(slot.left.wait(), delay)
        if not slot.left.is_set():
            try:
                await slot.open(self._openers, self._ports.opener)
                if not slot.left.is_set():
                    await self._start_running(slot)
            except Exception as error:
                self._failed(slot, error)
        await slot.left.wait()
        await slot.close(self._openers, self._ports.records)

    async def _start_running(self, slot: TaskSlot) -> None:
        await self._ports.records.assign(
            {(topic, slot.partition): offset for topic, offset in slot.fed.items()}
        )
        if not slot.left.is_set():
            # Without an await: later records of `control` come through `_feed_control`.
            slot.task.feed(CONTROL, self._control, self._control_next, self._control_end)
            slot.move(TaskState.RUNNING)
            self._slices.mark_ready(slot)

    def _failed(self, slot: TaskSlot, error: Exception) -> None:
        """The only way of recovery: drops the task and opens it again from the last commit."""
        if slot.left.is_set():
            return
        del self._slots[slot.partition]
        if isinstance(error, Refused):
            slot.leave()
            self.fail(error)
            return
        again = TaskSlot(slot.partition, slot)
        delay = self._options.reopen_delay * 2.0**slot.failures
        if isinstance(error, Poisoned) and error.poison_id not in slot.poisoned:
            # The record becomes a dead letter, which is progress.
            again.poisoned |= {error.poison_id}
            again.failures, delay = slot.failures, 0.0
        elif isinstance(error, StoreUnusable):
            again.is_store_unusable = True
        if isinstance(error, Fenced):
            # Another worker owns it, and an assignment follows. Without one, this worker does.
            logger.warning("task %d: %s; closing", slot.partition, error)
            slot.leave(TaskState.FENCED)
            delay = self._options.reopen_after_fenced
        else:
            logger.warning(
                "task %d: %s: %s; restarting from the last commit",
                slot.partition,
                type(error).__name__,
                error,
                exc_info=None if isinstance(error, SendflowError) else error,
            )
            slot.leave()
        if slot.failures >= self._options.failures_allowed:
            self.fail(error)
        elif slot.partition in self._owned:
            self._begin(again, delay)

    def fail(self, error: BaseException) -> None:
        """See GroupMember: stops the worker with `error`."""
        if not self.failure.done():
            self.failure.set_result(error)

    # ── Records ───────────────────────────────────────────────────────────────────────────────

    def feed(self, fetched: Fetched) -> None:
        """Takes a batch of an input from its agent."""
        slot = self._slots.get(fetched.batch.partition)
        if slot is None or not slot.runs:
            return
        topic = fetched.batch.topic
        key = topic, slot.partition
        if slot.has_gap_before(fetched):
            if self._slices.is_enabled:  # else the next assignment seeks back
                self._background.spawn(self._ports.records.seek_back({key: slot.fed[topic]}))
        elif slot.feed(fetched):
            self._background.spawn(self._ports.records.pause(key))
        self._wake(slot)

    def feed_control(self, fetched: Fetched) -> None:
        """Takes a batch of `control` for all tasks."""
        self._control_fetched.put_nowait(fetched)

    async def _read_control(self) -> None:
        """Feeds the batches of `control` in order, each once its records are read: to compile the
        definitions of 200 flows takes 70 ms, and the tasks find the result."""
        while True:
            fetched = await self._control_fetched.get()
            await in_thread(self._control_thread, self._read_ahead, fetched.batch.records)
            self._feed_control(fetched)

    def _read_ahead(self, records: list[Record]) -> None:
        for record in records:
            with contextlib.suppress(Exception):  # raised again where a task reads the record
                self._ports.read_control(record)

    def _feed_control(self, fetched: Fetched) -> None:
        """Feeds a batch of `control` to all tasks, and keeps it for later ones."""
        batch = fetched.batch
        self._control += batch.records
        self._control_next = batch.next_offset
        if batch.end is not None:
            self._control_end = batch.end
        for slot in self._running():
            try:
                slot.task.feed(CONTROL, batch.records, batch.next_offset, batch.end)
            except Exception as error:
                self._failed(slot, error)
            else:
                self._wake(slot)

    def _wake(self, slot: TaskSlot) -> None:
        """Lets a task run after records came. One that still waits for another input, as after most
        batches at the live edge, goes on only with end offsets, which are requested sooner now that
        records wait for them."""
        if slot.task.waits_for is None:
            self._slices.mark_ready(slot)
        else:
            self._end_offsets.request(slot)

    async def _report_positions(self) -> None:
        while True:
            await asyncio.sleep(POSITIONS_INTERVAL)
            if self._slices.is_enabled:
                await self._ports.write_positions(self._positions())

    def _positions(self) -> dict[PartitionId, int]:
        return {
            (topic, slot.partition): slot.positions[topic]
            for slot in self._running()
            for topic in slot.fed
        }

    def _running(self) -> list[TaskSlot]:
        return [slot for slot in self._slots.values() if slot.runs]

    # ── Queries ───────────────────────────────────────────────────────────────────────────────

    def state_of(self, customer: str) -> bytes | None:
        """See GroupMember."""
        partition = self._ports.partition_of(customer.encode())
        slot = self._slots.get(partition)
        if slot is None or not slot.runs:
            raise NotHere(f"task {partition} of customer {customer!r} is not on this worker")
        return slot.task.state_of(customer)

    def slots(self) -> list[TaskSlot]:
        """All slots of this worker, in order of their numbers."""
        return [self._slots[number] for number in sorted(self._slots)]


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as text, neighbours joined: 0-3, 7."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts) or "none"
