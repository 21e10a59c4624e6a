"""How long the event loop was held up: between two polls of its selector, no task decides, no
heartbeat is sent and no request is answered."""

import asyncio
import selectors
import time
from collections.abc import Callable

from streams.engine import Instant
from streams.metrics import LoopMeasures
from streams.worker.clock import wall_clock

RECENT_SECONDS = 60.0


class Pauses:
    """The longest pause of a loop ever, and of the last one to two minutes."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._longest = 0.0
        self._longest_at: Instant | None = None
        self._minute, self._minute_before = 0.0, 0.0
        self._minute_ends = monotonic() + RECENT_SECONDS

    def add(self, seconds: float) -> None:
        """Counts a pause that ends now."""
        self._turn()
        if seconds > self._minute:
            self._minute = seconds
            if seconds > self._longest:
                self._longest, self._longest_at = seconds, wall_clock()

    def measures(self) -> LoopMeasures:
        """The pauses so far."""
        self._turn()
        recent = max(self._minute, self._minute_before)
        return LoopMeasures(self._longest, self._longest_at, recent)

    def _turn(self) -> None:
        late = self._monotonic() - self._minute_ends
        if late >= 0:
            self._minute_before = self._minute if late < RECENT_SECONDS else 0.0
            self._minute = 0.0
            self._minute_ends = self._monotonic() + RECENT_SECONDS


class PauseSelector(selectors.DefaultSelector):
    """The selector of a loop, which measures the time between two polls: 0.4 µs each."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._pauses: Pauses | None = None
        self._polled = 0.0

    def begin(self, pauses: Pauses) -> None:
        """Begins to count pauses; before that, the process starts."""
        self._pauses, self._polled = pauses, self._monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See selectors.BaseSelector."""
        if self._pauses is not None:
            self._pauses.add(self._monotonic() - self._polled)
        try:
            return super().select(timeout)
        finally:
            self._polled = self._monotonic()


def measured_loop(selector: PauseSelector) -> asyncio.AbstractEventLoop:
    """A loop on `selector`."""
    return asyncio.SelectorEventLoop(selector)
