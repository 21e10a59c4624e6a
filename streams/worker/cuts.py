"""Cuts: how the stream clock goes on at the live edge (DESIGN 5.2).

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
from streams.ports import CONTROL
from streams.runtime.time_policy.live import SHORTEST_PAUSE
from streams.worker.fetching import Key
from streams.worker.slot import RunningTasks, TaskSlot, in_thread

logger = logging.getLogger(__name__)

AskEnds = Callable[[list[Key]], dict[Key, int]]
"""The ends (high watermarks) of partitions in one request; blocks. What can't be asked is left
out."""

CALM = 0.2
"""Seconds between two cuts while no record and no timer waits for one."""
COST = 14e-3 / 512
"""Seconds of CPU that one partition costs in librdkafka's threads (DESIGN 5.2)."""
AFTER_FAILURE = 1.0


class Cuts:
    """Asks for ends as long as tasks wait for them."""

    def __init__(
        self,
        running: RunningTasks,
        ask_ends: AskEnds,
        done: Callable[[TaskSlot], None],
        patience: float,
    ) -> None:
        """`done` is called for each task that a cut was brought to. `patience`: seconds without
        any answer after which it's given up."""
        self._running = running
        self._ask_ends = ask_ends
        self._done = done
        self._patience = patience
        self._silent_since: float | None = None
        self._urgent = asyncio.Event()
        self._calm_at = 0.0
        """When all were asked for the last time."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cut")

    def want(self, slot: TaskSlot) -> None:
        """The task waits."""
        if is_urgent(slot, self._running.clock()):
            self._urgent.set()

    async def run(self) -> None:
        """Until it's cancelled. Raises Refused when nobody answers any more (PITFALLS 64)."""
        while True:
            began = time.monotonic()
            interval = await self._cut(began)
            await asyncio.sleep(max(0.0, interval - (time.monotonic() - began)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), self._calm_at + CALM - began)

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _cut(self, now: float) -> float:
        """One cut; returns how many seconds are to lie between it and the next."""
        self._urgent.clear()
        wall = self._running.clock()
        slots = list(self._running.slots())
        if now - self._calm_at < CALM:
            slots = [slot for slot in slots if is_urgent(slot, wall)]
        else:
            self._calm_at = now
        asked = {slot: topics for slot in slots if (topics := slot.task.needs_cut(wall))}
        keys = {key_of(slot, topic) for slot, topics in asked.items() for topic in topics}
        if not keys:
            return SHORTEST_PAUSE
        ends, cost = await in_thread(self._thread, self._timed, sorted(keys))
        self._listen(bool(ends))
        if not ends:
            return AFTER_FAILURE
        for slot, topics in asked.items():
            if not slot.runs:
                continue
            found = {topic: ends[key] for topic in topics if (key := key_of(slot, topic)) in ends}
            slot.ends.update(found)
            slot.task.cut(wall, found)
            self._done(slot)
        cost += COST * len(keys)
        return max(slot.task.time.pause_after_cut(cost) for slot in asked)

    def _listen(self, is_answered: bool) -> None:
        now = time.monotonic()
        if is_answered:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
            logger.warning("no broker tells where the inputs end; the clocks stand still")
        elif now - self._silent_since > self._patience:
            raise Refused(
                f"no broker has answered for {self._patience:g} s; look after the brokers, or set "
                "a longer broker_timeout"
            )

    def _timed(self, keys: list[Key]) -> tuple[dict[Key, int], float]:
        before = time.thread_time()
        return self._ask_ends(keys), time.thread_time() - before


def is_urgent(slot: TaskSlot, wall: Instant) -> bool:
    """Does a record or a timer wait for the clock to go on?"""
    task = slot.task
    return task.time.is_cut_urgent(wall, task.next_due)


def key_of(slot: TaskSlot, topic: str) -> Key:
    """Where a task reads `topic`: `control` has one partition for all."""
    return (topic, 0 if topic == CONTROL else slot.partition)
