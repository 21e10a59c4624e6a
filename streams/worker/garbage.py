"""Garbage collection in a process that keeps many states for long."""

import asyncio
import gc
import itertools

COLLECT_EVERY = 0.25
"""Seconds between two looks of the collector: a few milliseconds each."""
MIDDLE_TURN, OLD_TURN = 40, 4_800
"""Every so many looks one goes further: each ten seconds, and each twenty minutes over all."""


async def collect_garbage() -> None:
    """The collector, run by hand until it's cancelled, mostly over what is new since the last time.

    By itself it would walk through all cached states again and again, which never are garbage in
    cycles; that took a third of the CPU (`make bench`). Cycles that got old are found all the
    same, only seldom: a worker that runs for months mustn't grow.
    """
    gc.disable()
    gc.freeze()
    for turn in itertools.count(1):
        await asyncio.sleep(COLLECT_EVERY)
        generation = 2 if turn % OLD_TURN == 0 else 1 if turn % MIDDLE_TURN == 0 else 0
        gc.collect(generation)
