"""The processing order of a task, as one integer per event.

Everything that happens in a task has an order key (time, phase):

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
"""Greater than every order key in use."""


def order_key(time: Instant, phase: int) -> OrderKey:
    """The order key of `phase` at `time`."""
    return time << 8 | phase


def time_of(at: OrderKey) -> Instant:
    """The time of an order key."""
    return at >> 8


def late_order_key(clock: OrderKey) -> OrderKey:
    """The order key of a late record when the task has reached `clock`.

    The same millisecond if nothing on time of it has been processed yet; else the next one, because
    late records precede those on time, here as in a replay.
    """
    time, phase = clock >> 8, clock & 0xFF
    return order_key(time if phase <= LATE else time + 1, LATE)
