"""The states of one process of a worker.

WAITING ◄── ended by itself ── RUNNING ──► STOPPING ──► ENDED
   │                              ▲ │                    ▲
   └── its delay is over ─────────┘ └── for good ────────┤
   └── stopped before ───────────────────────────────────┘
"""

import logging
from enum import Enum

from streams.runtime.lifecycle import WrongTransition

logger = logging.getLogger(__name__)


class ProcessState(Enum):
    """State of a process between the start and the end of its worker."""

    WAITING = "waiting"  # to be started, at once or after a delay
    RUNNING = "running"
    STOPPING = "stopping"  # told to end
    ENDED = "ended"  # not started again


SUCCESSORS: dict[ProcessState, frozenset[ProcessState]] = {
    ProcessState.WAITING: frozenset({ProcessState.RUNNING, ProcessState.ENDED}),
    ProcessState.RUNNING: frozenset(
        {ProcessState.WAITING, ProcessState.STOPPING, ProcessState.ENDED}
    ),
    ProcessState.STOPPING: frozenset({ProcessState.ENDED}),
    ProcessState.ENDED: frozenset(),
}


def process_moved(number: int, state: ProcessState, to: ProcessState) -> ProcessState:
    """Returns `to` if it is a successor of `state`, and logs it. Raises WrongTransition."""
    if to not in SUCCESSORS[state]:
        raise WrongTransition(f"process {number}: {state.value} -> {to.value}")
    logger.debug("process %d: %s -> %s", number, state.value, to.value)
    return to
