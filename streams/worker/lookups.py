"""Lookups in the schema registry that a task needs for its next record, off the event loop.

run ──► LookupNeeded ──► lookup, in a thread ──► run again
                          ▲      │
                          └──────┘ no answer: retry after a second, without limit

A waiting task is no failure: nothing is decided, nothing is lost, and the other tasks continue.
"""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

from streams.errors import LookupNeeded, Unreachable
from streams.worker.slot import TaskSlot, in_thread

logger = logging.getLogger(__name__)

THREADS = 4
"""One registry answers all of them: more threads would not be faster."""
RETRY_LOOKUP_AFTER = 1.0
"""Seconds between two attempts."""
LOG_EVERY = 30
"""Attempts between two log lines."""


class Lookups:
    """Runs the lookups of tasks in its own threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lookup")

    async def complete(self, slot: TaskSlot, needed: LookupNeeded) -> None:
        """Retries until there is an answer or the task is left. Raises Refused."""
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
                await asyncio.wait_for(slot.left.wait(), RETRY_LOOKUP_AFTER)

    def close(self) -> None:
        """Ends the threads as soon as possible."""
        self._threads.shutdown(wait=False, cancel_futures=True)
