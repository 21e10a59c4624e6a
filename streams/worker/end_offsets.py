"""EndOffsetRequests: how the stream clock goes on at the live edge (DESIGN 5.2).

note the wall time T ──► ask for the ends of all partitions that hold a task back, in one
request ──► once a task has everything below them, its clock may go to T less the clock skew
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
from streams.runtime.time_policy.live import MIN_INTERVAL
from streams.worker.slot import RunningTasks, TaskSlot, in_thread

logger = logging.getLogger(__name__)

ReadEndOffsets = Callable[[list[PartitionId]], dict[PartitionId, int]]
"""The ends (high watermarks) of partitions in one request; blocks. What can't be asked is left
out."""

CALM_INTERVAL = 0.2
"""Seconds between two cuts while no record and no timer waits for one."""
CPU_PER_PARTITION = 14e-3 / 512
"""Seconds of CPU that one partition costs in librdkafka's threads (DESIGN 5.2)."""
RETRY_AFTER = 1.0


class EndOffsetRequests:
    """Asks for ends as long as tasks wait for them."""

    def __init__(
        self,
        running: RunningTasks,
        read_end_offsets: ReadEndOffsets,
        done: Callable[[TaskSlot], None],
        patience: float,
    ) -> None:
        """`done` is called for each task that a cut was brought to. `patience`: seconds without
        any answer after which it's given up."""
        self._running = running
        self._read_end_offsets = read_end_offsets
        self._done = done
        self._patience = patience
        self._silent_since: float | None = None
        self._urgent = asyncio.Event()
        self._all_requested_at = 0.0
        """When all were asked for the last time."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="end-offsets")

    def request(self, slot: TaskSlot) -> None:
        """The task waits."""
        if is_urgent(slot, self._running.clock()):
            self._urgent.set()

    async def run(self) -> None:
        """Until it's cancelled. Raises Refused when nobody answers any more (PITFALLS 64)."""
        while True:
            began = time.monotonic()
            interval = await self._request(began)
            await asyncio.sleep(max(0.0, interval - (time.monotonic() - began)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._urgent.wait(), self._all_requested_at + CALM_INTERVAL - began
                )

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _request(self, now: float) -> float:
        """One cut; returns how many seconds are to lie between it and the next."""
        self._urgent.clear()
        wall = self._running.clock()
        slots = list(self._running.slots())
        if now - self._all_requested_at < CALM_INTERVAL:
            slots = [slot for slot in slots if is_urgent(slot, wall)]
        else:
            self._all_requested_at = now
        asked = {slot: topics for slot in slots if (topics := slot.task.needs_cut(wall))}
        keys = {input_partition(slot, topic) for slot, topics in asked.items() for topic in topics}
        if not keys:
            return MIN_INTERVAL
        ends, cost = await in_thread(self._thread, self._timed, sorted(keys))
        self._check_answered(bool(ends))
        if not ends:
            return RETRY_AFTER
        for slot, topics in asked.items():
            if not slot.runs:
                continue
            found = {
                topic: ends[key]
                for topic in topics
                if (key := input_partition(slot, topic)) in ends
            }
            slot.ends.update(found)
            slot.task.cut(wall, found)
            self._done(slot)
        cost += CPU_PER_PARTITION * len(keys)
        return max(slot.task.time.pause_after_cut(cost) for slot in asked)

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
    """Does a record or a timer wait for the clock to go on?"""
    task = slot.task
    return task.time.is_cut_urgent(wall, task.next_due)


def input_partition(slot: TaskSlot, topic: str) -> PartitionId:
    """Where a task reads `topic`: `control` has one partition for all."""
    return (topic, 0 if topic == CONTROL else slot.partition)
