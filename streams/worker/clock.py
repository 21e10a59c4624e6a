"""The wall clock: read here alone and passed on as an argument."""

import time

from streams.engine import Instant


def wall_clock() -> Instant:
    """The wall time, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
