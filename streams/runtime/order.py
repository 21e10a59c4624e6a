"""The one order in which a task does things, as a single integer that can be compared.

Everything that happens in a task has a place (time, phase):

    time t:  START | LATE | topic 0 | topic 1 | ... | TIMERS          then t + 1
              (0)     (1)     (2)       (3)           (255)

Records of one time come in the order of their topics (SEMANTICS 5.3), late records before those
on time (DESIGN 5.2), and all of them before the timers that are due at that time (SEMANTICS 5.2).
"""

from streams.engine import Instant

OrderKey = int
"""(time << 8) | phase."""

START = 0
LATE = 1
FIRST_TOPIC = 2
TIMERS = 255

LAST_ORDER_KEY: OrderKey = 1 << 80
"""Later than every place."""


def order_key(time: Instant, phase: int) -> OrderKey:
    """The place of `phase` at `time`."""
    return time << 8 | phase


def time_of(at: OrderKey) -> Instant:
    """The time of a place."""
    return at >> 8


def late_order_key(clock: OrderKey) -> OrderKey:
    """Where a record goes that comes too late for its own place, when `clock` has been reached.

    As soon as nothing on time of that instant has been done yet; else one millisecond later,
    because late records come before those on time, here as in a replay.
    """
    time, phase = clock >> 8, clock & 0xFF
    return order_key(time if phase <= LATE else time + 1, LATE)
