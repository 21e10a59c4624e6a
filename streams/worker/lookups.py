"""What tasks must ask before they can judge their next record: the schema registry, off the loop.

run ──► LookupNeeded ──► ask, in a thread ──► run again
                        ▲      │
                        └──────┘ nobody answers: again after a second, for as long as it takes

A task that waits here is no failure: nothing is decided, nothing is lost, and the others go on.
"""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

from streams.errors import LookupNeeded, Unreachable
from streams.worker.slot import TaskSlot, in_thread

logger = logging.getLogger(__name__)

THREADS = 4
"""Who asks one registry waits for one registry: more wouldn't be faster."""
RETRY_AFTER = 1.0
LOG_EVERY = 30
"""Every so many attempts there is a line that it is still away."""


class Lookups:
    """Asks on behalf of tasks, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lookup")

    async def complete(self, slot: TaskSlot, needed: LookupNeeded) -> None:
        """Until there is an answer, or the task is given up. Raises what only the user can mend."""
        attempts = 0
        while not slot.left.is_set():
            try:
                await in_thread(self._threads, needed.lookup)
            except Unreachable as error:
                if attempts % LOG_EVERY == 0:
                    logger.warning(
                        "task %d is waiting for %s: %s; retrying",
                        slot.partition,
                        needed.what,
                        error,
                    )
            else:
                if attempts:
                    logger.info("task %d resumed: %s received", slot.partition, needed.what)
                return
            attempts += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(slot.left.wait(), RETRY_AFTER)

    def close(self) -> None:
        """Ends the threads, as soon as they can be."""
        self._threads.shutdown(wait=False, cancel_futures=True)
