"""Length of a flow: its waits and timeouts, along the longest path.

An upper bound: the window in which a backfill looks for events (SEMANTICS 6.3). The step at which P
would be is found by retracing the steps (backfill.py).
"""

from typing import Any

from streams.engine.compiling.successors import ways
from streams.engine.steps import wait, wait_for
from streams.engine.values import DAY, Clock

_TO_A_CLOCK = 2 * DAY  # until the clock time returns; days are longer when clocks change
_TO_A_WEEKDAY = 8 * DAY


def longest(steps: list[Any]) -> int | None:
    """Maximum duration in ms of a journey through these steps, without the time for which it is
    held. None if a step waits until a date or a moment."""
    total = 0
    for step in steps:
        own = _own(step)
        lengths = [longest(inner) for _, inner in ways(step)]
        known = [length for length in lengths if length is not None]
        if own is None or len(known) < len(lengths):
            return None
        total += own + max(known, default=0)
    return total


def _own(step: Any) -> int | None:
    if isinstance(step, wait_for.Definition):
        return step.timeout
    if not isinstance(step, wait.Definition):
        return 0
    length = step.wait
    if isinstance(length, wait.Until):
        if not isinstance(length.until, Clock):
            return None
        most = _TO_A_CLOCK + max(length.offset, 0)
    elif isinstance(length, wait.Window):
        most = _TO_A_CLOCK + (_TO_A_WEEKDAY if length.only_on else 0)
    else:
        most = length + (0 if step.at is None else _TO_A_CLOCK)
    return most + (_TO_A_WEEKDAY if step.only_on else 0)
