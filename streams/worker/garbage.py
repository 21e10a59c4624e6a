"""Garbage collection of a process with many long-lived states."""

import asyncio
import gc
import itertools

COLLECT_EVERY = 0.25
"""Seconds between two collections of the youngest generation: a few milliseconds each."""
MIDDLE_TURN, OLD_TURN = 40, 4_800
"""Collections between two of the middle generation (ten seconds) and of all (twenty minutes)."""


async def collect_garbage() -> None:
    """Runs the collector by hand until cancelled, mostly over new objects.

    The automatic collector would traverse all cached states again and again, which are never
    garbage in cycles; that took a third of the CPU (`make bench`). Old cycles are still found, but
    rarely: a worker that runs for months must not grow.
    """
    gc.disable()
    gc.freeze()
    for turn in itertools.count(1):
        await asyncio.sleep(COLLECT_EVERY)
        generation = 2 if turn % OLD_TURN == 0 else 1 if turn % MIDDLE_TURN == 0 else 0
        gc.collect(generation)
