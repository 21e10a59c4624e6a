"""The states of a partition task.

    ASSIGNED ──► RESTORING ──► RUNNING ◄──► COMMITTING
        │            │            │              │
        │            └────────────┴───────┬──────┘
        │                                 ├── revoked or failed: REVOKING ──► CLOSED
        │                                 └── another owner:     FENCED ────► CLOSED
        └── revoked before it was opened ───────────────────────────────────► CLOSED

A task that fails is closed and reopened: one way of recovery for every failure.
"""

import logging
from enum import Enum

logger = logging.getLogger(__name__)


class TaskState(Enum):
    """State of a task between its assignment and its end."""

    ASSIGNED = "assigned"  # to this worker; nothing opened yet
    RESTORING = "restoring"  # reads its changelog
    RUNNING = "running"  # processes records and timers
    COMMITTING = "committing"  # processes ahead while a transaction is in progress
    REVOKING = "revoking"  # finishes or abandons its last transaction
    FENCED = "fenced"  # another worker owns it; writes nothing any more
    CLOSED = "closed"  # store closed, lock free


_LEAVING = {TaskState.REVOKING, TaskState.FENCED}

SUCCESSORS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.ASSIGNED: frozenset({TaskState.RESTORING, TaskState.CLOSED}),
    TaskState.RESTORING: frozenset({TaskState.RUNNING, *_LEAVING}),
    TaskState.RUNNING: frozenset({TaskState.COMMITTING, *_LEAVING}),
    TaskState.COMMITTING: frozenset({TaskState.RUNNING, *_LEAVING}),
    TaskState.REVOKING: frozenset({TaskState.CLOSED}),
    TaskState.FENCED: frozenset({TaskState.CLOSED}),
    TaskState.CLOSED: frozenset(),
}


class WrongTransition(Exception):
    """A transition that the drawing doesn't have: a bug of this package."""


def moved(partition: int, state: TaskState, to: TaskState) -> TaskState:
    """Returns `to` if it is a successor of `state`, and logs it. Raises WrongTransition."""
    if to not in SUCCESSORS[state]:
        raise WrongTransition(f"task {partition}: {state.value} -> {to.value}")
    logger.debug("task %d: %s -> %s", partition, state.value, to.value)
    return to
