"""Garbage collection of a process that may hold its event loop for a few milliseconds only.

    start ──► all frozen ──► young objects, four times a second ──► all but the frozen, every minute
                  ▲                      │ many                           │ took long
                  └──────────────────────┴────────────────────────────────┘

States are bytes, which the collector doesn't traverse. What stays are definitions and facts (25,000
objects for 200 flows: 3 ms) and what is in progress. Where these are so many that traversing them
takes long, they are frozen, too.
"""

import asyncio
import gc
import itertools
import time
from collections.abc import Callable

COLLECT_EVERY = 0.25
"""Seconds between two collections of the youngest generation."""
ALL_TURN = 240
"""Collections between two of all objects that aren't frozen."""
MOST_YOUNG = 30_000
"""Young objects that are traversed, in about 3 ms; more are frozen."""
LONGEST = 0.003
"""Seconds of a collection after which its survivors are frozen."""
COUNT_TURN = 10
"""Freezings between two counts of what is frozen: to count 100,000 objects takes milliseconds."""


class Collector:
    """Collects by hand; the automatic collector is off from the first call on."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        """`clock`: in seconds; by default without the time of other processes."""
        self._clock = clock
        self._freezings = 0
        gc.disable()
        self._collect_frozen()

    def collect_young(self) -> None:
        """Traverses the objects created since the last collection."""
        if gc.get_count()[0] > MOST_YOUNG:
            self._freeze()
        else:
            gc.collect(0)

    def collect_all(self) -> None:
        """Traverses all objects that aren't frozen."""
        began = self._clock()
        gc.collect()
        if self._clock() - began > LONGEST:
            self._freeze()

    def _freeze(self) -> None:
        """Exempts all objects from collections. Among frozen ones, cycles aren't found, and each
        replaced set of definitions is one: so once their number has doubled, as after a hundred
        publications, all are traversed again, in some 50 ms."""
        gc.freeze()
        self._freezings += 1
        if self._freezings % COUNT_TURN == 0 and gc.get_freeze_count() > 2 * self._frozen:
            self._collect_frozen()

    def _collect_frozen(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._frozen = gc.get_freeze_count()


async def collect_garbage(collector: Collector) -> None:
    """Collects between the slices of the tasks, until cancelled."""
    for turn in itertools.count(1):
        await asyncio.sleep(COLLECT_EVERY)
        if turn % ALL_TURN == 0:
            collector.collect_all()
        else:
            collector.collect_young()
