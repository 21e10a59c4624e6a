"""End-offset requests, which advance the stream clock at the live edge (DESIGN 5.2).

read the wall time T ──► request the end offsets of all partitions that block a task, in one
request ──► once a task has every record below them, its clock may advance to T - clock skew
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from streams.engine import Instant
from streams.errors import Refused
from streams.ports import CONTROL, PartitionId
from streams.runtime.time_policy.live import SHORTEST_PAUSE
from streams.worker.slot import RunningTasks, TaskSlot, in_thread

logger = logging.getLogger(__name__)

ReadEndOffsets = Callable[[list[PartitionId]], dict[PartitionId, int]]
"""End offsets (high watermarks) of partitions in one request; blocks. Partitions without an answer
are left out."""

CALM_INTERVAL = 0.2
"""Seconds between two requests while no record and no timer waits for one."""
CPU_PER_PARTITION = 14e-3 / 512
"""CPU seconds of one partition in librdkafka's threads (DESIGN 5.2)."""
RETRY_REQUEST_AFTER = 1.0
"""Seconds between an unanswered request and the next one."""


class EndOffsetRequests:
    """Requests end offsets while tasks wait for them."""

    def __init__(
        self,
        running: RunningTasks,
        read_end_offsets: ReadEndOffsets,
        done: Callable[[TaskSlot], None],
        patience: float,
    ) -> None:
        """`done` is called for each task that got end offsets. `patience`: maximum seconds without
        any answer."""
        self._running = running
        self._read_end_offsets = read_end_offsets
        self._done = done
        self._patience = patience
        self._silent_since: float | None = None
        self._urgent = asyncio.Event()
        self._all_requested_at = 0.0
        """Time of the last request for all tasks."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="end-offsets")

    def request(self, slot: TaskSlot) -> None:
        """Registers a waiting task."""
        if is_urgent(slot, self._running.clock()):
            self._urgent.set()

    async def run(self) -> None:
        """Runs until cancelled. Raises Refused when no broker answers any more (PITFALLS 64)."""
        while True:
            began = time.monotonic()
            interval = await self._request(began)
            await asyncio.sleep(max(0.0, interval - (time.monotonic() - began)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._all_requested_at + CALM_INTERVAL - began):
                    await self._urgent.wait()

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _request(self, now: float) -> float:
        """Makes one request; returns the seconds from its begin to the next."""
        self._urgent.clear()
        wall = self._running.clock()
        slots = list(self._running.slots())
        if now - self._all_requested_at < CALM_INTERVAL:
            slots = [slot for slot in slots if is_urgent(slot, wall)]
        else:
            self._all_requested_at = now
        requested = {
            slot: topics for slot in slots if (topics := slot.task.needs_end_offsets(wall))
        }
        keys = {
            input_partition(slot, topic) for slot, topics in requested.items() for topic in topics
        }
        if not keys:
            return SHORTEST_PAUSE
        ends, cost = await in_thread(self._thread, self._timed, sorted(keys))
        self._check_answered(bool(ends))
        if not ends:
            return RETRY_REQUEST_AFTER
        for slot, topics in requested.items():
            if not slot.runs:
                continue
            found = {
                topic: ends[key]
                for topic in topics
                if (key := input_partition(slot, topic)) in ends
            }
            slot.ends.update(found)
            slot.task.set_end_offsets(wall, found)
            self._done(slot)
        cost += CPU_PER_PARTITION * len(keys)
        return max(slot.task.time.pause_after_request(cost) for slot in requested)

    def _check_answered(self, is_answered: bool) -> None:
        now = time.monotonic()
        if is_answered:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
            logger.warning("no broker answers end-offset requests; stream time is paused")
        elif now - self._silent_since > self._patience:
            raise Refused(
                f"no broker answered for {self._patience:g} s; check the brokers or raise "
                "broker_timeout"
            )

    def _timed(self, keys: list[PartitionId]) -> tuple[dict[PartitionId, int], float]:
        before = time.thread_time()
        return self._read_end_offsets(keys), time.thread_time() - before


def is_urgent(slot: TaskSlot, wall: Instant) -> bool:
    """True if a record or a timer waits for the clock."""
    task = slot.task
    return task.time.is_request_urgent(wall, task.next_due)


def input_partition(slot: TaskSlot, topic: str) -> PartitionId:
    """Partition of `topic` that a task reads: `control` has one for all tasks."""
    return (topic, 0 if topic == CONTROL else slot.partition)
